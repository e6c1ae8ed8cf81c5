"""What a terminal tells unasked: the codes and bodies of its live events.

Source: captures of zk-protocol; the lengths that pyzk met on ZEM300 to ZEM600 and a QF-001.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from services.devices.simulators.enrolment import Ended, Laid, Result, Scored
from services.devices.simulators.truth import Punch
from services.devices.simulators.zk.codes import Event
from services.devices.simulators.zk.punches import number

if TYPE_CHECKING:
    from services.devices.simulators.device import Device, Happening

# user id, verify, state, then year of the century, month, day, hour, minute, second
_WIDE = struct.Struct("<24s8B")
_BY_SLOT = struct.Struct("<H8B")
_BY_NUMBER = struct.Struct("<I8B")
# result, size of the template, user id, finger
_ENROLLED = struct.Struct("<HH9sB")


def code(happening: Happening) -> Event:
    """Return the event code of what happened."""
    match happening:
        case Punch():
            return Event.ATTENDANCE
        case Laid():
            return Event.FINGER
        case Scored():
            return Event.SCORE
        case Ended():
            return Event.ENROL_FINGER


def body(happening: Happening, device: Device) -> bytes:
    """Return the body of the event."""
    match happening:
        case Punch():
            slot = device.people.slots.get(happening.person, 0)
            return punch(slot, happening, device.spec.live_width)
        case Laid():
            return b""
        case Scored():
            return bytes((happening.score,))
        case Ended(Result.OK):
            person = happening.user_id.encode()
            return _ENROLLED.pack(happening.result, happening.size, person, happening.finger)
        case Ended():
            return struct.pack("<H", happening.result)


def punch(slot: int, punch: Punch, width: int) -> bytes:
    """Return the body of a live punch; a width never seen on a terminal is a form nobody knows."""
    year, *rest = punch.six()
    tail = (punch.verify, punch.state, year % 100, *rest)
    if width in (10, 14):
        return _BY_SLOT.pack(slot, *tail).ljust(width, b"\0")
    if width == _BY_NUMBER.size:
        return _BY_NUMBER.pack(number(punch.person), *tail)
    return _WIDE.pack(punch.person.encode(), *tail).ljust(width, b"\0")[:width]
