"""Attendance records in the forms that terminals were seen to use.

    8a   u16 slot, u8 verify, u32 time, u8 state                     pyzk's reading
    8b   u16 slot, u8 packed, u8 0, u32 time                         MA300, ZEM500
    16   u32 user id, u32 time, u8 state, u8 verify, u16, u32 work   Z40 over UDP
    40   u16 slot, 24 user id, u8 verify, u32 time, u8 state, tail   most colour terminals
    49   the first 36 bytes of that, then FF "255" and zeros         SpeedFace-V5L, MB560-VL

Source: captures quoted in issues of pyzk and js_zklib, zk-protocol documents.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from services.devices.simulators.quirks import LogWidth
from services.devices.simulators.zk.wire import encode_six

if TYPE_CHECKING:
    from collections.abc import Callable

    from services.devices.simulators.device import Device
    from services.devices.simulators.truth import Punch

_EIGHT_A = struct.Struct("<HBIB")
_EIGHT_B = struct.Struct("<HBBI")
_SIXTEEN = struct.Struct("<IIBBHI")
_FORTY = struct.Struct("<H24sBIB8s")
_FORTY_TAIL = bytes.fromhex("00000000ff000000")
_FORTY_NINE = struct.Struct("<H24sBIB17s")
_FORTY_NINE_TAIL = bytes.fromhex("00000000ff323535") + bytes(9)
# Bits 0 to 2 are the state, 3 and 4 how the person identified, bit 5 that a u32 time follows.
_LONG_FORM = 0x20


def record(slot: int, punch: Punch, width: LogWidth) -> bytes:
    """Return one attendance record; forms without a user id name the person by slot."""
    return _FORMS[width](slot, punch, encode_six(punch.six()))


class LogTable:
    """The records of a device's log, packed once: a log of 100,000 is read many times."""

    def __init__(self, width: LogWidth) -> None:
        self._width = width
        self._begin = 0
        self._end = 0
        self._records = b""

    def of(self, device: Device) -> bytes:
        """Return the records the log holds now, back to back."""
        truth = device.truth
        if truth.cleared != self._begin:
            self._begin = self._end = truth.cleared
            self._records = b""
        fresh = truth.punches[self._end :]
        if fresh:
            slots, width = device.people.slots, self._width
            packed = (record(slots.get(punch.person, 0), punch, width) for punch in fresh)
            self._records += b"".join(packed)
            self._end += len(fresh)
        return self._records


def _eight_a(slot: int, punch: Punch, time: int) -> bytes:
    return _EIGHT_A.pack(slot, punch.verify, time, punch.state)


def _eight_b(slot: int, punch: Punch, time: int) -> bytes:
    packed = punch.state & 7 | (punch.verify & 3) << 3 | _LONG_FORM
    return _EIGHT_B.pack(slot, packed, 0, time)


def _sixteen(_: int, punch: Punch, time: int) -> bytes:
    return _SIXTEEN.pack(number(punch.person), time, punch.state, punch.verify, 0, 0)


def _forty(slot: int, punch: Punch, time: int) -> bytes:
    person = punch.person.encode()
    return _FORTY.pack(slot, person, punch.verify, time, punch.state, _FORTY_TAIL)


def _forty_nine(slot: int, punch: Punch, time: int) -> bytes:
    person = punch.person.encode()
    return _FORTY_NINE.pack(slot, person, punch.verify, time, punch.state, _FORTY_NINE_TAIL)


def number(person: str) -> int:
    """Return a user id as a u32, 0 for one with letters in it: such a form has no place for it."""
    return int(person) & 0xFFFFFFFF if person.isdecimal() else 0


_FORMS: Final[dict[LogWidth, Callable[[int, Punch, int], bytes]]] = {
    LogWidth.EIGHT_A: _eight_a,
    LogWidth.EIGHT_B: _eight_b,
    LogWidth.SIXTEEN: _sixteen,
    LogWidth.FORTY: _forty,
    LogWidth.FORTY_NINE: _forty_nine,
}
