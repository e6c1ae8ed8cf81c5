"""What a terminal tells of itself when it registers: its body, its family, what it holds."""

import re
from collections.abc import Mapping
from typing import Any, Final

from services.devices.drivers.timmy.codec.fields import number, text
from services.devices.drivers.timmy.messages import Family
from shared.contracts.actions import Counts
from shared.contracts.readings import Hardware

_FACE_FIELDS: Final = frozenset({"facesize", "usedface", "facetemplate"})
_NEWER_FIELDS: Final = frozenset({"palmsize", "usedpalm", "curip", "facetemplate"})
_AIFACE_4: Final = re.compile(r"_v4\b", re.IGNORECASE)
_NEWER: Final = re.compile(r"ai[0-9]{3}_", re.IGNORECASE)


def hardware(processor: Any, info: Mapping[str, Any]) -> Hardware:
    """Return what is known of a terminal's body; ``processor`` is its ``cpusn``."""
    return Hardware(
        processor=_told(processor),
        mac=_told(info.get("mac")),
        model=_told(info.get("modelname")),
        firmware=_told(info.get("firmware")),
        algorithm=_told(info.get("fpalgo")),
    )


def family(info: Mapping[str, Any]) -> Family:
    """Return the family of firmware by what it tells (timmy.md 0.1); d is never told apart."""
    firmware = text(info.get("firmware"))
    if _AIFACE_4.search(firmware):
        return "b"
    if _NEWER.match(firmware) or _NEWER_FIELDS & info.keys():
        return "c"
    return "b" if _FACE_FIELDS & info.keys() else "a"


def held(info: Mapping[str, Any]) -> Counts:
    """Return how much of each it held when it registered."""
    return _counts(info, "used{}")


def room(info: Mapping[str, Any]) -> Counts:
    """Return how much of each it can hold."""
    return _counts(info, "{}size")


def _counts(info: Mapping[str, Any], form: str) -> Counts:
    def told(name: str) -> int | None:
        return number(info.get(form.format(name)))

    return Counts(
        users=told("user"),
        passwords=told("pwd"),
        fingerprints=told("fp"),
        faces=told("face"),
        records=told("log"),
    )


def _told(value: Any) -> str | None:
    # Some send a serial number of the processor as a number.
    return text(str(value)) or None if isinstance(value, str | int) else None
