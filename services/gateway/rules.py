"""What the gateway decides for itself: cache keys, repeated requests, days, numbers."""

import hashlib
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from enum import Enum, auto
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from shared.contracts.catalog import Question
from shared.contracts.errors import Code
from shared.contracts.message import Message
from shared.contracts.operations import Job, QueueCounts

KEY_LIFE: Final = timedelta(days=1)
_RUNNING_AT_MOST: Final = timedelta(seconds=60)
_DATE_LENGTH: Final = len("2024-02-05")


# ── dates ────────────────────────────────────────────────────────────────────

_EARLIEST: Final = datetime.min.replace(tzinfo=UTC)
_LATEST: Final = datetime.max.replace(tzinfo=UTC)
_NOT_A_DATE: Final = "must be a date (2024-02-05) or an ISO 8601 time (2024-02-05T14:30:00Z)"


def start_of(text: str) -> datetime:
    """Return the first instant that a ``start_date`` includes; a date is a whole UTC day."""
    return _moment(text)


def end_of(text: str) -> datetime:
    """Return the first instant after what an ``end_date`` includes."""
    past = timedelta(days=1) if len(text) == _DATE_LENGTH else timedelta(microseconds=1)
    return min(_moment(text), _LATEST - past) + past


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(_NOT_A_DATE) from None
    try:
        return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
    except OverflowError:  # past either end of the calendar there is nothing to leave out
        return _EARLIEST if moment.year == 1 else _LATEST


def today(now: datetime, zone: str) -> tuple[datetime, datetime]:
    """Return when the zone's present day began and when it ends."""
    place = ZoneInfo(zone)
    day = now.astimezone(place).date()
    began, ends = (
        datetime.combine(each, time(), place).astimezone(UTC)
        for each in (day, day + timedelta(days=1))
    )
    return began, ends


# ── the cache ────────────────────────────────────────────────────────────────


def cache_key(question: Question, owner: str, versions: tuple[str, ...], request: Message) -> str:
    """Return where the answer to a request is kept: whoever sees other things has another key."""
    said = (owner, *versions, question.subject, str(question.permission), request.model_dump_json())
    digest = hashlib.sha256("\n".join(said).encode()).hexdigest()
    return f"{question.service}.{owner}.{digest}"


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


def may_have_happened(code: Code) -> bool:
    """Tell whether what was asked for may have happened although asking failed like this."""
    return code in {Code.TIMEOUT, Code.SERVICE_UNAVAILABLE, Code.INTERNAL_ERROR}


def audit_number(day: date, count: int) -> str:
    """Return ``AUD-YYYYMMDD-NNN``, unique for its owner; longer when a day has more than 999."""
    return f"AUD-{day:%Y%m%d}-{count:03d}"


# ── limits ───────────────────────────────────────────────────────────────────


class Allowance(NamedTuple):
    """How many more times somebody may ask, as of a moment in seconds."""

    times: float
    at: float


def refilled(left: Allowance | None, now: float, per_minute: int) -> Allowance:
    """Return what is allowed now; it grows evenly, up to what a minute brings."""
    if left is None:
        return Allowance(per_minute, now)
    return Allowance(min(per_minute, left.times + (now - left.at) * per_minute / 60), now)


# ── what the documents count ─────────────────────────────────────────────────

DOCUMENTED_QUEUES: Final = ("attendance-sync", "user-sync")


def all_queues(queues: dict[str, QueueCounts]) -> dict[str, QueueCounts]:
    """Return every queue, those of the document first, even when nothing ever stood in them."""
    return {name: QueueCounts() for name in DOCUMENTED_QUEUES} | queues


def sums_of(queues: Iterable[QueueCounts]) -> QueueCounts:
    """Return the counts of all queues together."""
    counted = [each.model_dump() for each in queues]
    return QueueCounts(
        **{state: sum(each[state] for each in counted) for state in QueueCounts.model_fields}
    )


def percent_of(job: Job) -> int | None:
    """Return how much of a job is done; None before anything is known of that."""
    progress = job.progress
    if progress.read:
        return progress.receipted * 100 // progress.read
    if progress.total:
        return progress.done * 100 // progress.total
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
