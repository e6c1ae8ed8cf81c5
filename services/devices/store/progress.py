"""How operations go and end; whoever locks a device as well locks the device first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from sqlalchemy import ColumnElement, and_, case, delete, exists, func, or_, select, update

from services.devices.models import operations
from services.devices.store.operations import OPEN, OUTBOX, STORED, lasts_until, stored
from shared.contracts import subjects
from shared.contracts.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from services.devices.store.operations import Stored
    from shared.contracts.actions import Enrolment
    from shared.contracts.operations import OperationStatus, Outcome
    from shared.kit.db import AsyncConnection

_AT_ONCE: Final = 200
# Secrets do not outlive their operation; that there were any must still be known.
_WIPED: Final = case((operations.c.sealed.is_not(None), ""))
_first = operations.alias("first")


class Ending(NamedTuple):
    """How an operation ends without an agent's word."""

    status: OperationStatus
    problem: Problem | None
    at: datetime


async def lock(connection: AsyncConnection, operation_id: UUID) -> Stored | None:
    """Return an operation and keep others from changing it until the commit."""
    query = select(*STORED).where(operations.c.id == operation_id).with_for_update()
    row = (await connection.execute(query)).first()
    return stored(row) if row else None


async def lock_followers(connection: AsyncConnection, operation_id: UUID) -> Sequence[Stored]:
    """Return what waits for the success of an operation."""
    query = select(*STORED).where(
        operations.c.after == operation_id, operations.c.status == "pending"
    )
    return [stored(row) for row in await connection.execute(query.with_for_update())]


# ── going ────────────────────────────────────────────────────────────────────


async def start(
    connection: AsyncConnection, operation_id: UUID, at: datetime, expires_at: datetime
) -> int:
    """Note that an agent begins an operation, and until when it has to say more.

    Returns which attempt this is, from 1 on; one that is counted already is not counted again.
    """
    more = case((operations.c.counted, 0), else_=1)
    statement = (
        update(operations)
        .where(operations.c.id == operation_id)
        .values(
            status="sent",
            sent_at=at,
            attempts=operations.c.attempts + more,
            counted=False,
            expires_at=_later(expires_at),
        )
    )
    attempt: int = (
        await connection.execute(statement.returning(operations.c.attempts))
    ).scalar_one()
    return attempt


def _later(expires_at: datetime) -> ColumnElement[datetime]:
    # What lasts keeps the time it has.
    return func.greatest(operations.c.expires_at, expires_at)


async def go_back(connection: AsyncConnection, operation_id: UUID) -> None:
    """Note that a lasting operation waits for its device again; its next start is a new attempt.

    It waits no longer than it would have without the attempt, or it might never end.
    """
    statement = update(operations).where(operations.c.id == operation_id)
    waits = {"status": "pending", "sent_at": None, "expires_at": operations.c.lasts_until}
    await connection.execute(statement.values(waits))


async def prolong(connection: AsyncConnection, operation_id: UUID, expires_at: datetime) -> Stored:
    """Give a waiting operation time from now on: what it waited for has succeeded."""
    statement = update(operations).where(operations.c.id == operation_id)
    values = {"expires_at": _later(expires_at), "lasts_until": lasts_until(expires_at)}
    return stored((await connection.execute(statement.values(values).returning(*STORED))).one())


async def note_enrolment(
    connection: AsyncConnection, operation_id: UUID, enrolment: Enrolment
) -> None:
    """Keep how far an enrolment has come."""
    statement = update(operations).where(operations.c.id == operation_id)
    await connection.execute(statement.values(enrolment=enrolment.model_dump(mode="json")))


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
        "result": outcome.result.model_dump(mode="json") if outcome.result else None,
    }
    if outcome.status in {"sent", "success"}:
        # An agent of the first version does not ask for leave: its word is the start. What failed
        # without being sent never began.
        values["sent_at"] = func.coalesce(operations.c.sent_at, outcome.at)
        values |= {"attempts": func.greatest(operations.c.attempts, 1), "counted": False}
    if outcome.said is not None:
        values["said"] = outcome.said
    if outcome.status == "sent":
        values["expires_at"] = _later(expires_at)
    else:
        values |= {"finished_at": outcome.at, "sealed": _WIPED}
    await connection.execute(
        update(operations).where(operations.c.id == outcome.operation_id).values(values)
    )


# ── ending ───────────────────────────────────────────────────────────────────


async def end(connection: AsyncConnection, operation_id: UUID, ending: Ending) -> None:
    """End an open operation; nothing when it has ended."""
    await _end(connection, operations.c.id == operation_id, ending)


async def abandon(connection: AsyncConnection, site: str, device_id: int, ending: Ending) -> None:
    """End what waits or runs on a device, and unsay what was not said yet; unlocks end alone."""
    await _end(
        connection,
        and_(operations.c.device_id == device_id, operations.c.kind != "unlock"),
        ending,
    )
    own = subjects.operations_of(site, device_id).removesuffix(subjects.ANY)
    unsaid = OUTBOX.c.subject.startswith(own, autoescape=True)
    await connection.execute(delete(OUTBOX).where(unsaid))


async def _end(connection: AsyncConnection, which: ColumnElement[bool], ending: Ending) -> None:
    problem = ending.problem.model_dump(mode="json") if ending.problem else None
    await connection.execute(
        update(operations)
        .where(which, operations.c.status.in_(OPEN))
        .values(status=ending.status, finished_at=ending.at, problem=problem, sealed=_WIPED)
    )


async def lock_overdue(connection: AsyncConnection, before: datetime) -> Sequence[Stored]:
    """Return open operations whose time was up before a moment; other sweepers skip them.

    What waits for another operation has time for as long as that one.
    """
    waits = exists().where(_first.c.id == operations.c.after, _first.c.status.in_(OPEN))
    query = (
        select(*STORED)
        .where(
            operations.c.status.in_(OPEN),
            operations.c.expires_at < before,
            or_(operations.c.after.is_(None), ~waits),
        )
        .order_by(operations.c.expires_at)
        .limit(_AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    return [stored(row) for row in await connection.execute(query)]


async def lock_in_vain(connection: AsyncConnection) -> Sequence[tuple[UUID, Problem | None]]:
    """Return what waits for an operation that did not succeed, with that one's problem."""
    query = (
        select(operations.c.id, _first.c.problem)
        .join(_first, _first.c.id == operations.c.after)
        .where(operations.c.status == "pending", _first.c.status.in_(("failed", "canceled")))
        .limit(_AT_ONCE)
        .with_for_update(of=operations, skip_locked=True)
    )
    rows = await connection.execute(query)
    return [(row.id, Problem.model_validate(row.problem) if row.problem else None) for row in rows]
