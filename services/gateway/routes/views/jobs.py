"""Jobs, what came of them, and the queues they stand in."""

import operator
from datetime import datetime
from typing import Annotated, Any, Final, Literal, Self, TypeVar
from uuid import UUID

from pydantic import BaseModel, Field

from services.gateway import rules
from services.gateway.routes.examples import example
from services.gateway.routes.views.base import Moment, Problem, View
from shared.contracts import actions, operations
from shared.contracts.errors import Code
from shared.contracts.message import Message
from shared.contracts.operations import JobStatus, OperationKind, QueueCounts
from shared.kit.errors import MusterError

R = TypeVar("R", bound=Message)
_POLL: Final = "/api/v1/queue/jobs/{job_id}"
_HEAD: Final[dict[str, Any]] = {
    "job_id": "sync-device-1-20240205143000",
    "device_id": 1,
    "status": "queued",
    "queued_at": "2024-02-05T14:30:00Z",
    "poll": "/api/v1/queue/jobs/sync-device-1-20240205143000",
}


def result_of(job: operations.Job, kind: type[R]) -> R:
    """Return what came of a completed job; raise INTERNAL_ERROR when it is something else."""
    if not isinstance(job.result, kind):
        got = job.result.kind if job.result else "nothing"
        raise MusterError(Code.INTERNAL_ERROR, f"{job.kind} of job {job.job_id} gave {got}")
    return job.result


class QueuedJob(View):
    """A job as the answer to whoever started it; ``poll`` is where to ask after it."""

    model_config = example(**_HEAD)

    job_id: str
    device_id: int
    status: JobStatus
    queued_at: Moment
    poll: str

    @classmethod
    def started(cls, job: operations.Job) -> Self:
        """Return a job that is still open."""
        return cls.of(job, poll=_POLL.format(job_id=job.job_id))


class Clock(actions.Clock):
    """The same in whole seconds."""

    at: Moment


class Count(actions.Count):
    """The same; slots only where there are any."""

    slots: Annotated[tuple[int, ...], Field(exclude_if=operator.not_)] = ()


Result = Annotated[
    actions.Info
    | Clock
    | Count
    | actions.UserDone
    | actions.Enrolled
    | actions.EnrolmentBegun
    | actions.Pushed
    | actions.OptionRead
    | actions.Cleared
    | actions.Done,
    Field(discriminator="kind"),
]


class Progress(View):
    """How far a job is: records of a log, or people, templates and samples."""

    read: int
    receipted: int
    recorded: int
    total: int
    done: int
    percent: int | None
    """Null while nobody knows how much there is to do."""


class Job(QueuedJob):
    """A job with its progress, counts and outcome."""

    model_config = example(
        **_HEAD
        | {
            "status": "completed",
            "operation_id": "7b0c9a3e-1a0b-4d8e-9d55-3b1f6d1a2c4e",
            "type": "attendance-sync",
            "kind": "read_log",
            "attempts": 1,
            "started_at": "2024-02-05T14:30:00Z",
            "finished_at": "2024-02-05T14:30:04Z",
            "progress": {
                "read": 2000,
                "receipted": 2000,
                "recorded": 37,
                "total": 0,
                "done": 0,
                "percent": 100,
            },
            "result": {"kind": "count", "count": 2000},
            "outcome": "completed",
            "error": None,
        }
    )

    operation_id: UUID
    type: str
    kind: OperationKind
    attempts: int
    started_at: Moment | None
    finished_at: Moment | None
    progress: Progress
    result: Result | None
    outcome: Literal["completed", "failed"] | None
    """Null while the job is open."""
    error: Problem | None

    @classmethod
    def whole(cls, job: operations.Job) -> Self:
        """Return all that is known of a job."""
        return cls.of(
            job,
            poll=_POLL.format(job_id=job.job_id),
            progress={**job.progress.model_dump(), "percent": rules.percent_of(job)},
            result=job.result and job.result.model_dump(),
            outcome=job.status if job.status in {"completed", "failed"} else None,
            error=job.problem,
        )


class LogCleared(View):
    """A device's log that was emptied; ``noted`` when the device's operation log says so too."""

    model_config = example(
        device_id=1, job_id="7b0c9a3e-1a0b-4d8e-9d55-3b1f6d1a2c4e", records=2000, noted=True
    )

    device_id: int
    job_id: str
    records: int
    noted: bool


class Queues(View):
    """The counts of every queue, and their sums."""

    model_config = example(
        total_jobs=1514,
        active=5,
        waiting=12,
        completed=1480,
        failed=17,
        queues={
            "attendance-sync": {"active": 2, "waiting": 5, "completed": 850, "failed": 9},
            "user-sync": {"active": 3, "waiting": 7, "completed": 630, "failed": 8},
        },
        last_updated="2024-02-05T14:30:00Z",
    )

    total_jobs: int
    active: int
    waiting: int
    completed: int
    failed: int
    queues: dict[str, QueueCounts]
    last_updated: Moment

    @classmethod
    def counted(cls, stats: operations.QueueStats, now: datetime) -> Self:
        """Return every queue, those of the document first."""
        queues = rules.all_queues(stats.queues)
        sums = rules.sums_of(queues.values())
        return cls(
            **sums.model_dump(),
            total_jobs=sum(sums.model_dump().values()),
            queues=queues,
            last_updated=now,
        )


class QueueStats(BaseModel):
    """The whole answer; the document shows it without a message."""

    status: Literal[True]
    data: Queues
