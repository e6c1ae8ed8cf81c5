"""Everything that is said without being asked."""

from typing import Final

from shared.contracts import agents, attendance, deliveries, operations, readings, streams, subjects
from shared.contracts.catalog.parts import SITE, Channel


def _site(subject: str) -> str:
    return subject.replace("evt.*", f"evt.{SITE}", 1)


EVENTS: Final = (
    Channel(
        _site(subjects.punch_read("*", "*")),
        readings.PunchBatch,
        "What an agent read from a device's log.",
        ("agent",),
        ("attendance",),
        streams.PUNCH,
    ),
    Channel(
        _site(subjects.receipt("*", "*")),
        attendance.Receipt,
        "A batch is committed; its journal may forget it.",
        ("attendance",),
        ("agent",),
    ),
    Channel(
        _site(subjects.punch_recorded("*", "*")),
        attendance.PunchesRecorded,
        "Punches that were committed, with gapless positions.",
        ("attendance",),
        ("forwarder", "subscriber"),
        streams.RECORDED,
    ),
    Channel(
        _site(subjects.people_read("*", "*")),
        readings.PeopleRead,
        "People that a device holds.",
        ("devices",),
        ("attendance",),
        streams.PEOPLE,
    ),
    Channel(
        _site(subjects.alarm("*", "*")),
        readings.Alarm,
        "Something about a device that a person should look at.",
        ("agent",),
        ("devices",),
        streams.ALARM,
    ),
    Channel(
        _site(subjects.device_event("*", "*")),
        readings.DeviceEvent,
        "Something that happened at a device and is no punch.",
        ("agent",),
        ("devices",),
        streams.DEVICE_EVENT,
    ),
    Channel(
        _site(subjects.delivery("*", "*")),
        deliveries.DeliveryNews,
        "How an attempt to deliver punches ended.",
        ("forwarder",),
        ("attendance",),
        streams.DELIVERY,
    ),
    Channel(
        _site(subjects.presence("*", "*")),
        readings.Presence,
        "Which devices an agent is connected to.",
        ("agent",),
        ("devices",),
    ),
    Channel(
        _site(subjects.roster_changed("*")),
        agents.RosterChanged,
        "A site's list of devices is new.",
        ("devices",),
        ("agent",),
    ),
    Channel(
        f"cmd.{SITE}.*.*",
        operations.Operation,
        "One operation for one device, in order.",
        ("devices",),
        ("agent",),
        streams.operation_stream(SITE),
    ),
    Channel(
        _site(subjects.outcome("*", "*")),
        operations.Outcome,
        "How an operation goes and how it ended.",
        ("agent",),
        ("devices",),
        streams.OUTCOME,
    ),
)
