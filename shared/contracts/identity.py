"""What makes two readings the same punch: one pure function, version 1.

A punch's identity is a function of what the device said and of nothing else: not of the path it
came by, nor of when it was read, nor of the broker. So a live event, a bulk read, a re-read after
the log was cleared and a push all give the same id for the same punch.
"""

import unicodedata
from typing import Final
from uuid import UUID, uuid5

NAMESPACE: Final = UUID("6f1d3f0a-5d1b-5c8e-9d55-6d7573746572")
"""The namespace of punch identities, version 1; a change of it renames every recorded punch."""

_SEPARATOR: Final = "\x1f"


def canonical_person(person: str) -> str:
    """Return the one spelling of a person id.

    Devices pad ids with NULs and blanks; old ones send numbers where new ones send digits, so
    leading zeros of an all-digit id carry nothing: "0042", "42" and 42 are one person.
    """
    text = unicodedata.normalize("NFC", person.split("\x00", 1)[0].strip())
    if text.isascii() and text.isdigit():
        return text.lstrip("0") or "0"
    return text


def punch_id(serial: str, person: str, device_time: str, ordinal: int) -> UUID:
    """Return the identity of a punch.

    serial: as the device itself reports it. person: as read. device_time: the device's wall clock
    as ``YYYY-MM-DDTHH:MM:SS``, even when no such date exists. ordinal: 0 for the first record of
    this person in this second, 1 for the second, in the order of the device's log.
    """
    if ordinal < 0:
        msg = f"an ordinal counts from 0, not {ordinal}"
        raise ValueError(msg)
    name = _SEPARATOR.join((serial.strip(), canonical_person(person), device_time, str(ordinal)))
    return uuid5(NAMESPACE, name)


def object_id(identity: UUID) -> str:
    """Return the 24 hexadecimal digits by which /api knows something; the first of its own id."""
    return identity.hex[:24]
