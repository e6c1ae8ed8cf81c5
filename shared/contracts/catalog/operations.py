"""What callers ask devices to do, through the registry."""

from typing import Final

from shared.contracts import doors, operations, subjects
from shared.contracts.auth import Permission
from shared.contracts.catalog.parts import Question

OPERATE: Final = Question(
    subjects.rpc("devices", "operate"),
    operations.Operate,
    operations.Job,
    "Ask one device to do something, and wait for it a while.",
    "devices",
    ("gateway",),
    # Every caller may ask; which action asks for which permission stands in operations.SPECS.
    Permission.SESSION,
)
COPY_TEMPLATES: Final = Question(
    subjects.rpc("devices", "copy"),
    operations.CopyTemplates,
    operations.Job,
    "Copy a person's templates from one device to another.",
    "devices",
    ("gateway",),
    Permission.PEOPLE_WRITE,
)
GET_JOB: Final = Question(
    subjects.rpc("devices", "job"),
    operations.GetJob,
    operations.Job,
    "One job of the caller's.",
    "devices",
    ("gateway",),
    Permission.JOBS_READ,
)
CANCEL_JOB: Final = Question(
    subjects.rpc("devices", "cancel"),
    operations.CancelJob,
    operations.Job,
    "Cancel an operation that was not sent yet.",
    "devices",
    ("gateway",),
    Permission.SESSION,
)
RETRY_JOB: Final = Question(
    subjects.rpc("devices", "retry"),
    operations.RetryJob,
    operations.Job,
    "Try a failed operation again.",
    "devices",
    ("gateway",),
    Permission.SESSION,
)
QUEUE_STATS: Final = Question(
    subjects.rpc("devices", "queues"),
    operations.AskQueueStats,
    operations.QueueStats,
    "How many jobs stand where.",
    "devices",
    ("gateway",),
    Permission.JOBS_READ,
)
PERMIT_DOOR: Final = Question(
    subjects.rpc("devices", "permit"),
    doors.PermitDoor,
    doors.DoorPermit,
    "Ask for leave to unlock a door once.",
    "devices",
    ("gateway",),
    Permission.DOORS_UNLOCK,
)
UNLOCK_DOOR: Final = Question(
    subjects.rpc("devices", "unlock"),
    doors.UnlockDoor,
    doors.DoorUnlocked,
    "Unlock a door under a permit, now or not at all.",
    "devices",
    ("gateway",),
    Permission.DOORS_UNLOCK,
)
TRANSFER_USERS: Final = Question(
    subjects.rpc("devices", "transfer"),
    operations.TransferUsers,
    operations.Transferred,
    "Bring people from one device to another.",
    "devices",
    ("gateway",),
    Permission.PEOPLE_WRITE,
)
GET_OPERATION: Final = Question(
    subjects.rpc("devices", "operation"),
    operations.GetOperation,
    operations.LedgerEntry,
    "One operation of the caller's owner.",
    "devices",
    ("gateway",),
    Permission.JOBS_READ,
)
LIST_OPERATIONS: Final = Question(
    subjects.rpc("devices", "operations"),
    operations.ListOperations,
    operations.OperationPage,
    "One page of the caller's owner's operations.",
    "devices",
    ("gateway",),
    Permission.JOBS_READ,
)
OPERATION_STATS: Final = Question(
    subjects.rpc("devices", "operation_stats"),
    operations.AskOperationStats,
    operations.OperationStats,
    "How many operations there are of each kind and status.",
    "devices",
    ("gateway",),
    Permission.JOBS_READ,
)

QUESTIONS: Final = (
    OPERATE,
    COPY_TEMPLATES,
    GET_JOB,
    CANCEL_JOB,
    RETRY_JOB,
    QUEUE_STATS,
    PERMIT_DOOR,
    UNLOCK_DOOR,
    TRANSFER_USERS,
    GET_OPERATION,
    LIST_OPERATIONS,
    OPERATION_STATS,
)
