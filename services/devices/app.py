"""The registry as a process: the only file that knows all of its parts."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from services.devices.handlers import doors, operations, registry
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
    answers = Answers(bus, TokenVerifier(Bucket(bus, streams.AUTH), clock))
    worker = Worker(bus, engine, clock)

    parts = registry.Parts(bus, engine, clock)
    registry.routes(registry.Registry(parts, seal, worker.added), answers, bus)
    operations.routes(operations.Operations(engine, clock), answers, bus)
    doors.routes(doors.Doors(bus, engine, clock), answers)

    async def relay() -> None:
        # Not the wanted sites alone: one that is no longer named may still have devices.
        async with transaction(engine, "sites") as connection:
            known = await sites.every(connection)
        said = [streams.operation_stream(site.id) for site in known]
        await Relay(NAME, settings, engine, OUTBOX, bus, said).run()

    return Service(
        name=NAME,
        bus=bus,
        engine=engine,
        check=StreamCheck(
            bus,
            (
                streams.OUTCOME,
                streams.of_bucket(streams.SITE),
                streams.of_bucket(streams.AUTH),
                *(streams.operation_stream(site.id) for site in wanted),
            ),
            [(streams.OUTCOME, each) for each in streams.OUTCOME.consumers],
            seconds=settings.startup_seconds,
        ),
        prepare=(
            partial(worker.put_sites, wanted),
            partial(worker.check_seal, seal),
            worker.make_consumers,
        ),
        tasks=(relay, worker.keep_sites, worker.keep_consumers, worker.sweep_on),
    )
