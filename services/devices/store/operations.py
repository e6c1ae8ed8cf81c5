"""Operations: what was asked of a device, how it goes and how it ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from sqlalchemy import func, insert, or_, select, update

from services.devices.models import devices, operations, outbox
from shared.contracts import streams, subjects
from shared.contracts.errors import Problem
from shared.contracts.operations import Operation, Progress
from shared.kit import outbox as kit_outbox
from shared.kit.clock import new_id

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy import Row

    from shared.contracts.operations import OperationKind, OperationStatus
    from shared.kit.db import AsyncConnection

OUTBOX: Final = outbox
OPEN: Final = ("pending", "sent")
"""The statuses of what has not ended."""


class NewOperation(NamedTuple):
    """An operation that is about to be asked; ``action`` has its secrets masked."""

    id: UUID
    owner: str
    site: str
    device_id: int
    kind: OperationKind
    job_id: str | None
    created_at: datetime
    expires_at: datetime
    requested_by: str
    action: dict[str, Any]
    sealed: str | None = None
    after: UUID | None = None


class Stored(NamedTuple):
    """An operation as it stands."""

    id: UUID
    owner: str
    site: str
    device_id: int
    n: int
    kind: OperationKind
    status: OperationStatus
    job_id: str | None
    created_at: datetime
    sent_at: datetime | None
    finished_at: datetime | None
    expires_at: datetime
    attempts: int
    progress: Progress
    problem: Problem | None
    result: dict[str, Any] | None
    action: dict[str, Any]
    sealed: str | None
    after: UUID | None


STORED: Final = tuple(
    operations.c[name]
    for field in Stored._fields
    for name in (Progress.model_fields if field == "progress" else (field,))
)
"""The columns of ``stored``."""


def stored(row: Row[Any]) -> Stored:
    """Return an operation from its row."""
    plain = row._asdict()
    progress = Progress(**{name: plain.pop(name) for name in Progress.model_fields})
    problem = plain.pop("problem")
    return Stored(
        **plain,
        progress=progress,
        problem=Problem.model_validate(problem) if problem else None,
    )


# ── asking ───────────────────────────────────────────────────────────────────


async def add(connection: AsyncConnection, new: NewOperation) -> Stored:
    """Store an operation as the next of its device."""
    counted = (
        update(devices)
        .where(devices.c.id == new.device_id)
        .values(operations=devices.c.operations + 1)
    )
    n = await connection.scalar(counted.returning(devices.c.operations))
    counts = dict.fromkeys(("attempts", *Progress.model_fields), 0)
    values = {**new._asdict(), **counts, "n": n, "status": "pending"}
    statement = insert(operations).values(values).returning(*STORED)
    return stored((await connection.execute(statement)).one())


async def say(connection: AsyncConnection, known: Stored) -> None:
    """Leave an operation to the outbox of this transaction; what it asks for stays here."""
    message = Operation(
        operation_id=known.id,
        owner=known.owner,
        site=known.site,
        device_id=known.device_id,
        kind=known.kind,
        expires_at=known.expires_at,
    )
    where = subjects.operation(known.site, known.device_id, known.kind)
    stream = streams.operation_stream(known.site)
    # An id of its own each time: the stream would not take the same operation twice.
    said = kit_outbox.Said(stream, where, str(new_id()), message)
    await kit_outbox.write(connection, OUTBOX, [said])


async def open_of(
    connection: AsyncConnection, device_id: int, kind: OperationKind
) -> Stored | None:
    """Return the operation of a single kind that waits or runs on a device."""
    query = select(*STORED).where(
        operations.c.device_id == device_id,
        operations.c.kind == kind,
        operations.c.status.in_(OPEN),
    )
    row = (await connection.execute(query)).first()
    return stored(row) if row else None


async def queued_since(
    connection: AsyncConnection, device_id: int, kind: OperationKind, since: datetime
) -> frozenset[datetime]:
    """Return when operations of a kind were queued for a device, from a moment on."""
    query = select(operations.c.created_at).where(
        operations.c.device_id == device_id,
        operations.c.kind == kind,
        operations.c.created_at >= since,
    )
    return frozenset(await connection.scalars(query))


async def reopen(connection: AsyncConnection, operation_id: UUID, expires_at: datetime) -> Stored:
    """Make an operation that ended wait once more."""
    counts = dict.fromkeys(Progress.model_fields, 0)
    ending = dict.fromkeys(("sent_at", "finished_at", "problem", "result"), None)
    statement = (
        update(operations)
        .where(operations.c.id == operation_id)
        .values({"status": "pending", "expires_at": expires_at, **counts, **ending})
        .returning(*STORED)
    )
    return stored((await connection.execute(statement)).one())


# ── jobs ─────────────────────────────────────────────────────────────────────


async def one(connection: AsyncConnection, operation_id: UUID) -> Stored | None:
    """Return an operation."""
    row = (await connection.execute(select(*STORED).where(operations.c.id == operation_id))).first()
    return stored(row) if row else None


async def find(
    connection: AsyncConnection, owner: str, job_id: str, operation_id: UUID | None
) -> Stored | None:
    """Return an owner's operation by its job id, or by its own."""
    named = or_(operations.c.job_id == job_id, operations.c.id == operation_id)
    query = select(*STORED).where(operations.c.owner == owner, named)
    row = (await connection.execute(query)).first()
    return stored(row) if row else None


async def counts(
    connection: AsyncConnection, owner: str
) -> dict[tuple[OperationKind, OperationStatus], int]:
    """Count an owner's operations of each kind in each status."""
    query = (
        select(operations.c.kind, operations.c.status, func.count())
        .where(operations.c.owner == owner)
        .group_by(operations.c.kind, operations.c.status)
    )
    rows = await connection.execute(query)
    return {(kind, status): count for kind, status, count in rows}
