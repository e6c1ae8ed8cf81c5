"""Which of equal records each one is: exact for a whole log, without holding the log in memory."""

from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from services.devices.drivers.base import SLOT_ONLY, LogEntry
from shared.contracts.identity import canonical_person
from shared.contracts.readings import BATCH_LIMIT, PunchRecord

REMEMBERED: Final = 256
"""How many of the newest records are remembered; two punches of one second are never further."""
_BATCH_BYTES: Final = 1024 * 1024
"""Of what a device said, in one batch: as JSON it is a third more, and the broker takes 4 MiB."""

Second = tuple[str, str]
"""A person in a second of the device's wall clock: what equal records are equal in."""


def second_of(entry: LogEntry) -> Second:
    """Return the person and the second of a record."""
    return canonical_person(entry.person), entry.device_time


def record_of(entry: LogEntry, ordinal: int) -> PunchRecord:
    """Return a record as it travels; ``ordinal`` says which of its equals it is."""
    return PunchRecord(
        person=entry.person,
        device_time=entry.device_time,
        ordinal=ordinal,
        verify=entry.verify,
        state=entry.state,
        work_code=entry.work_code,
        event=entry.event,
        raw=entry.raw,
        flags=entry.flags,
    )


class Suspects:
    """The seconds of a log that may occur more than once; one that does is always among them.

    A hash picks a bit for each second, out of one to two for each byte of the log: a quarter of
    the log's size at most, so 5 to 10 bytes for a record of 40. A second whose bit was set before
    is a suspect; one or two in a hundred are so by chance alone.
    """

    def __init__(self, size: int) -> None:
        self._mask = (1 << max(3, size.bit_length())) - 1
        self._met = bytearray((self._mask + 1) // 8)
        self._spots: set[int] = set()

    def meet(self, second: Second) -> None:
        """Take in the next second of the log."""
        spot = hash(second) & self._mask
        byte, bit = spot >> 3, 1 << (spot & 7)
        if self._met[byte] & bit:
            self._spots.add(spot)
        self._met[byte] |= bit

    def all_met(self) -> None:
        """Let go of what only ``meet`` needs."""
        self._met = bytearray()

    def __contains__(self, second: Second) -> bool:
        return hash(second) & self._mask in self._spots


class Survey(NamedTuple):
    """What a first look at a whole log tells."""

    total: int
    tail: Mapping[Second, int]
    """How many of the newest records there are of a person in a second."""
    suspects: Suspects
    nameless: bool
    """Whether a record names a slot in which nobody is."""


def survey(entries: Iterable[LogEntry], size: int) -> Survey:
    """Look through a whole log of ``size`` bytes once."""
    suspects = Suspects(size)
    newest: deque[Second] = deque(maxlen=REMEMBERED)
    total, nameless = 0, False
    for entry in entries:
        second = second_of(entry)
        suspects.meet(second)
        newest.append(second)
        nameless = nameless or SLOT_ONLY in entry.flags
        total += 1
    suspects.all_met()
    return Survey(total, Counter(newest), suspects, nameless)


def numbered(
    entries: Iterable[LogEntry], suspects: Suspects | frozenset[Second]
) -> Iterator[PunchRecord]:
    """Return records, equal ones numbered by their order; counts the suspects only."""
    seen: Counter[Second] = Counter()
    for entry in entries:
        second = second_of(entry)
        ordinal = 0
        if second in suspects:
            ordinal = seen[second]
            seen[second] += 1
        yield record_of(entry, ordinal)


def remembered(counts: Mapping[Second, int], second: Second, count: int) -> Mapping[Second, int]:
    """Return counts of the newest seconds with one of them changed."""
    kept = {key: value for key, value in counts.items() if key != second}
    kept[second] = count
    for oldest in list(kept)[: max(0, len(kept) - REMEMBERED)]:
        del kept[oldest]
    return MappingProxyType(kept)


def in_batches(records: Iterable[PunchRecord]) -> Iterator[tuple[PunchRecord, ...]]:
    """Cut records into what one batch may carry each."""
    part: list[PunchRecord] = []
    size = 0
    for record in records:
        size += len(record.raw)
        if part and (len(part) == BATCH_LIMIT or size > _BATCH_BYTES):
            yield tuple(part)
            part, size = [], len(record.raw)
        part.append(record)
    if part:
        yield tuple(part)
