"""The forwarder put together: the only file that knows all of its parts."""

from typing import Final

from services.forwarder.handlers import Forwarder, routes
from services.forwarder.settings import ForwarderSettings
from services.forwarder.sinks.http import HttpSink
from services.forwarder.worker import Worker
from shared.contracts.streams import DLQ, RECORDED
from shared.kit.bus import Bus
from shared.kit.clock import SystemClock
from shared.kit.db import engine_of
from shared.kit.logging import get_logger
from shared.kit.service import Service
from shared.kit.stream_check import StreamCheck

log = get_logger(__name__)

TARGET: Final = "log"


def build(settings: ForwarderSettings) -> Service:
    """Return the service, ready to run."""
    bus = Bus("forwarder", settings)
    engine = engine_of("forwarder", settings)
    check = StreamCheck(
        bus,
        (RECORDED, DLQ),
        ((RECORDED, RECORDED.consumers[0]),),
        seconds=settings.startup_seconds,
    )
    url, token = settings.forward_log_url, settings.forward_log_token
    if url is None:
        log.warning("FORWARD_LOG_URL is not set: punches are not forwarded anywhere")
        routes(Forwarder(engine, None, wake=lambda: None), bus)
        return Service("forwarder", bus, check, engine)
    log.info("punches are forwarded", target=TARGET, host=url.host, signed=token is not None)
    sink = HttpSink(str(url), token.get_secret_value() if token else "", SystemClock())
    worker = Worker(engine, TARGET, sink)
    routes(Forwarder(engine, TARGET, worker.wake), bus)
    return Service("forwarder", bus, check, engine, tasks=[worker.run], closing=[sink.close])
