"""Decisions about devices that dial in: who one is, what is kept of it, how long a path is good."""

from __future__ import annotations

import re
from datetime import timedelta
from hashlib import sha256
from typing import Final

from shared.contracts.readings import Hardware

DIAL_IN: Final = frozenset({"timmy"})
"""The dialects whose devices dial in: reached by nobody, known by their serial alone."""
PENDING_LIMIT: Final = 200
"""The most devices of a site that wait for approval."""
FORMER_PATH: Final = timedelta(hours=24)
"""How long a path is good after the next one was made (timmy.md 5.2)."""
PATHS_LIMIT: Final = 8
"""The most paths of a device that are good at once."""
NAME_LENGTH: Final = 128

_SERIAL: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{4,49}")
_TEXT_LENGTH: Final = 256


def serial_of(text: str) -> str | None:
    """Return the one spelling of the serial by which a device dials in; None: no serial is so."""
    found = text.strip()
    return found.upper() if _SERIAL.fullmatch(found) else None


def same_body(kept: Hardware | None, told: Hardware) -> bool:
    """Tell whether nothing speaks against it that this is the body that is known."""
    if kept is None:
        return True
    pairs = ((kept.processor, told.processor), (kept.mac, told.mac))
    return all(one == other for one, other in pairs if one and other)


def to_keep(kept: Hardware | None, told: Hardware) -> Hardware:
    """Return what is to be kept of a device's hardware: its body as first told, the rest as now."""
    known = kept or Hardware()
    body = {"processor": known.processor or told.processor, "mac": known.mac or told.mac}
    return told.model_copy(update=body)


def clipped(told: Hardware) -> Hardware:
    """Return hardware as it may be stored, whatever a device tells."""
    texts = told.model_dump(exclude_none=True)
    return Hardware(**{name: clip(text) for name, text in texts.items()})


def clip(text: str) -> str:
    """Return what a device told as it may be stored."""
    return text[:_TEXT_LENGTH]


def default_name(told: Hardware, serial: str) -> str:
    """Return what a device is called that nobody named."""
    printable = "".join(each for each in told.model or "" if each.isprintable()).strip()
    return f"{printable[: NAME_LENGTH - len(serial) - 1]} {serial}".strip()


def digest_of(token: str) -> str:
    """Return by what a path's token is known: SHA-256 in hexadecimal."""
    return sha256(token.encode()).hexdigest()
