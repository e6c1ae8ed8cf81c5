"""The forwarder put together: the only file that knows all of its parts."""

from services.forwarder.handlers import Forwarder, routes
from services.forwarder.rules import Targets
from services.forwarder.settings import ForwarderSettings
from services.forwarder.sinks.http import HttpSink
from services.forwarder.store.deliveries import OUTBOX
from services.forwarder.worker.attempts import Attempts
from services.forwarder.worker.line import Worker
from services.forwarder.worker.redelivery import Redeliveries
from shared.contracts.streams import AUTH, DELIVERY, DLQ, RECORDED, of_bucket
from shared.kit.buckets import Bucket
from shared.kit.bus import Bus
from shared.kit.clock import SystemClock
from shared.kit.db import engine_of
from shared.kit.logging import get_logger
from shared.kit.outbox import Relay
from shared.kit.rpc import Answers
from shared.kit.security import TokenVerifier
from shared.kit.service import Service
from shared.kit.stream_check import StreamCheck

log = get_logger(__name__)


def build(settings: ForwarderSettings) -> Service:
    """Return the service, ready to run."""
    clock = SystemClock()
    bus = Bus("forwarder", settings)
    engine = engine_of("forwarder", settings)
    logs, phones = settings.log_target, settings.phone_target
    _say_where(settings)
    # By name: phones may share the devices' target, and then its line and its worker.
    sinks = {
        each.name: HttpSink(str(each.url), each.token, clock) for each in (logs, phones) if each
    }
    attempts = {name: Attempts(engine, name, sink, clock) for name, sink in sinks.items()}
    workers = {name: Worker(engine, name, each) for name, each in attempts.items()}

    def wake(target: str) -> None:
        workers[target].wake()

    targets = Targets(log=logs and logs.name, phones=phones and phones.name)
    routes(
        Forwarder(engine, targets, clock, wake),
        Redeliveries(engine, targets, attempts, clock, wake).redeliver,
        Answers(bus, TokenVerifier(Bucket(bus, AUTH), clock)),
        bus,
    )
    relay = Relay("forwarder", settings, engine, OUTBOX, bus, [DELIVERY])
    return Service(
        "forwarder",
        bus,
        StreamCheck(
            bus,
            (RECORDED, DELIVERY, DLQ, of_bucket(AUTH)),
            ((RECORDED, RECORDED.consumers[0]),),
            seconds=settings.startup_seconds,
        ),
        engine,
        tasks=[relay.run, *(each.run for each in workers.values())],
        closing=[each.close for each in sinks.values()],
    )


def _say_where(settings: ForwarderSettings) -> None:
    for what, target in (("devices", settings.log_target), ("phones", settings.phone_target)):
        if target is None:
            log.warning("punches are not forwarded anywhere: no URL is set", of=what)
        else:
            log.info(
                "punches are forwarded",
                of=what,
                target=target.name,
                host=target.url.host,
                signed=bool(target.token),
            )
