"""Decisions about operations: how they go, end, are counted, and may be done again."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Final, get_args
from uuid import UUID

from shared.contracts.errors import Code, Problem
from shared.contracts.operations import (
    LASTING_DAYS,
    SPECS,
    Progress,
    Queue,
    QueueCounts,
    QueueStats,
)
from shared.kit.errors import MusterError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime

    from shared.contracts.actions import Enrolment
    from shared.contracts.operations import JobStatus, OperationKind, OperationStatus, Outcome

OPERATION_LIFE: Final = timedelta(minutes=10)
"""How long an operation may wait for its device, and then for each next word of it."""
GRACE: Final = timedelta(seconds=10)
"""How late the word of an agent that began in time may arrive."""
DATED: Final[Mapping[OperationKind, str]] = {
    "read_log": "sync-device",
    "read_users": "sync-users",
}
"""How the job ids of these kinds begin; a second of its own follows."""
WIPED: Final = ""
"""What stands in the place of secrets that were not kept past the end."""

_ENDED: Final = frozenset({"success", "failed", "canceled"})
_SECOND: Final = timedelta(seconds=1)
_LASTING_LIFE: Final = timedelta(days=LASTING_DAYS)
_OBJECT_ID: Final = re.compile(r"[0-9A-Fa-f]{24}")
_COUNTED: Final[Mapping[JobStatus, str]] = {
    "queued": "waiting",
    "active": "active",
    "completed": "completed",
    "failed": "failed",
}


# ── asking ───────────────────────────────────────────────────────────────────


def life(*, lasting: bool) -> timedelta:
    """Return how long an operation may wait for its device."""
    return _LASTING_LIFE if lasting else OPERATION_LIFE


def ids_of(text: str) -> tuple[UUID, UUID] | None:
    """Return the first and the last id that a text can name; None when it is no id.

    Besides the whole id these are its first 24 digits, see identity.object_id.
    """
    if _OBJECT_ID.fullmatch(text):
        return UUID(text + "0" * 8), UUID(text + "f" * 8)
    try:
        return (found := UUID(text)), found
    except ValueError:
        return None


def queued_at(now: datetime, taken: Collection[datetime]) -> datetime:
    """Return the first whole second from now on in which none of the kind was queued."""
    moment = now.replace(microsecond=0)
    while moment in taken:
        moment += _SECOND
    return moment


def job_id(kind: OperationKind, device_id: int, moment: datetime) -> str:
    """Return the documented id of a sync that was queued at a moment (UTC)."""
    return f"{DATED[kind]}-{device_id}-{moment:%Y%m%d%H%M%S}"


def settled(status: OperationStatus, total: int, patient_above: int | None) -> bool:
    """Tell whether whoever waits for an operation need not wait any longer."""
    return status in _ENDED or (patient_above is not None and total > patient_above)


# ── going ────────────────────────────────────────────────────────────────────


def refusal(status: OperationStatus, problem: Problem | None) -> MusterError | None:
    """Return why an agent gets no leave to do an operation; None when it does."""
    if status not in _ENDED:
        return None
    return MusterError(Code.OPERATION_CANCELED) if status == "canceled" else over(problem)


def over(problem: Problem | None) -> MusterError:
    """Return what an agent is told of an operation that has ended, with this problem if any."""
    if problem is not None and problem.code is Code.OPERATION_EXPIRED:
        return MusterError(Code.OPERATION_EXPIRED)
    return MusterError(Code.CONFLICT, "This operation has ended.")


def may_follow(first: OperationStatus) -> bool:
    """Tell whether an operation may begin that waits for another: nothing but success will do.

    What comes of the first is what the second is safe by: a person is deleted from a device only
    once they were read back from the other.
    """
    return first == "success"


def is_former(
    status: OperationStatus, attempts: int, attempt: int | None, *, counted: bool
) -> bool:
    """Tell whether an outcome is of another attempt than the one that waits or runs now.

    ``counted`` tells whether the attempt that waits is one of ``attempts`` already.
    """
    current = attempts + (status == "pending" and not counted)
    return attempt is not None and attempt < current


def begun_before(status: OperationStatus, attempts: int, *, counted: bool) -> bool:
    """Tell whether an operation was begun since it was asked, or asked again, and has not ended.

    Nobody knows how far that came, even when it went back to waiting. ``counted`` as above.
    """
    return status == "sent" or (attempts > 0 and not counted)


def goes_back(status: OperationStatus, attempts: int, outcome: Outcome) -> bool:
    """Tell whether the attempt that runs lost its device and waits for it again."""
    return (status, outcome.status, outcome.attempt) == ("sent", "pending", attempts)


def is_news(kind: OperationKind, known: Enrolment | None, told: Enrolment) -> bool:
    """Tell whether an enrolment has come further than is known."""
    return kind == "enroll" and (known is None or told.at > known.at)


def advance(status: OperationStatus, progress: Progress, outcome: Outcome) -> Outcome | None:
    """Return what to record of an outcome, or None when it says nothing new.

    An operation goes from pending over sent to its end; its counts never fall. So an outcome may
    come twice, or late, and changes nothing. The one way back is ``goes_back``.
    """
    if status in _ENDED or outcome.status == "pending":
        return None
    merged = Progress.model_validate(
        {
            name: max(getattr(progress, name), getattr(outcome.progress, name))
            for name in Progress.model_fields
        }
    )
    if outcome.status == status and merged == progress:
        return None
    return outcome.model_copy(update={"progress": merged})


def overdue(kind: OperationKind, status: OperationStatus) -> Problem:
    """Return why an operation failed of which nothing was heard in time."""
    if kind == "unlock" and status == "sent":
        return MusterError(Code.UNLOCK_UNKNOWN).problem
    if status == "sent" and kind in SPECS and not SPECS[kind].repeatable:
        return MusterError(Code.OUTCOME_UNKNOWN).problem
    return MusterError(Code.OPERATION_EXPIRED).problem


def in_vain(first: Problem | None) -> Problem:
    """Return why an operation is canceled whose predecessor did not succeed."""
    reason = first.details if first else "it did not succeed"
    details = f"It waited for another operation, which came to nothing: {reason}"
    return MusterError(Code.OPERATION_CANCELED, details).problem


# ── canceling, trying again ──────────────────────────────────────────────────


def uncancelable(kind: OperationKind, status: OperationStatus) -> MusterError | None:
    """Return why an operation cannot be canceled; None when it can."""
    if status == "pending" and kind in SPECS:
        return None
    if kind not in SPECS:
        return MusterError(Code.CONFLICT, "An unlock happens at once; there is nothing to cancel.")
    if status == "sent":
        return MusterError(Code.CONFLICT, "It was sent to its device already; wait for its end.")
    return MusterError(Code.CONFLICT, "It has ended; there is nothing to cancel.")


def unrepeatable(
    kind: OperationKind, status: OperationStatus, sealed: str | None
) -> MusterError | None:
    """Return why an operation cannot be tried again; None when it can."""
    if kind not in SPECS:
        return MusterError(Code.CONFLICT, "An unlock is never tried again; ask for a new one.")
    if status not in {"failed", "canceled"}:
        return MusterError(Code.CONFLICT, "Only what failed or was canceled can be tried again.")
    if sealed == WIPED:
        details = "Its password was not kept past its end; ask for the change again."
        return MusterError(Code.CONFLICT, details)
    return None


# ── counting ─────────────────────────────────────────────────────────────────


def job_status(status: OperationStatus) -> JobStatus:
    """Return the word that callers know for an operation's status."""
    match status:
        case "pending":
            return "queued"
        case "sent":
            return "active"
        case "success":
            return "completed"
        case "failed" | "canceled":
            return "failed"


def queue_of(kind: OperationKind) -> Queue:
    """Return the queue an operation stands in; an unlock is named after the one it would."""
    return SPECS[kind].queue if kind in SPECS else "device-control"


def queue_stats(counts: Mapping[tuple[OperationKind, OperationStatus], int]) -> QueueStats:
    """Return every queue's counts; what was canceled or expired counts as failed."""
    found = {queue: dict.fromkeys(QueueCounts.model_fields, 0) for queue in get_args(Queue)}
    for (kind, status), count in counts.items():
        if kind in SPECS:
            found[SPECS[kind].queue][_COUNTED[job_status(status)]] += count
    return QueueStats(
        queues={queue: QueueCounts.model_validate(each) for queue, each in found.items()}
    )
