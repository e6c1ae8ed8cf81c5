"""Operations: what was asked of a device, how it goes and how it ended."""

from __future__ import annotations

from collections import Counter
from itertools import count
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from sqlalchemy import ColumnElement, and_, case, false, func, insert, or_, select, update

from services.devices.models import devices, operations, outbox
from shared.contracts import streams, subjects
from shared.contracts.actions import Enrolment
from shared.contracts.errors import Problem
from shared.contracts.operations import Operation, Progress
from shared.kit import outbox as kit_outbox
from shared.kit.clock import new_id

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
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
    lasts_until: datetime | None = None


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
    lasts_until: datetime | None
    counted: bool
    enrolment: Enrolment | None

    @property
    def lasting(self) -> bool:
        """Whether it waits for a device that is away."""
        return self.lasts_until is not None


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
    problem, enrolment = plain.pop("problem"), plain.pop("enrolment")
    return Stored(
        **plain,
        progress=progress,
        problem=Problem.model_validate(problem) if problem else None,
        enrolment=Enrolment.model_validate(enrolment) if enrolment else None,
    )


# ── asking ───────────────────────────────────────────────────────────────────


async def add(connection: AsyncConnection, new: NewOperation) -> Stored:
    """Store an operation as the next of its device."""
    (known,) = await add_all(connection, [new])
    return known


async def add_all(connection: AsyncConnection, asked: Sequence[NewOperation]) -> list[Stored]:
    """Store operations as the next of their devices, in this order; what waits comes later."""
    if not asked:
        return []
    places = Counter(new.device_id for new in asked)
    # Always in the same order, so that two who ask never wait for each other.
    following = {each: await _following(connection, each, places[each]) for each in sorted(places)}
    counts = dict.fromkeys(("attempts", *Progress.model_fields), 0)
    rows = [
        {**new._asdict(), **counts, "n": next(following[new.device_id]), "status": "pending"}
        for new in asked
    ]
    found = await connection.execute(insert(operations).returning(*STORED), rows)
    known = {each.id: each for each in map(stored, found)}
    return [known[new.id] for new in asked]


async def _following(connection: AsyncConnection, device_id: int, added: int) -> count[int]:
    """Take the numbers of so many operations of a device; return them, from the first on."""
    statement = (
        update(devices)
        .where(devices.c.id == device_id)
        .values(operations=devices.c.operations + added)
        .returning(devices.c.operations)
    )
    last: int = (await connection.execute(statement)).scalar_one()
    return count(last - added + 1)


async def say(connection: AsyncConnection, *known: Stored) -> None:
    """Leave operations to the outbox of this transaction; what they ask for stays here."""
    await kit_outbox.write(connection, OUTBOX, [_said(each) for each in known])


def _said(known: Stored) -> kit_outbox.Said:
    message = Operation(
        operation_id=known.id,
        owner=known.owner,
        site=known.site,
        device_id=known.device_id,
        kind=known.kind,
        expires_at=known.expires_at,
        lasting=known.lasting,
    )
    where = subjects.operation(known.site, known.device_id, known.kind)
    stream = streams.operation_stream(known.site)
    # An id of its own each time: the stream would not take the same operation twice.
    return kit_outbox.Said(stream, where, str(new_id()), message)


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
    """Make an operation that ended wait once more, for an attempt that is counted at once."""
    ending = ("sent_at", "finished_at", "problem", "result", "said", "enrolment")
    fresh: dict[str, Any] = {**dict.fromkeys(Progress.model_fields, 0), **dict.fromkeys(ending)}
    # What was counted and then never began is the attempt that is counted now.
    more = case((operations.c.counted, 0), else_=1)
    fresh |= {"attempts": operations.c.attempts + more, "counted": True}
    fresh |= {"expires_at": expires_at, "lasts_until": lasts_until(expires_at)}
    statement = (
        update(operations)
        .where(operations.c.id == operation_id)
        .values({"status": "pending", **fresh})
        .returning(*STORED)
    )
    return stored((await connection.execute(statement)).one())


def lasts_until(expires_at: datetime) -> ColumnElement[datetime]:
    """Return until when an operation waits for its device that is given this time, if it lasts."""
    return case((operations.c.lasts_until.is_not(None), expires_at))


# ── jobs ─────────────────────────────────────────────────────────────────────


async def one(connection: AsyncConnection, operation_id: UUID) -> Stored | None:
    """Return an operation."""
    row = (await connection.execute(select(*STORED).where(operations.c.id == operation_id))).first()
    return stored(row) if row else None


async def several(connection: AsyncConnection, ids: Iterable[UUID]) -> list[Stored]:
    """Return operations, in no order."""
    query = select(*STORED).where(operations.c.id.in_(list(ids)))
    return [stored(row) for row in await connection.execute(query)]


def named(owner: str, job_id: str, ids: tuple[UUID, UUID] | None) -> ColumnElement[bool]:
    """Return what is true of an owner's operation of this job id, or with an id in this range."""
    by_id = operations.c.id.between(*ids) if ids else false()
    return and_(operations.c.owner == owner, or_(operations.c.job_id == job_id, by_id))


async def find(
    connection: AsyncConnection, owner: str, job_id: str, ids: tuple[UUID, UUID] | None
) -> Stored | None:
    """Return an owner's operation by its job id, or by its own."""
    query = select(*STORED).where(named(owner, job_id, ids))
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
    return {(kind, status): total for kind, status, total in await connection.execute(query)}
