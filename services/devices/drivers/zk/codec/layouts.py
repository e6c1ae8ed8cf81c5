"""Which form a log's records have: by their count and by what they would say, never by guess.

Widths divide one another's multiples (80 bytes are ten records of 8, five of 16 or two of 40), and
counts may be stale or missing. So every form reads a part of the table and is scored by how
plausible that reading is: times, states, ways to verify, user ids, and bytes that are always 0.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, Final, NamedTuple

from services.devices.drivers.base import DecodeError, Table
from services.devices.drivers.zk.codec import times
from services.devices.drivers.zk.codec.evidence import Claim, form_by_evidence
from services.devices.drivers.zk.codec.logs import LAYOUTS, Packed
from shared.contracts.agents import LogLayout

_SAMPLE: Final = 16_384
"""Bytes that are looked at: some hundred records of any form."""
_STATES: Final = frozenset({*range(6), 255})
_VERIFIES: Final = frozenset(range(26))
_OLDEST: Final = times.pack(datetime(2000, 1, 2))  # noqa: DTZ001 - wall clocks have no zone
_RECENT: Final = timedelta(days=10 * 365)
_GREATEST_PIN: Final = 999_999_999
_GREATEST_WORK_CODE: Final = 99_999_999

_Fields = tuple[Any, ...]


class _Signs(NamedTuple):
    """What a record would say in one form."""

    time: int
    signs: tuple[float, ...]
    """Bits for and against it, besides the time's."""
    sure: float = 0
    """Bits that hold even where the time is out of the question."""


def layout_of(rows: Iterable[bytes], table: Table, now: datetime, wanted: LogLayout) -> str:
    """Return the layout of a log's records; see ``Driver.layout``."""
    if table.size == 0:
        return wanted
    if wanted != "auto":
        return _forced(table, wanted)
    sample = _head(rows)
    widths = {form: shape.size for form, (shape, _) in LAYOUTS.items()}
    return form_by_evidence(_claim(table), widths, lambda form: _score(sample, form, now))


def _forced(table: Table, wanted: LogLayout) -> str:
    width = LAYOUTS[wanted][0].size
    if table.size % width:
        msg = f"{table.size} bytes are no whole number of records of the set layout {wanted}"
        raise DecodeError(msg)
    if not _claim(table).counts(width):
        raise _claim(table).incomplete(wanted, width)
    return wanted


def _claim(table: Table) -> Claim:
    return Claim("attendance records", table.size, table.before, table.after)


def _head(rows: Iterable[bytes]) -> bytes:
    head = bytearray()
    for piece in rows:
        head += piece
        if len(head) >= _SAMPLE:
            break
    return bytes(head[:_SAMPLE])


# ── scoring ──────────────────────────────────────────────────────────────────


def _score(sample: bytes, form: str, now: datetime) -> float:
    """Return how many bits likelier the sample is in this form than as noise."""
    shape = LAYOUTS[form][0]
    whole = sample[: len(sample) - len(sample) % shape.size]
    latest = times.pack(now + timedelta(days=1))
    recent = times.pack(max(now - _RECENT, datetime(2000, 1, 2)))  # noqa: DTZ001 - as above
    score = 0.0
    plausible = []
    for signs in map(_SIGNS[form], shape.iter_unpack(whole)):
        score += signs.sure
        if _OLDEST <= signs.time <= latest:
            plausible.append(signs.time)
            score += sum(signs.signs) + _date_bits(signs.time, recent)
        else:
            # Zeros make a fine record in any form, but for their time.
            score += sum(bits for bits in signs.signs if bits < 0) - 10
    return score + sum(_order(plausible))


def _date_bits(time: int, recent: int) -> float:
    if times.date_of(time // times.DAY)[1]:
        return -2
    return 3 if time >= recent else 0


def _order(plausible: list[int]) -> Iterator[float]:
    return (0.5 if earlier <= later else -1.5 for earlier, later in pairwise(plausible))


def _state(state: int) -> float:
    return 5 if state in _STATES else -6


def _verify(verify: int) -> float:
    return 3 if verify in _VERIFIES else -3


def _slot(uid: int) -> float:
    return 0 if uid else -6


def _signs_8a(fields: _Fields) -> _Signs:
    uid, verify, time, state = fields
    return _Signs(time, (_slot(uid), _verify(verify), _state(state)))


def _signs_8b(fields: _Fields) -> _Signs:
    uid, byte, zero, time = fields
    packed = 3 if Packed.of(byte).whole else -3
    return _Signs(time, (_slot(uid), packed, -10 if zero else 7))


def _signs_16(fields: _Fields) -> _Signs:
    pin, time, state, verify, reserved, work_code = fields
    person = 2 if 0 < pin <= _GREATEST_PIN else -8
    work = -20 if work_code > _GREATEST_WORK_CODE else 4 if work_code else 12
    return _Signs(time, (person, _state(state), _verify(verify), -8 if reserved else 10, work))


def _signs_wide(fields: _Fields) -> _Signs:
    _uid, user_id, verify, time, state, _tail = fields
    return _Signs(time, (_verify(verify), _state(state)), id_bits(user_id))


def id_bits(user_id: bytes) -> float:
    """Return how much a field of 24 bytes looks like the id of a person."""
    said, _, rest = user_id.partition(b"\x00")
    if not said or not said.isascii() or not said.decode("ascii").isprintable():
        return -24
    return 30 if said.isalnum() and not any(rest) else 8


_SIGNS: Final[dict[str, Callable[[_Fields], _Signs]]] = {
    "8a": _signs_8a,
    "8b": _signs_8b,
    "16": _signs_16,
    "40": _signs_wide,
    "49": _signs_wide,
}
