"""What the registry decides, apart from everything it touches."""

from __future__ import annotations

import ipaddress
import unicodedata
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Final
from zoneinfo import available_timezones

from shared.contracts.devices import (
    JobStatus,
    OperationKind,
    OperationStatus,
    Outcome,
    Progress,
    QueueCounts,
    QueueStats,
    RegisterDevice,
)
from shared.contracts.errors import Code, FieldProblem, Problem
from shared.kit.errors import MusterError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime

ATTENDANCE_QUEUE: Final = "attendance-sync"
USER_QUEUE: Final = "user-sync"

CONNECTED: Final = timedelta(seconds=20)
"""How long an agent's word that a device is connected holds."""
OPERATION_LIFE: Final = timedelta(minutes=10)
"""How long an operation may wait for its device, and then for each next word of it."""
UNLOCK_LIFE: Final = timedelta(seconds=30)
"""Far longer than a permit lasts; what is still open after it was abandoned."""
GRACE: Final = timedelta(seconds=10)
"""How late the word of an agent that began in time may arrive."""

_LARGEST: Final = 2**63 - 1
_SERIAL_LENGTH: Final = 64
_ENDED: Final = frozenset({"success", "failed", "canceled"})
_SECOND: Final = timedelta(seconds=1)
_DEVICE_PROBLEMS: Final = frozenset(
    {
        Code.DEVICE_UNREACHABLE,
        Code.DEVICE_WRONG_KEY,
        Code.DEVICE_NO_ANSWER,
        Code.DEVICE_REFUSED,
        Code.DEVICE_WRONG_PROTOCOL,
        Code.DEVICE_ERROR,
    }
)
_DOOR_UNTOUCHED: Final = frozenset(
    {
        Code.NO_AGENT,
        Code.NOT_FOUND,
        Code.UNLOCK_EXPIRED,
        Code.DEVICE_UNREACHABLE,
        Code.DEVICE_WRONG_KEY,
        Code.DEVICE_REFUSED,
        Code.DEVICE_WRONG_PROTOCOL,
        Code.DEVICE_ERROR,
        Code.DEVICE_BUSY,
    }
)


# ── registering ──────────────────────────────────────────────────────────────


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def is_zone(name: str) -> bool:
    """Tell whether this is the IANA name of a time zone."""
    return name in _zones()


def invalid(*problems: FieldProblem) -> MusterError:
    """Return the validation error that names these fields."""
    details = "; ".join(f"{each.field}: {each.problem}" for each in problems)
    return MusterError(Code.VALIDATION_ERROR, details, fields=problems)


def checked(request: RegisterDevice) -> RegisterDevice:
    """Return the request with its IP in the one spelling; raise VALIDATION_ERROR naming fields."""
    problems = [
        FieldProblem(field=field, problem="must not hold control characters")
        for field in ("name", "location", "serial_number")
        if any(unicodedata.category(each) == "Cc" for each in getattr(request, field))
    ]
    address = _address(request.ip)
    if address is None:
        problems.append(
            FieldProblem(field="ip", problem="must be the IPv4 or IPv6 address of one device")
        )
    if request.zone is not None and not is_zone(request.zone):
        problems.append(FieldProblem(field="zone", problem="must be an IANA zone: Asia/Jakarta"))
    if problems:
        raise invalid(*problems)
    return request.model_copy(update={"ip": address})


def _address(text: str) -> str | None:
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        return None
    # One device must not pass for two because its address can be written in two ways.
    found = getattr(found, "ipv4_mapped", None) or found
    if found.is_unspecified or found.is_multicast or str(found) == "255.255.255.255":
        return None
    return str(found)


def serial_of(text: str | None) -> str | None:
    """Return a serial as devices mean it: no padding, at most 64 characters, None for none."""
    found = (text or "").split("\x00", 1)[0].strip()[:_SERIAL_LENGTH]
    return found or None


def probe_error(problem: Problem) -> MusterError:
    """Return what the caller of a registration is told when the device was not reached."""
    if problem.code in _DEVICE_PROBLEMS:
        return MusterError(problem.code, problem.details, status=400)
    if problem.code is Code.TIMEOUT:
        return MusterError(Code.NO_AGENT, "The agent of this site did not answer in time.")
    return MusterError.of(problem)


# ── presence ─────────────────────────────────────────────────────────────────


def exchanged(pinned: str | None, reported: str | None) -> Problem | None:
    """Return the problem of a device that reports another serial than at first contact."""
    if pinned is None or reported is None or reported == pinned:
        return None
    details = (
        f"The device at this address reports serial {reported}; it was {pinned}."
        " If the terminal was exchanged, register the new one."
    )
    return MusterError(Code.CONFLICT, details).problem


# ── operations ───────────────────────────────────────────────────────────────


def offset(page: int, limit: int) -> int:
    """Return how many rows lie before a page, never more than the database can count."""
    return min((page - 1) * limit, _LARGEST)


def queued_at(now: datetime, taken: Collection[datetime]) -> datetime:
    """Return the first whole second from now on in which no sync of the device was queued."""
    moment = now.replace(microsecond=0)
    while moment in taken:
        moment += _SECOND
    return moment


def job_id(device_id: int, moment: datetime) -> str:
    """Return the documented id of a sync that was queued at a moment (UTC)."""
    return f"sync-device-{device_id}-{moment:%Y%m%d%H%M%S}"


def advance(status: OperationStatus, progress: Progress, outcome: Outcome) -> Outcome | None:
    """Return what to record of an outcome, or None when it says nothing new.

    An operation goes from pending over sent to its end and never back; its counts never fall.
    So an outcome may come twice, or late, and changes nothing.
    """
    if status in _ENDED or outcome.status == "pending":
        return None
    merged = Progress(
        read=max(progress.read, outcome.progress.read),
        receipted=max(progress.receipted, outcome.progress.receipted),
        recorded=max(progress.recorded, outcome.progress.recorded),
    )
    if outcome.status == status and merged == progress:
        return None
    return outcome.model_copy(update={"progress": merged})


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


def queue_stats(syncs: Mapping[OperationStatus, int]) -> QueueStats:
    """Return every queue's counts; what was canceled or expired counts as failed."""
    return QueueStats(
        queues={
            ATTENDANCE_QUEUE: QueueCounts(
                active=syncs.get("sent", 0),
                waiting=syncs.get("pending", 0),
                completed=syncs.get("success", 0),
                failed=syncs.get("failed", 0) + syncs.get("canceled", 0),
            ),
            USER_QUEUE: QueueCounts(),
        }
    )


def overdue(kind: OperationKind, status: OperationStatus) -> Problem:
    """Return why an operation failed of which nothing was heard in time."""
    if kind == "unlock" and status == "sent":
        return MusterError(Code.UNLOCK_UNKNOWN).problem
    return MusterError(Code.OPERATION_EXPIRED).problem


def unlock_problem(problem: Problem) -> Problem:
    """Return what an unlock that was not confirmed is answered with.

    Unless it is certain that the door was not touched, the outcome is unknown.
    """
    if problem.code in _DOOR_UNTOUCHED:
        return problem
    return MusterError(Code.UNLOCK_UNKNOWN).problem
