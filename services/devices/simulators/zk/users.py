"""User records as terminals store them: 72 bytes on colour displays, 28 on black-and-white ones.

Source: an F19's user record, captured; 28-byte records of js_zklib #7 and pyzk.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from services.devices.simulators.people import User
from services.devices.simulators.quirks import UserWidth

if TYPE_CHECKING:
    from services.devices.simulators.spec import DeviceSpec

# uid, privilege, password, name, card, group, own time zones?, three time zones, user id
_WIDE = struct.Struct("<HB8s24sIBH3H24s")
# uid, privilege, password, name, card, pad, group, time zones as bits, user id
_NARROW = struct.Struct("<HB5s8sIBBHI")
# What captured password fields hold behind their NUL.
_WIDE_GARBAGE = bytes.fromhex("c69a807c")
_NARROW_GARBAGE = bytes.fromhex("ffffff3a")
_ESCAPE = "surrogateescape"


def pack(user: User, spec: DeviceSpec) -> bytes:
    """Return a person's record in the width, code page and untidiness of the terminal."""
    wide = spec.user_width is UserWidth.WIDE
    password = _text(user.password.encode(errors=_ESCAPE), 8 if wide else 5)
    if spec.garbage:
        password = _untidy(password, _WIDE_GARBAGE if wide else _NARROW_GARBAGE)
    if not wide:
        # A name of eight bytes fills its field: there is no NUL behind it.
        name = _cut(user.name, spec.encoding, 8)
        number = int(user.user_id) if user.user_id.isdecimal() else 0
        fields = (user.card, 0, user.group, user.zones[0], number & 0xFFFFFFFF)
        return _NARROW.pack(user.uid, user.privilege, password, name, *fields)
    name = _cut(user.name, spec.encoding, 23)
    access = (user.card, user.group, user.own_zones, *user.zones)
    person = user.user_id.encode(errors=_ESCAPE)
    return _WIDE.pack(user.uid, user.privilege, password, name, *access, person)


def unpack(record: bytes, spec: DeviceSpec) -> User | None:
    """Return the person a client wrote; None when the record has not the terminal's width."""
    if len(record) != spec.user_width:
        return None
    if spec.user_width is UserWidth.NARROW:
        uid, privilege, password, name, card, _, group, bits, number = _NARROW.unpack(record)
        zones, own, person = (bits, 0, 0), 0, str(number).encode()
    else:
        uid, privilege, password, name, card, group, own, *rest = _WIDE.unpack(record)
        *three, person = rest
        zones = (three[0], three[1], three[2])
    return User(
        uid=uid,
        user_id=_plain(person, "utf-8"),
        name=_plain(name, spec.encoding),
        privilege=privilege,
        card=card,
        group=group,
        password=_plain(password, "utf-8"),
        own_zones=own,
        zones=zones,
    )


def _plain(field: bytes, encoding: str) -> str:
    # Bytes that the code page does not know come back as they were written.
    return field.partition(b"\0")[0].decode(encoding, _ESCAPE)


def _text(text: bytes, width: int) -> bytes:
    return text[:width].ljust(width, b"\0")


def _untidy(field: bytes, garbage: bytes) -> bytes:
    return (field.rstrip(b"\0") + b"\0" + garbage * 2)[: len(field)]


def _cut(name: str, encoding: str, width: int) -> bytes:
    # Never half a character: one is taken off the end until the rest fits.
    while len(encoded := name.encode(encoding, _ESCAPE)) > width:
        name = name[:-1]
    return encoded
