"""What the gateway decides for itself: cache keys, repeated requests, days, numbers."""

import hashlib
from datetime import UTC, date, datetime, timedelta
from enum import Enum, auto
from typing import Final

from shared.contracts.attendance import ListPunches
from shared.contracts.auth import Permission
from shared.contracts.devices import Job, QueueCounts
from shared.contracts.errors import Code

KEY_LIFE: Final = timedelta(days=1)
_RUNNING_AT_MOST: Final = timedelta(seconds=60)
_DATE_LENGTH: Final = len("2024-02-05")


# ── dates ────────────────────────────────────────────────────────────────────


def start_of(text: str) -> datetime:
    """Return the first instant that a ``start_date`` includes; a date is a whole UTC day."""
    return _moment(text)


def end_of(text: str) -> datetime:
    """Return the first instant after what an ``end_date`` includes."""
    past = timedelta(days=1) if len(text) == _DATE_LENGTH else timedelta(microseconds=1)
    try:
        return _moment(text) + past
    except OverflowError as error:
        raise ValueError(_NOT_A_DATE) from error


_NOT_A_DATE: Final = "must be a date (2024-02-05) or an ISO 8601 time (2024-02-05T14:30:00Z)"


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise ValueError(_NOT_A_DATE) from error


# ── the cache ────────────────────────────────────────────────────────────────


def cache_key(owner: str, version: str, generation: str, request: ListPunches) -> str:
    """Return where the answer to a request is kept: whoever sees other things has another key."""
    said = (owner, version, generation, Permission.ATTENDANCE_READ, request.model_dump_json())
    digest = hashlib.sha256("\n".join(said).encode()).hexdigest()
    return f"attendance.{owner}.{digest}"


# ── requests that are sent again ─────────────────────────────────────────────


class Repeat(Enum):
    """What a request is whose idempotency key is taken."""

    ANSWERED = auto()
    RUNNING = auto()
    LOST = auto()
    """The first one can no longer be running, and nobody knows how it ended."""
    OTHER = auto()
    """The key was used for something else."""


def judge_repeat(*, same: bool, answered: bool, created_at: datetime, now: datetime) -> Repeat:
    """Judge a request by what is known of its key."""
    if not same:
        return Repeat.OTHER
    if answered:
        return Repeat.ANSWERED
    return Repeat.RUNNING if now - created_at < _RUNNING_AT_MOST else Repeat.LOST


def may_have_opened(code: Code) -> bool:
    """Tell whether a door may have opened although asking to unlock it failed like this."""
    return code in {Code.TIMEOUT, Code.SERVICE_UNAVAILABLE, Code.INTERNAL_ERROR}


def audit_number(day: date, count: int) -> str:
    """Return ``AUD-YYYYMMDD-NNN``, unique for its owner; longer when a day has more than 999."""
    return f"AUD-{day:%Y%m%d}-{count:03d}"


# ── what the documents count ─────────────────────────────────────────────────

DOCUMENTED_QUEUES: Final = ("attendance-sync", "user-sync")


def all_queues(queues: dict[str, QueueCounts]) -> dict[str, QueueCounts]:
    """Return every queue, those of the document first, even when nothing ever stood in them."""
    return {name: QueueCounts() for name in DOCUMENTED_QUEUES} | queues


def percent_of(job: Job) -> int | None:
    """Return how much of what was read is receipted; None before anything was read."""
    if job.progress.read:
        return job.progress.receipted * 100 // job.progress.read
    match job.status:
        case "completed":
            return 100
        case "queued":
            return 0
        case "active" | "failed":
            return None


def pages_of(total: int, limit: int) -> int:
    """Return how many pages of ``limit`` hold ``total`` things."""
    return -(-total // limit)
