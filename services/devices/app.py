"""The registry as a process: the only file that knows all of its parts."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from services.devices.handlers import (
    alarms,
    approving,
    changing,
    doors,
    events,
    jobs,
    ledger,
    listing,
    logs,
    operations,
    outcomes,
    paths,
    people,
    presence,
    registering,
    templates,
    told,
    transfers,
)
from services.devices.handlers.parts import Parts
from services.devices.handlers.seals import Seals
from services.devices.handlers.waiting import News
from services.devices.store import sites
from services.devices.store.operations import OUTBOX
from services.devices.worker import Worker
from shared.contracts import streams
from shared.kit.buckets import Bucket
from shared.kit.bus import Bus
from shared.kit.clock import SystemClock
from shared.kit.db import engine_of, transaction
from shared.kit.outbox import Relay
from shared.kit.rpc import Answers
from shared.kit.security import TokenVerifier
from shared.kit.service import Service
from shared.kit.stream_check import StreamCheck

if TYPE_CHECKING:
    from services.devices.settings import DevicesSettings

NAME = "devices"


def build(settings: DevicesSettings) -> Service:
    """Return the registry, wired; raise StartupError for files that cannot be used."""
    wanted, seal = settings.sites(), settings.seal()
    clock = SystemClock()
    bus = Bus(NAME, settings)
    engine = engine_of(NAME, settings)
    worker = Worker(bus, engine, clock)
    answers = Answers(bus, TokenVerifier(Bucket(bus, streams.AUTH), clock))
    _hear(Parts(bus, engine, clock), Seals(seal), worker, answers)

    async def relay() -> None:
        # Not the wanted sites alone: one that is no longer named may still have devices.
        async with transaction(engine, "sites") as connection:
            known = await sites.every(connection)
        said = [streams.PEOPLE, *(streams.operation_stream(site.id) for site in known)]
        await Relay(NAME, settings, engine, OUTBOX, bus, said).run()

    return Service(
        name=NAME,
        bus=bus,
        engine=engine,
        check=StreamCheck(
            bus,
            (
                *(streams.OUTCOME, streams.ALARM, streams.DEVICE_EVENT, streams.PEOPLE),
                *map(streams.of_bucket, (streams.SITE, streams.PEOPLE_VERSION, streams.AUTH)),
                *(streams.operation_stream(site.id) for site in wanted),
            ),
            [
                (each, each.consumers[0])
                for each in (streams.OUTCOME, streams.ALARM, streams.DEVICE_EVENT)
            ],
            seconds=settings.startup_seconds,
        ),
        prepare=(
            partial(worker.put_sites, wanted),
            partial(worker.check_seal, seal),
            worker.make_consumers,
        ),
        tasks=(
            relay,
            worker.keep_sites,
            worker.keep_consumers,
            worker.keep_versions,
            worker.sweep_on,
            worker.tidy_on,
        ),
    )


def _hear(parts: Parts, seals: Seals, worker: Worker, answers: Answers) -> None:
    news = News()
    registering.routes(registering.Registering(parts, seals, worker), answers)
    approving.routes(approving.Approving(parts, seals, worker), answers, parts.bus)
    changing.routes(changing.Changing(parts, seals, worker), answers)
    paths.routes(paths.Paths(parts, worker), answers)
    listing.routes(listing.Listing(parts), answers)
    presence.routes(presence.Agents(parts, seals), parts.bus)
    operations.routes(operations.Operations(parts, seals, news), answers)
    transfers.routes(transfers.Transfers(parts, seals, news), answers)
    jobs.routes(jobs.Jobs(parts, news), answers)
    ledger.routes(ledger.Ledger(parts), answers)
    logs.routes(logs.Logs(parts), answers)
    outcomes.routes(outcomes.Outcomes(parts, seals, news, worker), parts.bus)
    people.routes(people.People(parts, worker), answers, parts.bus)
    templates.routes(templates.Templates(parts, seals, worker), answers, parts.bus)
    told.routes(told.Telling(parts, seals, worker), parts.bus)
    alarms.routes(alarms.Alarms(parts), answers, parts.bus)
    events.routes(events.Events(parts), answers, parts.bus)
    doors.routes(doors.Doors(parts), answers)
