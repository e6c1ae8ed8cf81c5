"""Attendance put together: the only file that knows all of its parts."""

from services.attendance.handlers import forwards, listing, phones, readings
from services.attendance.handlers.recorder import Recorder
from services.attendance.handlers.sites import Sites
from services.attendance.settings import AttendanceSettings
from services.attendance.store.punches import OUTBOX
from shared.contracts import streams
from shared.kit.buckets import Bucket
from shared.kit.bus import Bus
from shared.kit.clock import SystemClock
from shared.kit.db import engine_of
from shared.kit.outbox import Relay
from shared.kit.rpc import Answers
from shared.kit.security import TokenVerifier
from shared.kit.service import Service
from shared.kit.stream_check import StreamCheck


def build(settings: AttendanceSettings) -> Service:
    """Return the service, ready to run."""
    clock = SystemClock()
    bus = Bus("attendance", settings)
    engine = engine_of("attendance", settings)
    answers = Answers(bus, TokenVerifier(Bucket(bus, streams.AUTH), clock))
    recorder = Recorder(engine, Bucket(bus, streams.VERSION), clock)
    told = forwards.Forwards(engine, clock)
    sites = Sites(Bucket(bus, streams.SITE), clock)
    forwards.routes(told, bus)
    readings.routes(readings.Readings(engine, bus, sites, recorder, told), answers, bus)
    phones.routes(phones.Phones(engine, recorder, told, clock), answers)
    listing.routes(listing.Listing(engine), answers)
    heard = (streams.PUNCH, streams.PEOPLE, streams.DELIVERY)
    buckets = (streams.VERSION, streams.SITE, streams.AUTH)
    check = StreamCheck(
        bus,
        (*heard, streams.RECORDED, streams.DLQ, *map(streams.of_bucket, buckets)),
        tuple((each, each.consumers[0]) for each in heard),
        seconds=settings.startup_seconds,
    )
    relay = Relay("attendance", settings, engine, OUTBOX, bus, [streams.RECORDED])
    return Service("attendance", bus, check, engine, tasks=[relay.run])
