"""Operations: what was asked of a device, how it goes and how it ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import func, insert, select, update

from services.devices.models import devices, operations, outbox
from shared.contracts.devices import Progress
from shared.contracts.errors import Problem
from shared.kit import outbox as kit_outbox

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy import Row

    from shared.contracts.devices import OperationKind, OperationStatus, Outcome
    from shared.kit.db import AsyncConnection

OUTBOX = outbox
_OPEN = ("pending", "sent")


class NewOperation(NamedTuple):
    """An operation that is about to be asked."""

    id: UUID
    owner: str
    site: str
    device_id: int
    kind: OperationKind
    job_id: str | None
    created_at: datetime
    expires_at: datetime
    requested_by: str


class Stored(NamedTuple):
    """An operation as it stands."""

    id: UUID
    owner: str
    site: str
    device_id: int
    kind: OperationKind
    status: OperationStatus
    job_id: str | None
    created_at: datetime
    sent_at: datetime | None
    finished_at: datetime | None
    progress: Progress
    problem: Problem | None


_STORED = tuple(
    operations.c[name]
    for name in (
        *("id", "owner", "site", "device_id", "kind", "status", "job_id"),
        *("created_at", "sent_at", "finished_at", "read", "receipted", "recorded", "problem"),
    )
)


def _stored(row: Row[Any]) -> Stored:
    plain = row._asdict()
    progress = Progress(**{name: plain.pop(name) for name in Progress.model_fields})
    problem = plain.pop("problem")
    return Stored(
        **plain,
        progress=progress,
        problem=Problem.model_validate(problem) if problem else None,
    )


async def add(connection: AsyncConnection, new: NewOperation) -> None:
    """Store an operation as the next of its device."""
    counted = (
        update(devices)
        .where(devices.c.id == new.device_id)
        .values(operations=devices.c.operations + 1)
    )
    n = await connection.scalar(counted.returning(devices.c.operations))
    counts = {"attempts": 0, "read": 0, "receipted": 0, "recorded": 0}
    await connection.execute(
        insert(operations).values({**new._asdict(), **counts, "n": n, "status": "pending"})
    )


async def say(connection: AsyncConnection, said: kit_outbox.Said) -> None:
    """Write a message to the outbox of this transaction."""
    await kit_outbox.write(connection, OUTBOX, [said])


async def open_sync(connection: AsyncConnection, device_id: int) -> Stored | None:
    """Return the sync of a device that waits or runs."""
    query = select(*_STORED).where(
        operations.c.device_id == device_id,
        operations.c.kind == "read_log",
        operations.c.status.in_(_OPEN),
    )
    row = (await connection.execute(query)).first()
    return _stored(row) if row else None


async def syncs_queued_since(
    connection: AsyncConnection, device_id: int, since: datetime
) -> frozenset[datetime]:
    """Return when syncs of a device were queued, from a moment on."""
    query = select(operations.c.created_at).where(
        operations.c.device_id == device_id,
        operations.c.kind == "read_log",
        operations.c.created_at >= since,
    )
    return frozenset(await connection.scalars(query))


async def lock(connection: AsyncConnection, operation_id: UUID) -> Stored | None:
    """Return an operation and keep others from changing it until the commit."""
    query = select(*_STORED).where(operations.c.id == operation_id).with_for_update()
    row = (await connection.execute(query)).first()
    return _stored(row) if row else None


async def by_job(connection: AsyncConnection, owner: str, job_id: str) -> Stored | None:
    """Return the operation of an owner's job."""
    query = select(*_STORED).where(operations.c.owner == owner, operations.c.job_id == job_id)
    row = (await connection.execute(query)).first()
    return _stored(row) if row else None


async def syncs_by_status(connection: AsyncConnection, owner: str) -> dict[OperationStatus, int]:
    """Count an owner's syncs."""
    query = (
        select(operations.c.status, func.count())
        .where(operations.c.owner == owner, operations.c.kind == "read_log")
        .group_by(operations.c.status)
    )
    return {status: count for status, count in await connection.execute(query)}  # noqa: C416 - a Row is no pair to mypy


async def start_unlock(
    connection: AsyncConnection, owner: str, operation_id: UUID, device_id: int, at: datetime
) -> bool:
    """Take a permitted unlock from pending to sent, once; False when it is not there to take."""
    statement = (
        update(operations)
        .where(
            operations.c.id == operation_id,
            operations.c.owner == owner,
            operations.c.device_id == device_id,
            operations.c.kind == "unlock",
            operations.c.status == "pending",
            operations.c.expires_at > at,
        )
        .values(status="sent", sent_at=at, attempts=1)
    )
    return (await connection.execute(statement)).rowcount == 1


async def record(connection: AsyncConnection, outcome: Outcome, expires_at: datetime) -> None:
    """Record how an operation goes or ended; while it goes, it has until ``expires_at``."""
    values: dict[str, Any] = {
        "status": outcome.status,
        **outcome.progress.model_dump(),
        "problem": outcome.problem.model_dump(mode="json") if outcome.problem else None,
    }
    if outcome.status in {"sent", "success"}:
        # What failed without being sent never began.
        values["sent_at"] = func.coalesce(operations.c.sent_at, outcome.at)
        values["attempts"] = func.greatest(operations.c.attempts, 1)
    if outcome.status == "sent":
        values["expires_at"] = expires_at
    else:
        values["finished_at"] = outcome.at
    await connection.execute(
        update(operations).where(operations.c.id == outcome.operation_id).values(values)
    )


async def end(
    connection: AsyncConnection, operation_id: UUID, problem: Problem | None, at: datetime
) -> None:
    """End an open operation as failed with a problem, or as a success without one."""
    await connection.execute(
        update(operations)
        .where(operations.c.id == operation_id, operations.c.status.in_(_OPEN))
        .values(
            status="failed" if problem else "success",
            finished_at=at,
            problem=problem.model_dump(mode="json") if problem else None,
        )
    )


async def lock_overdue(connection: AsyncConnection, before: datetime) -> Collection[Stored]:
    """Return open operations whose time was up before a moment; other sweepers skip them."""
    query = (
        select(*_STORED)
        .where(operations.c.status.in_(_OPEN), operations.c.expires_at < before)
        .order_by(operations.c.expires_at)
        .limit(200)
        .with_for_update(skip_locked=True)
    )
    return [_stored(row) for row in await connection.execute(query)]
