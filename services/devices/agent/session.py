"""What becomes of what one device says: pure, (session, heard) gives (session, wanted).

A session lives as long as the agent knows the device, over any number of connections. It turns
records into batches, counts equal records so that each punch has its identity, keeps a bounded
number of batches under way, and knows when a reading of the log is safe with attendance.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType
from typing import Final
from uuid import UUID, uuid5

from services.devices.agent.effects import (
    ClockRead,
    Connected,
    Delivered,
    Drop,
    Forget,
    Happened,
    Heard,
    Keep,
    LogBegun,
    LogPart,
    Next,
    Punched,
    Receipted,
    Report,
    Reread,
    Told,
    Unfollowed,
    Wanted,
)
from services.devices.agent.numbering import (
    Second,
    in_batches,
    numbered,
    record_of,
    remembered,
    second_of,
)
from services.devices.drivers.base import LogEntry
from shared.contracts.agents import RosterDevice
from shared.contracts.operations import Progress
from shared.contracts.readings import PunchBatch, PunchRecord, Source

WINDOW: Final = 8
"""Batches of one reading that may be on their way at once."""

_NONE: Final[Mapping[Second, int]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Reading:
    """One reading of the whole log, on its way to attendance."""

    reading_id: UUID
    operation_id: UUID | None
    at: datetime
    read: int
    asked: bool = True
    """Whether its next part is wanted and has not come yet."""
    sent: bool = False
    """Whether there is nothing more to send."""
    under_way: frozenset[UUID] = frozenset()
    receipted: int = 0
    recorded: int = 0

    @property
    def progress(self) -> Progress:
        """How far it has come."""
        return Progress(read=self.read, receipted=self.receipted, recorded=self.recorded)

    @property
    def done(self) -> bool:
        """Whether every batch has its receipt."""
        return self.sent and not self.under_way

    @property
    def has_room(self) -> bool:
        """Whether another part may be sent now."""
        return not self.sent and not self.asked and len(self.under_way) < WINDOW


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
    live: Mapping[Second, int] = field(default_factory=lambda: _NONE)
    """How many live records of this connection there were of a person in a second."""
    tail: Mapping[Second, int] = field(default_factory=lambda: _NONE)
    """The same of the end of the last whole log."""
    readings: tuple[Reading, ...] = ()

    def hear(self, heard: Heard) -> tuple["Session", tuple[Wanted, ...]]:
        """Return the session after what was heard, and what is wanted done, in order."""
        match heard:
            case Happened() | Delivered():
                return _punched(self, heard)
            case LogBegun():
                return _log_begun(self, heard)
            case LogPart():
                return _log_part(self, heard)
            case Receipted():
                return _receipted(self, heard)
            case Told() | Connected() | ClockRead() | Unfollowed():
                return _noted(self, heard), ()


def _noted(session: Session, heard: Told | Connected | ClockRead | Unfollowed) -> Session:
    match heard:
        case Told(device):
            return replace(session, device=device)
        case Connected(serial):
            return replace(session, serial=serial or session.serial, live=_NONE, tail=_NONE)
        case ClockRead(drift_ms):
            return replace(session, drift_ms=drift_ms)
        case Unfollowed(reading_id):
            readings = (
                replace(each, operation_id=None) if each.reading_id == reading_id else each
                for each in session.readings
            )
            return replace(session, readings=tuple(readings))


def _punched(session: Session, heard: Punched) -> tuple[Session, tuple[Wanted, ...]]:
    match heard:
        case Happened(entry, at):
            return _happened(session, entry, at)
        case Delivered(entries, at):
            return _delivered(session, entries, at)


def _happened(
    session: Session, entry: LogEntry, at: datetime
) -> tuple[Session, tuple[Wanted, ...]]:
    second = second_of(entry)
    ordinal = session.live.get(second, 0)
    session = replace(session, live=remembered(session.live, second, ordinal + 1))
    session, batch = _batch(session, (record_of(entry, ordinal),), "live", at)
    # The log held a record of this second that this connection never saw live: whether the
    # event is that record or another one, only the log itself can tell.
    doubtful = session.tail.get(second, 0) > ordinal
    return session, (Keep(batch), Reread()) if doubtful else (Keep(batch),)


def _delivered(
    session: Session, entries: tuple[LogEntry, ...], at: datetime
) -> tuple[Session, tuple[Wanted, ...]]:
    # Counted within this delivery only: the device hands the same over again until it has its
    # answer, and a memory of the time before would make other punches of them.
    records = numbered(entries, frozenset(second_of(each) for each in entries))
    keeps: list[Keep] = []
    for part in in_batches(records):
        session, batch = _batch(session, part, "push", at)
        keeps.append(Keep(batch))
    return session, tuple(keeps)


def _log_begun(session: Session, heard: LogBegun) -> tuple[Session, tuple[Wanted, ...]]:
    reading = Reading(heard.reading_id, heard.operation_id, heard.at, heard.total)
    # A newer reading of the log holds all that an older one still had to send; but an operation
    # follows its own.
    older = [each for each in session.readings if not each.sent and each.operation_id is None]
    others = (replace(each, sent=True) if each in older else each for each in session.readings)
    readings = (*(each for each in others if not each.done), reading)
    drops = tuple(Drop(each.reading_id) for each in older)
    session = replace(session, tail=heard.tail, readings=readings)
    return session, (*drops, Next(reading.reading_id), _report(reading))


def _log_part(session: Session, heard: LogPart) -> tuple[Session, tuple[Wanted, ...]]:
    reading = next((r for r in session.readings if r.reading_id == heard.reading_id), None)
    if reading is None or reading.sent:
        return session, ()
    reading = replace(reading, asked=False, sent=heard.last)
    keeps: tuple[Keep, ...] = ()
    if heard.records:
        session, batch = _batch(session, heard.records, "pull", reading.at, reading.operation_id)
        reading = replace(reading, under_way=reading.under_way | {batch.batch_id})
        keeps = (Keep(batch),)
    reports = (_report(reading),) if reading.done else ()
    session, wanted = _go_on(session, reading)
    return session, (*keeps, *wanted, *reports)


def _receipted(session: Session, receipt: Receipted) -> tuple[Session, tuple[Wanted, ...]]:
    forget = Forget(receipt.batch_id)
    reading = next((r for r in session.readings if receipt.batch_id in r.under_way), None)
    if reading is None:
        return session, (forget,)
    reading = replace(
        reading,
        under_way=reading.under_way - {receipt.batch_id},
        receipted=reading.receipted + receipt.recorded + receipt.known,
        recorded=reading.recorded + receipt.recorded,
    )
    session, wanted = _go_on(session, reading)
    return session, (forget, *wanted, _report(reading))


def _go_on(session: Session, reading: Reading) -> tuple[Session, tuple[Wanted, ...]]:
    """Put a changed reading in its place; want its next part when there is room for it."""
    wanted = (Next(reading.reading_id),) if reading.has_room else ()
    reading = replace(reading, asked=reading.asked or bool(wanted))
    changed = (
        reading if each.reading_id == reading.reading_id else each for each in session.readings
    )
    readings = tuple(each for each in changed if not each.done)
    return replace(session, readings=readings), wanted


def _report(reading: Reading) -> Report:
    return Report(reading.reading_id, reading.progress, done=reading.done)


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
