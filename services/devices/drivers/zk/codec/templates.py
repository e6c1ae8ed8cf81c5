"""Fingerprint templates: opaque, and secret wherever they are."""

from dataclasses import dataclass, field
from typing import Final

from services.devices.drivers.base import DecodeError
from services.devices.drivers.zk.messages import TEMPLATE

VALID: Final = 1
_TRAILER: Final = 1
_PADDING: Final = 6
_FINGERS: Final = 10


@dataclass(frozen=True, slots=True)
class Print:
    """One template in one slot."""

    uid: int
    finger: int
    flag: int
    """0 invalid, 1 valid, 3 duress."""
    data: bytes = field(repr=False)

    def encode(self) -> bytes:
        """Return the template as an entry of the table."""
        size = TEMPLATE.size + len(self.data)
        return TEMPLATE.pack(size, self.uid, self.finger, self.flag) + self.data


def prints(rows: bytes) -> list[Print]:
    """Return the entries of the template table; raise DecodeError when they do not fit together."""
    found: list[Print] = []
    at = 0
    while at < len(rows):
        if len(rows) - at < TEMPLATE.size:
            msg = f"template {len(found)} has no head"
            raise DecodeError(msg)
        size, uid, finger, flag = TEMPLATE.unpack_from(rows, at)
        if size < TEMPLATE.size or at + size > len(rows) or finger >= _FINGERS:
            msg = (
                f"template {len(found)} of finger {finger} claims {size} of {len(rows) - at} bytes"
            )
            raise DecodeError(msg)
        found.append(Print(uid, finger, flag, rows[at + TEMPLATE.size : at + size]))
        at += size
    return found


def single(body: bytes) -> bytes:
    """Return the template in the answer about one finger.

    One byte follows it, and on some models six NULs before that one; they are not of the template.
    """
    said = body[:-_TRAILER]
    if said.endswith(bytes(_PADDING)):
        said = said[:-_PADDING]
    return said
