"""Records of what happened at a terminal: punches, doors, strangers (timmy.md 1.6)."""

import json
from collections.abc import Iterable, Iterator
from hashlib import sha256
from typing import Any, Final

from services.devices.drivers.base import DecodeError, LogEntry, Notice
from services.devices.drivers.timmy.codec import times
from services.devices.drivers.timmy.codec.fields import number
from services.devices.drivers.timmy.codec.frames import canonical
from services.devices.drivers.timmy.codec.ids import user_id
from services.devices.drivers.timmy.messages import FRAME_LIMIT, NOBODY, STRANGER

_PHOTOS: Final = ("image", "photo", "photourl")


def rows(body: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the records of a frame; raise DecodeError when they are none."""
    said = body.get("record") or []
    if not isinstance(said, list) or not all(isinstance(each, dict) for each in said):
        msg = "its record is no list of objects"
        raise DecodeError(msg)
    return said


def raw(record: dict[str, Any]) -> bytes:
    """Return the one spelling of a record, photos in it replaced by their size and digest."""
    kept = {key: _digest(value) if key in _PHOTOS else value for key, value in record.items()}
    return canonical(kept)


def entry(record: dict[str, Any]) -> LogEntry | Notice:
    """Return what a record tells of; raise DecodeError when nobody can tell who, or when.

    What nobody is known by, a door or a stranger, is never a punch.
    """
    shown, flags = times.shown(record.get("time"))
    who, event = record.get("enrollid"), number(record.get("event"))
    if number(who) == NOBODY:
        return Notice("door", event, shown, raw(record))
    if number(who) == STRANGER:
        return Notice("stranger", None, shown, raw(record))
    return LogEntry(
        person=user_id(who),
        device_time=shown,
        verify=number(record.get("mode")),
        state=number(record.get("inout")),
        work_code=None,
        raw=raw(record),
        flags=flags,
        event=event,
    )


def read(rows: Iterable[dict[str, Any]]) -> tuple[list[LogEntry | Notice], tuple[bytes, ...]]:
    """Return what records tell of, and those of which nobody can tell who, or when."""
    told, unknown = [], []
    for row in rows:
        try:
            told.append(entry(row))
        except DecodeError:
            unknown.append(raw(row))
    return told, tuple(unknown)


def punches(pieces: Iterable[bytes]) -> Iterator[LogEntry]:
    """Return the punches of a log as ``protocol.reading`` keeps it: a line a record."""
    for line in _lines(pieces):
        try:
            record = json.loads(line)
        except ValueError as error:
            msg = "a line of the log is no record"
            raise DecodeError(msg) from error
        if not isinstance(record, dict):
            msg = "a line of the log is no object"
            raise DecodeError(msg)
        told = entry(record)
        if isinstance(told, LogEntry):
            yield told


def _lines(pieces: Iterable[bytes]) -> Iterator[bytes]:
    rest = b""
    for piece in pieces:
        *whole, rest = (rest + piece).split(b"\n")
        yield from whole
        if len(rest) > FRAME_LIMIT:
            msg = "a line of the log is longer than any frame"
            raise DecodeError(msg)
    if rest:
        msg = f"{len(rest)} bytes are left over after the last line"
        raise DecodeError(msg)


def _digest(photo: Any) -> Any:
    if not isinstance(photo, str) or not photo:
        return photo
    return {"sha256": sha256(photo.encode()).hexdigest(), "size": len(photo)}
