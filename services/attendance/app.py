"""Attendance put together: the only file that knows all of its parts."""

from services.attendance.handlers import Attendance, Sites, routes
from services.attendance.settings import AttendanceSettings
from services.attendance.store import punches as store
from shared.contracts.streams import AUTH, DLQ, PEOPLE, PUNCH, RECORDED, SITE, VERSION, of_bucket
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
    sites = Sites(Bucket(bus, SITE), clock)
    attendance = Attendance(engine, bus, sites, Bucket(bus, VERSION), clock)
    routes(attendance, Answers(bus, TokenVerifier(Bucket(bus, AUTH), clock)), bus)
    relay = Relay("attendance", settings, engine, store.OUTBOX, bus, [RECORDED])
    check = StreamCheck(
        bus,
        (PUNCH, PEOPLE, RECORDED, DLQ, *(of_bucket(each) for each in (VERSION, SITE, AUTH))),
        ((PUNCH, PUNCH.consumers[0]), (PEOPLE, PEOPLE.consumers[0])),
        seconds=settings.startup_seconds,
    )
    return Service("attendance", bus, check, engine, tasks=[relay.run])
