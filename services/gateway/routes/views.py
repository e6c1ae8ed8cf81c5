"""What callers get: messages of the bus as /api/v1 writes them."""

from datetime import datetime
from typing import Any

from services.gateway import rules
from services.gateway.handlers.doors import Opening
from services.gateway.routes.envelopes import seconds_of
from shared.contracts.attendance import AttendanceItem
from shared.contracts.auth import Session
from shared.contracts.devices import Device, Job, QueueStats
from shared.contracts.errors import Problem


def session(made: Session) -> dict[str, Any]:
    """Return a pair of tokens."""
    data: dict[str, Any] = {
        "access_token": made.access_token.get_secret_value(),
        "refresh_token": made.refresh_token.get_secret_value(),
        "token_type": "Bearer",
        "expires_in": made.expires_in,
        "user": made.user.model_dump(exclude={"owner"}),
    }
    if made.password_change_advised:
        data["password_change_advised"] = True
    return data


def device(found: Device) -> dict[str, Any]:
    """Return a device."""
    return {
        **found.model_dump(exclude={"created_at", "problem"}),
        "problem": problem(found.problem),
        "created_at": seconds_of(found.created_at),
    }


def new_device(made: Device) -> dict[str, Any]:
    """Return a device that was registered a moment ago, with a warning if its serial is another."""
    # It answered a moment ago, which is what the document means; its agent connects next.
    data = {**device(made), "is_connected": True}
    if made.device_serial:
        data["warning"] = (
            f"The device reports serial {made.device_serial}, not {made.serial_number}:"
            " check that this is the terminal you mean."
        )
    return data


def queued(job: Job) -> dict[str, Any]:
    """Return a job as the answer to whoever started it."""
    return {
        "job_id": job.job_id,
        "device_id": job.device_id,
        "status": job.status,
        "queued_at": seconds_of(job.queued_at),
    }


def whole_job(job: Job) -> dict[str, Any]:
    """Return a job with its progress, counts and outcome."""
    ended = job.status in {"completed", "failed"}
    return {
        **queued(job),
        "type": job.type,
        "started_at": seconds_of(job.started_at),
        "finished_at": seconds_of(job.finished_at),
        "progress": {**job.progress.model_dump(), "percent": rules.percent_of(job)},
        "outcome": job.status if ended else None,
        "error": problem(job.problem),
    }


def queue_stats(stats: QueueStats, now: datetime) -> dict[str, Any]:
    """Return the counts of every queue, and their sums."""
    queues = {name: each.model_dump() for name, each in rules.all_queues(stats.queues).items()}
    sums = {
        state: sum(counts[state] for counts in queues.values())
        for state in ("active", "waiting", "completed", "failed")
    }
    return {
        "total_jobs": sum(sums.values()),
        **sums,
        "queues": queues,
        "last_updated": seconds_of(now),
    }


def punch(item: AttendanceItem) -> dict[str, Any]:
    """Return a punch."""
    return {
        **item.model_dump(mode="json", exclude={"punched_at", "received_at"}),
        "punched_at": seconds_of(item.punched_at),
        "received_at": seconds_of(item.received_at),
    }


def opening(opened: Opening) -> dict[str, Any]:
    """Return an unlocked door."""
    return {**opened.model_dump(), "unlock_time": seconds_of(opened.unlock_time)}


def problem(found: Problem | None) -> dict[str, Any] | None:
    """Return what is wrong with something, where that is data and not the answer."""
    return None if found is None else {"code": found.code, "details": found.details}
