"""What a session hears and what it wants done: plain values between rules and wires."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.devices.agent.numbering import Second
from services.devices.drivers.base import LogEntry
from shared.contracts.agents import RosterDevice
from shared.contracts.operations import Progress
from shared.contracts.readings import PunchBatch, PunchRecord

# ── heard ────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Told:
    """The registry has news of the device; the wire to it is the same."""

    device: RosterDevice


@dataclass(frozen=True, slots=True)
class Connected:
    """The device answers; its serial when it told one."""

    serial: str | None


@dataclass(frozen=True, slots=True)
class ClockRead:
    """The device's clock minus true time, in milliseconds; None when it shows no real date."""

    drift_ms: int | None


@dataclass(frozen=True, slots=True)
class Happened:
    """A live punch."""

    entry: LogEntry
    at: datetime


@dataclass(frozen=True, slots=True)
class Delivered:
    """Records that the device hands over by itself, again and again until it has its answer."""

    entries: tuple[LogEntry, ...]
    at: datetime


@dataclass(frozen=True, slots=True)
class LogBegun:
    """The device's whole log is staged and agrees; its parts come one by one, as wanted."""

    reading_id: UUID
    operation_id: UUID | None
    at: datetime
    total: int
    tail: Mapping[Second, int]
    """How many of the log's newest records there are of a person in a second."""


@dataclass(frozen=True, slots=True)
class LogPart:
    """The next records of a staged log, in its order; none only when the log has none."""

    reading_id: UUID
    records: tuple[PunchRecord, ...]
    last: bool


@dataclass(frozen=True, slots=True)
class Unfollowed:
    """No operation follows this reading any more; it goes on until a newer one takes over."""

    reading_id: UUID


@dataclass(frozen=True, slots=True)
class Receipted:
    """Attendance has committed a batch."""

    batch_id: UUID
    recorded: int
    known: int


Punched = Happened | Delivered
Heard = Told | Connected | ClockRead | Punched | LogBegun | LogPart | Unfollowed | Receipted

# ── wanted ───────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Keep:
    """Keep this batch in the journal, then publish it; both before anything else is done."""

    batch: PunchBatch


@dataclass(frozen=True, slots=True)
class Forget:
    """The journal may forget this batch."""

    batch_id: UUID


@dataclass(frozen=True, slots=True)
class Next:
    """There is room for the next part of this staged log."""

    reading_id: UUID


@dataclass(frozen=True, slots=True)
class Drop:
    """Nothing more of this staged log is wanted: a newer one holds it all."""

    reading_id: UUID


@dataclass(frozen=True, slots=True)
class Reread:
    """Only a reading of the whole log can tell whether two records are two punches."""


@dataclass(frozen=True, slots=True)
class Report:
    """How far the reading of a log has come; ``done`` when every batch has its receipt."""

    reading_id: UUID
    progress: Progress
    done: bool


Wanted = Keep | Forget | Next | Drop | Reread | Report
