"""Tables as a terminal sends them, and its counts.

A table goes out as a u32 number of record bytes, then the records back to back.
Source: an F18's sizes, captured; templates and operations of the zk-protocol documents.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from services.devices.simulators.quirks import Sizes
from services.devices.simulators.zk import users, wire

if TYPE_CHECKING:
    from collections.abc import Iterable

    from services.devices.simulators.device import Device, Operation
    from services.devices.simulators.fingers import Template

# admin, operation, unknown, time, four parameters
_OPERATION = struct.Struct("<HBBI4H")
# size of the entry, slot, finger, flag
_TEMPLATE = struct.Struct("<HHBB")
_LENGTHS: Final = {Sizes.FULL: 92, Sizes.SHORT: 80, Sizes.LONG: 112}

TEMPLATE_CAPACITY = 10_000
USER_CAPACITY = 60_000
RECORD_CAPACITY = 1_000_000

# Where each count stands, by the index under which other firmware is asked for it one by one.
_OFFSETS: Final = {
    1: 48,
    2: 16,
    3: 24,
    4: 52,
    5: 40,
    6: 32,
    7: 56,
    8: 60,
    9: 64,
    10: 68,
    11: 72,
    12: 76,
}


def table(records: Iterable[bytes]) -> bytes:
    """Return the records as the one block that a buffered read transfers."""
    body = b"".join(records)
    return struct.pack("<I", len(body)) + body


def operation(entry: Operation) -> bytes:
    """Return a 16-byte operation record, done by nobody in particular."""
    return _OPERATION.pack(0, entry.op, 0, wire.encode_time(entry.time), 0, 0, 0, 0)


def template(entry: Template) -> bytes:
    """Return an entry of the template table; its size counts its own six bytes."""
    size = _TEMPLATE.size + len(entry.content)
    return _TEMPLATE.pack(size, entry.uid, entry.finger, entry.flag) + entry.content


def user_table(device: Device) -> bytes:
    """Return the table of everybody whom the terminal knows."""
    return table(users.pack(user, device.spec) for user in device.users)


def sizes(device: Device, index: int | None) -> bytes:
    """Return what GET_FREE_SIZES answers: counts, capacities and what is left of them.

    Firmware that counts one by one answers a single u32, and 0 when it is not asked for any.
    """
    counts = _counts(device)
    form = device.spec.sizes
    if form is Sizes.PER_INDEX:
        return struct.pack("<I", counts.get(index or 0, 0))
    body = bytearray(_LENGTHS[form])
    for number, offset in _OFFSETS.items():
        struct.pack_into("<i", body, offset, counts[number])
    return bytes(body)


def _counts(device: Device) -> dict[int, int]:
    people = device.users
    templates, records = len(device.fingers), device.truth.log_size
    return {
        1: sum(user.is_admin for user in people),
        2: len(people),
        3: templates,
        4: sum(bool(user.password) for user in people),
        5: len(device.operations),
        6: records,
        7: TEMPLATE_CAPACITY,
        8: USER_CAPACITY,
        9: RECORD_CAPACITY,
        10: max(0, TEMPLATE_CAPACITY - templates),
        11: max(0, USER_CAPACITY - len(people)),
        12: max(0, RECORD_CAPACITY - records),
    }
