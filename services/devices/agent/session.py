"""What becomes of what one device says: pure, (session, heard) gives (session, wanted).

A session lives as long as the agent knows the device, over any number of connections. It turns
records into batches, counts equal records so that each punch has its identity, keeps a bounded
number of batches under way, and knows when a reading of the log is safe with attendance.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from services.devices.agent.effects import (
    ClockRead,
    Connected,
    Forget,
    Happened,
    Heard,
    Keep,
    LogRead,
    Receipted,
    Report,
    Reread,
    Wanted,
)
from services.devices.drivers.base import LogEntry
from shared.contracts.devices import (
    BATCH_LIMIT,
    Progress,
    PunchBatch,
    PunchRecord,
    RosterDevice,
    Source,
)
from shared.contracts.identity import canonical_person

WINDOW: Final = 8
"""Batches of one reading that may be on their way at once."""
_REMEMBERED: Final = 256
"""Live records whose equals are counted; two punches of one second are never further apart."""

_Second = tuple[str, str]
_NONE: Final[Mapping[_Second, int]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Reading:
    """One reading of the whole log, on its way to attendance."""

    operation_id: UUID | None
    at: datetime
    waiting: tuple[tuple[PunchRecord, ...], ...]
    under_way: frozenset[UUID]
    read: int
    receipted: int = 0
    recorded: int = 0

    @property
    def progress(self) -> Progress:
        """How far it has come."""
        return Progress(read=self.read, receipted=self.receipted, recorded=self.recorded)

    @property
    def done(self) -> bool:
        """Whether every batch has its receipt."""
        return not self.waiting and not self.under_way


@dataclass(frozen=True, slots=True)
class Session:
    """What an agent knows of one device."""

    device: RosterDevice
    site: str
    journal_id: UUID
    nonce: UUID
    """Different for each life of the agent, so that batch ids never repeat."""
    serial: str
    drift_ms: int | None = None
    batches: int = 0
    live: Mapping[_Second, int] = field(default_factory=lambda: _NONE)
    """How many live records of this connection there were of a person in a second."""
    tail: Mapping[_Second, int] = field(default_factory=lambda: _NONE)
    """The same of the end of the last whole log."""
    readings: tuple[Reading, ...] = ()

    def hear(self, heard: Heard) -> tuple["Session", tuple[Wanted, ...]]:
        """Return the session after what was heard, and what is wanted done, in order."""
        match heard:
            case Connected(serial):
                return replace(self, serial=serial or self.serial, live=_NONE, tail=_NONE), ()
            case ClockRead(drift_ms):
                return replace(self, drift_ms=drift_ms), ()
            case Happened(entry, at):
                return _happened(self, entry, at)
            case LogRead():
                return _log_read(self, heard)
            case Receipted():
                return _receipted(self, heard)


def _happened(
    session: Session, entry: LogEntry, at: datetime
) -> tuple[Session, tuple[Wanted, ...]]:
    second = _second(entry)
    ordinal = session.live.get(second, 0)
    session = replace(session, live=_remember(session.live, second, ordinal + 1))
    session, batch = _batch(session, (_record(entry, ordinal),), "live", at)
    # The log held a record of this second that this connection never saw live: whether the
    # event is that record or another one, only the log itself can tell.
    doubtful = session.tail.get(second, 0) > ordinal
    return session, (Keep(batch), Reread()) if doubtful else (Keep(batch),)


def _log_read(session: Session, heard: LogRead) -> tuple[Session, tuple[Wanted, ...]]:
    records = tuple(_ordinals(heard.entries))
    tail = Counter(_second(entry) for entry in heard.entries[-_REMEMBERED:])
    session = replace(session, tail=MappingProxyType(dict(tail)))
    reading = Reading(heard.operation_id, heard.at, _parts(records), frozenset(), read=len(records))
    # A newer reading of the log holds all that an older one still had to send.
    older = (
        replace(each, waiting=()) if each.operation_id is None else each
        for each in session.readings
    )
    return _go_on(session, reading, tuple(each for each in older if not each.done))


def _receipted(session: Session, receipt: Receipted) -> tuple[Session, tuple[Wanted, ...]]:
    forget = Forget(receipt.batch_id)
    ours = [each for each in session.readings if receipt.batch_id in each.under_way]
    if not ours:
        return session, (forget,)
    reading = replace(
        ours[0],
        under_way=ours[0].under_way - {receipt.batch_id},
        receipted=ours[0].receipted + receipt.recorded + receipt.known,
        recorded=ours[0].recorded + receipt.recorded,
    )
    others = tuple(each for each in session.readings if each is not ours[0])
    session, wanted = _go_on(session, reading, others)
    return session, (forget, *wanted)


def _go_on(
    session: Session, reading: Reading, others: tuple[Reading, ...]
) -> tuple[Session, tuple[Wanted, ...]]:
    """Send batches of a reading until its window is full, and say how far it is."""
    keeps = []
    room = WINDOW - len(reading.under_way)
    for part in reading.waiting[:room]:
        session, batch = _batch(session, part, "pull", reading.at, reading.operation_id)
        keeps.append(Keep(batch))
    reading = replace(
        reading,
        waiting=reading.waiting[room:],
        under_way=reading.under_way | {keep.batch.batch_id for keep in keeps},
    )
    readings = others if reading.done else (*others, reading)
    report = Report(reading.operation_id, reading.progress, done=reading.done)
    return replace(session, readings=readings), (*keeps, report)


def _batch(
    session: Session,
    records: tuple[PunchRecord, ...],
    source: Source,
    at: datetime,
    operation_id: UUID | None = None,
) -> tuple[Session, PunchBatch]:
    number = session.batches + 1
    batch = PunchBatch(
        batch_id=uuid5(session.nonce, f"{session.device.device_id}/{number}"),
        journal_id=session.journal_id,
        owner=session.device.owner,
        site=session.site,
        device_id=session.device.device_id,
        serial=session.serial,
        epoch=session.device.epoch,
        source=source,
        zone=session.device.zone,
        read_at=at,
        drift_ms=session.drift_ms,
        operation_id=operation_id,
        records=records,
    )
    return replace(session, batches=number), batch


def drift_ms(shown: str, zone: ZoneInfo, now: datetime) -> int:
    """Return a device's wall clock minus true time, in milliseconds.

    A device shows whole seconds: the middle of the one it shows is the best guess, half a second
    is what the guess may be wrong by.
    """
    clock = datetime.fromisoformat(shown).replace(tzinfo=zone) + timedelta(milliseconds=500)
    return (clock - now) // timedelta(milliseconds=1)


def _second(entry: LogEntry) -> _Second:
    return canonical_person(entry.person), entry.device_time


def _record(entry: LogEntry, ordinal: int) -> PunchRecord:
    return PunchRecord(
        person=entry.person,
        device_time=entry.device_time,
        ordinal=ordinal,
        verify=entry.verify,
        state=entry.state,
        work_code=entry.work_code,
        raw=entry.raw,
        flags=entry.flags,
    )


def _ordinals(entries: tuple[LogEntry, ...]) -> Iterator[PunchRecord]:
    """Number equal records of a whole log by their position in it."""
    seen: Counter[_Second] = Counter()
    for entry in entries:
        second = _second(entry)
        yield _record(entry, seen[second])
        seen[second] += 1


def _parts(records: tuple[PunchRecord, ...]) -> tuple[tuple[PunchRecord, ...], ...]:
    return tuple(
        records[start : start + BATCH_LIMIT] for start in range(0, len(records), BATCH_LIMIT)
    )


def _remember(counts: Mapping[_Second, int], second: _Second, count: int) -> Mapping[_Second, int]:
    kept = {key: value for key, value in counts.items() if key != second}
    kept[second] = count
    for oldest in list(kept)[: max(0, len(kept) - _REMEMBERED)]:
        del kept[oldest]
    return MappingProxyType(kept)
