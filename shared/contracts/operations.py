"""Operations: what is asked of one device, how it goes and ends; jobs, as callers see them."""

from datetime import datetime
from typing import Annotated, Any, Final, Literal, NamedTuple
from uuid import UUID

from pydantic import Field

from shared.contracts.actions import Action, Enrolment, Result, Said, UserId
from shared.contracts.auth import Permission
from shared.contracts.errors import Problem
from shared.contracts.message import Instant, Message, OwnerId, SiteId

OperationStatus = Literal["pending", "sent", "success", "failed", "canceled"]
OperationKind = Literal[
    "read_log",
    "clear_log",
    "read_users",
    "read_info",
    "read_time",
    "set_time",
    "restart",
    "power_off",
    "put_user",
    "delete_user",
    "read_templates",
    "write_templates",
    "push_user",
    "enroll",
    "read_option",
    "write_option",
    "unlock",
]
Queue = Literal["attendance-sync", "user-sync", "template-sync", "enrolment", "device-control"]


class ActionSpec(NamedTuple):
    """What is true of every operation of one kind."""

    permission: Permission
    queue: Queue
    repeatable: bool
    """Whether doing it twice is the same as once; what is not, is never done again unasked."""
    single: bool = False
    """Whether a second request gets the one that waits or runs, instead of another."""


SPECS: Final[dict[OperationKind, ActionSpec]] = {
    "read_log": ActionSpec(
        Permission.ATTENDANCE_SYNC, "attendance-sync", repeatable=True, single=True
    ),
    "clear_log": ActionSpec(Permission.LOG_CLEAR, "attendance-sync", repeatable=False, single=True),
    "read_users": ActionSpec(Permission.PEOPLE_READ, "user-sync", repeatable=True, single=True),
    "read_info": ActionSpec(Permission.DEVICES_READ, "device-control", repeatable=True),
    "read_time": ActionSpec(Permission.DEVICES_READ, "device-control", repeatable=True),
    "set_time": ActionSpec(Permission.DEVICES_OPERATE, "device-control", repeatable=True),
    "restart": ActionSpec(Permission.DEVICES_OPERATE, "device-control", repeatable=False),
    "power_off": ActionSpec(Permission.DEVICES_OPERATE, "device-control", repeatable=False),
    "put_user": ActionSpec(Permission.PEOPLE_WRITE, "user-sync", repeatable=True),
    "delete_user": ActionSpec(Permission.PEOPLE_WRITE, "user-sync", repeatable=True),
    "read_templates": ActionSpec(Permission.PEOPLE_WRITE, "template-sync", repeatable=True),
    "write_templates": ActionSpec(Permission.PEOPLE_WRITE, "template-sync", repeatable=True),
    "push_user": ActionSpec(Permission.PEOPLE_WRITE, "template-sync", repeatable=True),
    "enroll": ActionSpec(Permission.PEOPLE_WRITE, "enrolment", repeatable=False),
    "read_option": ActionSpec(Permission.DEVICES_OPERATE, "device-control", repeatable=True),
    "write_option": ActionSpec(Permission.DEVICES_OPERATE, "device-control", repeatable=True),
}
"""Every kind that an action can have; an unlock is no action: it is never stored and sent."""


class Operation(Message):
    """One thing asked of one device, on its way to the device's agent; the agent asks for more."""

    operation_id: UUID
    owner: OwnerId
    site: SiteId
    device_id: int
    kind: OperationKind
    expires_at: Instant
    lasting: bool = False
    """Whether it waits for a device that is away, instead of failing."""


class Progress(Message):
    """How far an operation has come."""

    read: int = 0
    """Records of a log."""
    receipted: int = 0
    recorded: int = 0
    """How many of them were new."""
    total: int = 0
    """How many people, templates or samples there are, once that is known."""
    done: int = 0
    """How many of them are done."""


class Outcome(Message):
    """How an operation goes (``sent``) or how it ended (any later status)."""

    operation_id: UUID
    owner: OwnerId
    site: SiteId
    device_id: int
    status: OperationStatus
    at: Instant
    progress: Progress = Progress()
    problem: Problem | None = None
    result: Result | None = None
    attempt: int | None = None
    """Which attempt it is of, as Started told; None when there was no leave to begin one."""
    said: Said = None
    enrolment: Enrolment | None = None
    """Later news of one that ended with EnrolmentBegun; the status is not news then."""


# ── what callers ask ─────────────────────────────────────────────────────────

JobStatus = Literal["queued", "active", "completed", "failed"]
WAIT_LIMIT: Final = 60.0
LASTING_DAYS: Final = 7
"""How long a lasting operation waits for its device."""


class Operate(Message):
    """Ask one device to do something, and wait for it a while; permission is the action's."""

    device_id: int
    action: Action
    wait: Annotated[float, Field(ge=0, le=WAIT_LIMIT)] = 0
    """Seconds to wait for the end before the answer is what is known by then."""
    patient_above: int | None = None
    """Stop waiting as soon as the operation turns out to have more than so many things to do."""
    lasting: bool = False
    """Let it wait for a device that is away, for LASTING_DAYS."""


class CopyTemplates(Message):
    """Read a person's templates from one device and write them to another."""

    device_id: int
    target_id: int
    user_id: UserId


class TransferUsers(Message):
    """Bring people from one device to another, with all that the first knows them by.

    Each person is three operations at most: read from the source, pushed to the target once they
    are read, and, to move, deleted from the source once they were read back from the target.
    """

    from_serial: Annotated[str, Field(max_length=64)]
    to_serial: Annotated[str, Field(max_length=64)]
    user_ids: tuple[UserId, ...] | None = None
    """None: everybody whom the source held when its people were last read."""
    move: bool = False
    overwrite: bool = False
    wait: Annotated[float, Field(ge=0, le=WAIT_LIMIT)] = 0
    """Seconds to wait for what is read from the source."""


class GetJob(Message):
    """One job of the caller's, by its job id, its operation's id, or the first 24 digits of it."""

    job_id: Annotated[str, Field(max_length=128)]


class CancelJob(GetJob):
    """Cancel an operation that has not been sent to its device."""


class RetryJob(GetJob):
    """Try a failed operation again."""


class Job(Message):
    """A set of operations, or one, with progress."""

    job_id: str
    operation_id: UUID
    type: str
    """The queue it stands in."""
    kind: OperationKind
    device_id: int
    status: JobStatus
    attempts: int = 0
    queued_at: Instant
    started_at: Instant | None = None
    finished_at: Instant | None = None
    progress: Progress = Progress()
    result: Result | None = None
    problem: Problem | None = None


class AskQueueStats(Message):
    """How many jobs of the caller's owner stand where."""


class QueueCounts(Message):
    """One queue's jobs by state."""

    active: int = 0
    waiting: int = 0
    completed: int = 0
    failed: int = 0


class QueueStats(Message):
    """Every queue's counts."""

    queues: dict[str, QueueCounts]


# ── the ledger, as callers look into it ──────────────────────────────────────


class LedgerEntry(Message):
    """One operation, with all that is known of it but its secrets."""

    operation_id: UUID
    owner: OwnerId
    device_id: int
    serial_number: str
    kind: OperationKind
    action: dict[str, Any]
    """What was asked, secrets masked; of an unlock only what stands in its own columns."""
    status: OperationStatus
    attempts: int
    """How often it was sent, or will have been by its next sending."""
    said: Said = None
    result: Result | None = None
    problem: Problem | None = None
    enrolment: Enrolment | None = None
    after: UUID | None = None
    """The operation whose success it waits for."""
    requested_by: str
    created_at: Instant
    sent_at: Instant | None = None
    finished_at: Instant | None = None


class GetOperation(GetJob):
    """One operation of the caller's owner, by the same names as a job."""


class ListOperations(Message):
    """One page of the caller's owner's operations, newest first."""

    page: Annotated[int, Field(ge=1)] = 1
    limit: Annotated[int, Field(ge=1, le=200)] = 20
    serial: Annotated[str, Field(max_length=64)] | None = None
    """Of the device; letters count the same in either case."""
    kinds: tuple[OperationKind, ...] | None = None
    status: OperationStatus | None = None
    start: datetime | None = None
    """Inclusive, of when it was asked; without a zone it means UTC."""
    end: datetime | None = None
    """Exclusive."""


class OperationPage(Message):
    """Operations, and how many there are in all."""

    items: tuple[LedgerEntry, ...]
    total: int


class AskOperationStats(Message):
    """How many operations of the caller's owner there are of each kind and status."""


class OperationCount(Message):
    """How many of one kind in one status."""

    kind: OperationKind
    status: OperationStatus
    count: int


class OperationStats(Message):
    """Every kind and status that there is any of."""

    counts: tuple[OperationCount, ...]


class Transfer(Message):
    """What becomes of one person."""

    user_id: str
    fetch: LedgerEntry | None = None
    push: LedgerEntry | None = None
    delete: LedgerEntry | None = None
    """Only of a move."""
    problem: Problem | None = None
    """Why nothing of it is even tried: INCOMPATIBLE, for one."""


class Transferred(Message):
    """Everybody who was asked for, in that order."""

    items: tuple[Transfer, ...]
