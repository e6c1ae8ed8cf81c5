"""What a session hears and what it wants done: plain values between rules and wires."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.devices.drivers.base import LogEntry
from shared.contracts.devices import Progress, PunchBatch

# ── heard ────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Connected:
    """The device answers; its serial when it told one, its clock's error when it is known."""

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
class LogRead:
    """The device's whole log, in its own order."""

    entries: tuple[LogEntry, ...]
    at: datetime
    operation_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Receipted:
    """Attendance has committed a batch."""

    batch_id: UUID
    recorded: int
    known: int


Heard = Connected | ClockRead | Happened | LogRead | Receipted

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
class Reread:
    """Only a reading of the whole log can tell whether two records are two punches."""


@dataclass(frozen=True, slots=True)
class Report:
    """How far the reading of a log has come; ``done`` when every batch has its receipt."""

    operation_id: UUID | None
    progress: Progress
    done: bool


Wanted = Keep | Forget | Reread | Report
