"""Operations, in the words that go over the devices' wire."""

from typing import Annotated, Any, Final, Self

from pydantic import Field

from services.gateway.routes import faults
from services.gateway.routes.examples import example
from services.gateway.routes.timmy.views.base import (
    ADMINS,
    Moment,
    Success,
    View,
    number_of,
    sometimes,
)
from shared.contracts import actions, operations
from shared.contracts.errors import Code
from shared.contracts.identity import object_id
from shared.contracts.operations import LedgerEntry, OperationCount, OperationKind, OperationStatus

TYPES: Final[dict[OperationKind, str]] = {
    "read_log": "getalllog",
    "clear_log": "cleanlog",
    "read_users": "getuserlist",
    "read_info": "getdevinfo",
    "read_time": "gettime",
    "set_time": "settime",
    "restart": "reboot",
    "power_off": "poweroff",
    "put_user": "setuserinfo",
    "delete_user": "deleteuser",
    "read_templates": "getuserinfo",
    "write_templates": "setuserinfo",
    "push_user": "setuserinfo",
    "enroll": "adduserinfo",
    "read_option": "getoption",
    "write_option": "setdevinfo",
    "unlock": "opendoor",
}
"""What an operation of each kind is called."""
_ADD_USER: Final = "adduser"
"""How devices themselves call what the document records as adduserinfo."""
_NAMES: Final = {"user_id": "enrollid", "finger": "backupnum", "alias": "aliasid"}
_OURS: Final = {"kind", "follow", "create", "may_be_absent", "person", "templates"}
"""What of an action is between us and the agent."""
_REFUSED: Final = {
    Code.DEVICE_ERROR,
    Code.DEVICE_FULL,
    Code.ENROLMENT_FAILED,
    Code.NOT_FOUND,
    Code.USER_TAKEN,
}
"""How a device itself says no."""
ID: Final = "64f5c0ffee5eed0ddba11abc"


def kinds_of(name: str) -> tuple[OperationKind, ...]:
    """Return the kinds that are called so."""
    name = "adduserinfo" if name == _ADD_USER else name
    return tuple(kind for kind, called in TYPES.items() if called == name)


class Enrollment(View):
    """How far an enrolment is."""

    state: str
    samples: int
    details: str
    at: Moment


class Operation(View):
    """One thing asked of one device."""

    model_config = example(
        _id=ID,
        sn="ZXRE06022863",
        type="setuserinfo",
        payload={"enrollid": 2, "name": "Sally"},
        response={"ret": "setuserinfo", "result": True},
        status="success",
        attemptCount=1,
        lastError=None,
        errorDetails=None,
        requestedBy="admin@timmy.local",
        createdAt="2025-11-08T10:00:00.000Z",
        sentAt="2025-11-08T10:00:00.250Z",
        finishedAt="2025-11-08T10:00:01.000Z",
    )

    id: str = Field(alias="_id")
    sn: str
    type: str
    payload: dict[str, Any]
    response: dict[str, Any] | None
    status: OperationStatus
    attempt_count: int = Field(alias="attemptCount")
    last_error: str | None = Field(alias="lastError")
    error_details: str | None = Field(alias="errorDetails")
    requested_by: str = Field(alias="requestedBy")
    created_at: Moment = Field(alias="createdAt")
    sent_at: Moment | None = Field(alias="sentAt")
    finished_at: Moment | None = Field(alias="finishedAt")
    enrollment: Annotated[Enrollment | None, sometimes()] = None
    already_absent: Annotated[bool | None, sometimes("alreadyAbsent")] = None
    """Whether the person to be deleted was not there."""

    @classmethod
    def of(cls, entry: LedgerEntry) -> Self:
        """Return an operation as it stands in the ledger."""
        problem = entry.problem
        absent = entry.kind == "delete_user" and isinstance(entry.result, actions.Count)
        return cls(
            id=object_id(entry.operation_id),
            sn=entry.serial_number,
            type=TYPES[entry.kind],
            payload=payload_of(entry.action),
            response=response_of(entry),
            status=entry.status,
            attempt_count=entry.attempts,
            last_error=faults.word_of(problem.code) if problem else None,
            error_details=problem.details if problem else None,
            requested_by=entry.requested_by,
            created_at=entry.created_at,
            sent_at=entry.sent_at,
            finished_at=entry.finished_at,
            enrollment=_enrollment(entry.enrolment),
            already_absent=absent or None,
        )


def payload_of(action: dict[str, Any]) -> dict[str, Any]:
    """Return what was asked, in the document's words."""
    named: dict[str, Any] = {
        _NAMES.get(name, name): number_of(value) if name == "user_id" else value
        for name, value in action.items()
        if name not in _OURS and value is not None
    }
    if "privilege" in named:
        named["admin"] = ADMINS[named.pop("privilege")]
    return named


def response_of(entry: LedgerEntry) -> dict[str, Any] | None:
    """Return what the device answered; in the same form where its dialect has no such answer."""
    if entry.said is not None:
        return entry.said
    if entry.status == "success":
        return {"ret": _ret(entry.kind), "result": True}
    if entry.status == "failed" and entry.problem and entry.problem.code in _REFUSED:
        return {"ret": _ret(entry.kind), "result": False}
    return None


def _ret(kind: OperationKind) -> str:
    return _ADD_USER if kind == "enroll" else TYPES[kind]


def _enrollment(found: actions.Enrolment | None) -> Enrollment | None:
    return Enrollment(**dict(found)) if found else None


class Operations(Success):
    """One page of operations."""

    total: int
    page: int
    items: tuple[Operation, ...]


class Canceled(Success):
    """An operation that was canceled."""

    op: Operation


class Retried(Success):
    """An operation that will be tried again."""

    queued: bool
    op: Operation


class Sent(Success):
    """An operation that was sent to its device, and how it ended if it did."""

    model_config = example(
        success=True,
        opId=ID,
        status="success",
        response={"ret": "cleanlog", "result": True},
    )

    op_id: str = Field(alias="opId")
    status: OperationStatus
    response: dict[str, Any] | None

    @classmethod
    def of(cls, entry: LedgerEntry) -> Self:
        """Return an operation that did not fail."""
        return cls(
            op_id=object_id(entry.operation_id), status=entry.status, response=response_of(entry)
        )


class Tally(View):
    """How many there are of one."""

    id: str = Field(alias="_id")
    count: int


class Stats(Success):
    """How many operations there are, by status and by type."""

    model_config = example(
        success=True,
        total=123,
        byStatus=[{"_id": "success", "count": 80}, {"_id": "failed", "count": 43}],
        byType=[{"_id": "setuserinfo", "count": 123}],
    )

    total: int
    by_status: tuple[Tally, ...] = Field(alias="byStatus")
    by_type: tuple[Tally, ...] = Field(alias="byType")

    @classmethod
    def of(cls, stats: operations.OperationStats) -> Self:
        """Return the counts, the most first."""
        return cls(
            total=sum(each.count for each in stats.counts),
            by_status=_counted([(each.status, each) for each in stats.counts]),
            by_type=_counted([(TYPES[each.kind], each) for each in stats.counts]),
        )


def _counted(named: list[tuple[str, OperationCount]]) -> tuple[Tally, ...]:
    sums: dict[str, int] = {}
    for name, each in named:
        sums[name] = sums.get(name, 0) + each.count
    most = sorted(sums.items(), key=lambda each: (-each[1], each[0]))
    return tuple(Tally(id=name, count=count) for name, count in most)
