"""Records of the attendance log in each of its forms, one pass over pieces of any size.

Source: zk-protocol, dumps of real devices, and issues of the client libraries; zk.json has vectors.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from itertools import chain
from struct import Struct
from typing import Any, Final, NamedTuple

from services.devices.drivers.base import SLOT_ONLY, DecodeError, LogEntry
from services.devices.drivers.zk.codec import texts, times
from services.devices.drivers.zk.messages import LOG_8A, LOG_8B, LOG_16, LOG_40, LOG_49

Slots = Mapping[int, str]
"""User ids by slot, for forms that name nothing else."""
_Read = Callable[[bytes, Struct, Slots], Iterator[LogEntry]]


class Packed(NamedTuple):
    """What one byte of an 8-byte record holds, by the maker's manual of 2006."""

    state: int
    verify: int
    whole: bool
    """Whether the record is of the long form of 8 bytes, as every record seen is."""

    @staticmethod
    def of(byte: int) -> "Packed":
        """Unpack the byte: state in bits 0-2, verify in 3-4, the long form in 5, nothing above."""
        return Packed(byte & 7, byte >> 3 & 3, byte >> 5 == 1)


def records(rows: Iterable[bytes], layout: str, slots: Slots) -> Iterator[LogEntry]:
    """Return the records in order; raise DecodeError for an unknown layout or a torn record."""
    if layout not in LAYOUTS:
        if any(rows):
            msg = f"records of layout {layout!r} cannot be read"
            raise DecodeError(msg)
        return
    shape, read = LAYOUTS[layout]
    yield from chain.from_iterable(read(piece, shape, slots) for piece in whole(rows, shape.size))


def whole(rows: Iterable[bytes], width: int) -> Iterator[bytes]:
    """Return the same bytes in pieces of whole records; raise DecodeError if a part is left."""
    rest = b""
    for each in rows:
        piece = rest + each if rest else each
        cut = len(piece) - len(piece) % width
        rest = piece[cut:]
        if cut:
            yield piece[:cut]
    if rest:
        msg = f"{len(rest)} bytes are left over after the last record of {width}"
        raise DecodeError(msg)


def of_slot(uid: int, slots: Slots) -> tuple[str, tuple[str, ...]]:
    """Return who is in a slot, or the slot itself with a flag that says so when nobody is."""
    person = slots.get(uid)
    return (str(uid), (SLOT_ONLY,)) if person is None else (person, ())


def _read_8a(piece: bytes, shape: Struct, slots: Slots) -> Iterator[LogEntry]:
    for (raw,), (uid, verify, time, state) in _with_raw(piece, shape):
        person, doubt = of_slot(uid, slots)
        shown, flags = times.unpack(time)
        yield LogEntry(person, shown, verify, state, None, raw, flags + doubt)


def _read_8b(piece: bytes, shape: Struct, slots: Slots) -> Iterator[LogEntry]:
    for (raw,), (uid, byte, _, time) in _with_raw(piece, shape):
        person, doubt = of_slot(uid, slots)
        shown, flags = times.unpack(time)
        packed = Packed.of(byte)
        yield LogEntry(person, shown, packed.verify, packed.state, None, raw, flags + doubt)


def _read_16(piece: bytes, shape: Struct, _: Slots) -> Iterator[LogEntry]:
    for (raw,), (user_id, time, state, verify, _reserved, work_code) in _with_raw(piece, shape):
        shown, flags = times.unpack(time)
        work = str(work_code) if work_code else None
        yield LogEntry(str(user_id), shown, verify, state, work, raw, flags)


def _read_wide(piece: bytes, shape: Struct, _: Slots) -> Iterator[LogEntry]:
    for (raw,), (_uid, user_id, verify, time, state, _tail) in _with_raw(piece, shape):
        # What times.unpack does, inlined: a log has 100,000 of these.
        date, flags = times.date_of(time // times.DAY)
        shown = date + times.MINUTES[time // 60 % 1440] + times.SECONDS[time % 60]
        yield LogEntry(_person(user_id), shown, verify, state, None, raw, flags)


def _with_raw(piece: bytes, shape: Struct) -> Iterator[tuple[tuple[bytes], tuple[Any, ...]]]:
    raws = Struct(f"{shape.size}s").iter_unpack(piece)
    return zip(raws, shape.iter_unpack(piece), strict=True)


_person = lru_cache(maxsize=1 << 14)(texts.text)

LAYOUTS: Final[dict[str, tuple[Struct, _Read]]] = {
    "8a": (LOG_8A, _read_8a),
    "8b": (LOG_8B, _read_8b),
    "16": (LOG_16, _read_16),
    "40": (LOG_40, _read_wide),
    "49": (LOG_49, _read_wide),
}
"""Shape and reading of every known form, by the name that a device's settings know it by."""
