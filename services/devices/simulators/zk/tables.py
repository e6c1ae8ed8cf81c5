"""Records and tables as a colour-display terminal (72-byte users, 40-byte punches) stores them.

A table goes out as a u32 number of record bytes, then the records back to back.
Source: an F19's user and attendance records, an F18's sizes and a QF-001's event, all captured.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from services.devices.simulators.zk import wire

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from services.devices.simulators.device import Operation
    from services.devices.simulators.people import User
    from services.devices.simulators.truth import Punch

# uid, privilege, password, name, card, group, own time zones?, three time zones, user id
_USER = struct.Struct("<HB8s24sIBH3H24s")
# uid, user id, verify, time, state, tail
_ATTENDANCE = struct.Struct("<H24sBIB8s")
_ATTENDANCE_TAIL = bytes.fromhex("00000000ff000000")
# user id, verify, state, then year of the century, month, day, hour, minute, second
_ATTENDANCE_EVENT = struct.Struct("<24s8B")
# admin, operation, unknown, time, four parameters
_OPERATION = struct.Struct("<HBBI4H")
_SIZES_LENGTH = 92
_NAME_LENGTH = 23

USER_CAPACITY = 60_000
RECORD_CAPACITY = 1_000_000


def user(person: User) -> bytes:
    """Return a 72-byte user record; no password, and no time zones of the user's own."""
    return _USER.pack(
        person.uid,
        person.privilege,
        b"",
        _cut(person.name),
        person.card,
        person.group,
        *(0, 0, 0, 0),
        person.user_id.encode(),
    )


def attendance(uid: int, punch: Punch) -> bytes:
    """Return a 40-byte attendance record."""
    time = wire.encode_time(punch.device_time)
    person = punch.person.encode()
    return _ATTENDANCE.pack(uid, person, punch.verify, time, punch.state, _ATTENDANCE_TAIL)


def attendance_event(punch: Punch) -> bytes:
    """Return the 32-byte body of a live punch."""
    person = punch.person.encode()
    return _ATTENDANCE_EVENT.pack(person, punch.verify, punch.state, *_six(punch.device_time))


def operation(entry: Operation) -> bytes:
    """Return a 16-byte operation record, done by nobody in particular."""
    return _OPERATION.pack(0, entry.op, 0, wire.encode_time(entry.time), 0, 0, 0, 0)


def table(records: Iterable[bytes]) -> bytes:
    """Return the records as the one block that a buffered read transfers."""
    body = b"".join(records)
    return struct.pack("<I", len(body)) + body


def sizes(users: int, admins: int, records: int, operations: int) -> bytes:
    """Return the 92 bytes of GET_FREE_SIZES: counts, capacities and what is left of them."""
    counts = {
        16: users,
        32: records,
        40: operations,
        48: admins,
        60: USER_CAPACITY,
        64: RECORD_CAPACITY,
        72: USER_CAPACITY - users,
        76: max(0, RECORD_CAPACITY - records),
    }
    body = bytearray(_SIZES_LENGTH)
    for offset, count in counts.items():
        struct.pack_into("<i", body, offset, count)
    return bytes(body)


def _six(wall: datetime) -> tuple[int, ...]:
    return (wall.year % 100, wall.month, wall.day, wall.hour, wall.minute, wall.second)


def _cut(name: str) -> bytes:
    # A terminal keeps 23 bytes and a NUL; never half a character.
    return name.encode()[:_NAME_LENGTH].decode(errors="ignore").encode()
