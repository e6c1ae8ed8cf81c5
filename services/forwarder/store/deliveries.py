"""Deliveries in line for their target: queued, claimed, settled, and what is said of that."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Update, false, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.forwarder.models import deliveries, said, targets
from shared.contracts.attendance import PunchesRecorded
from shared.contracts.deliveries import DeliveryNews
from shared.contracts.streams import DELIVERY
from shared.contracts.subjects import delivery as subject_of
from shared.kit import outbox

OUTBOX: Final = said
"""For the relay."""

CLAIM_SECONDS: Final = 30.0
"""How long a delivery is the claimer's alone: longer than any attempt may take."""


class Delivery(NamedTuple):
    """A delivery and how often it was tried."""

    id: UUID
    owner: str
    site: str
    target: str
    sequence: int
    serial_number: str
    records: Sequence[Mapping[str, Any]]
    punch_ids: Sequence[UUID]
    headers: Mapping[str, str]
    attempts: int
    refusals: int


class Result(NamedTuple):
    """How an attempt ended and what becomes of its delivery."""

    status: Literal["delivered", "pending", "failed"]
    error: str | None
    refused: bool
    delay: float
    response: str
    response_status: int | None = None


async def next_sequence(connection: AsyncConnection, target: str, number: int) -> int:
    """Take the next numbers of a target and return the first; others wait for this commit."""
    statement = upsert(targets).values(name=target, sequence=number)
    statement = statement.on_conflict_do_update(
        index_elements=["name"], set_={"sequence": targets.c.sequence + number}
    )
    last: int = (await connection.execute(statement.returning(targets.c.sequence))).scalar_one()
    return last - number + 1


async def queue(
    connection: AsyncConnection,
    event: PunchesRecorded,
    target: str,
    drafts: Sequence[tuple[UUID, Sequence[Mapping[str, Any]], Sequence[UUID]]],
    headers: Mapping[str, str],
    *,
    error: str | None = None,
) -> None:
    """Queue an event's deliveries to a target; with an error, put them on record as failed."""
    first = await next_sequence(connection, target, len(drafts))
    rows = [
        {
            "id": identity,
            "owner": event.owner,
            "site": event.site,
            "target": target,
            "sequence": sequence,
            "event_id": event.event_id,
            "serial_number": event.serial_number,
            "records": list(records),
            "punch_ids": list(punch_ids),
            "headers": dict(headers),
            "status": "failed" if error else "pending",
            "last_error": error,
        }
        for sequence, (identity, records, punch_ids) in enumerate(drafts, first)
    ]
    await connection.execute(insert(deliveries), rows)


async def claim(connection: AsyncConnection, target: str) -> Delivery | None:
    """Make the first pending delivery of a target the caller's alone, for CLAIM_SECONDS.

    Return None when there is none or it is not due. The first one only: whoever finds it claimed
    waits, so that nothing overtakes it. A claim counts as an attempt.
    """
    first = _first(deliveries.c.id, target).with_for_update().scalar_subquery()
    statement = update(deliveries).where(
        deliveries.c.id == first, deliveries.c.next_attempt_at <= func.clock_timestamp()
    )
    return await _claimed(connection, statement)


async def _claimed(connection: AsyncConnection, wanted: Update) -> Delivery | None:
    until = _in(CLAIM_SECONDS)
    statement = wanted.values(
        status="pending",
        attempts=deliveries.c.attempts + 1,
        next_attempt_at=until,
        claimed_until=until,
        settled_at=None,
    ).returning(*(deliveries.c[name] for name in Delivery._fields))
    row = (await connection.execute(statement)).one_or_none()
    return None if row is None else Delivery(*row)


async def claim_this(connection: AsyncConnection, identity: UUID) -> Delivery | None:
    """Make one delivery the caller's alone, due or not; one that had failed is pending again.

    Return None when it is delivered, or somebody else's now.
    """
    return await _claimed(
        connection,
        update(deliveries).where(
            deliveries.c.id == identity, deliveries.c.status != "delivered", ~under_claim()
        ),
    )


async def move(connection: AsyncConnection, delivery: Delivery, target: str) -> Delivery:
    """Put a claimed delivery at the end of another target's line."""
    sequence = await next_sequence(connection, target, 1)
    await connection.execute(
        update(deliveries)
        .where(deliveries.c.id == delivery.id)
        .values(target=target, sequence=sequence)
    )
    return delivery._replace(target=target, sequence=sequence)


def under_claim() -> ColumnElement[bool]:
    """Return the condition for a delivery of which an attempt may be under way."""
    return func.coalesce(deliveries.c.claimed_until > func.clock_timestamp(), false())


async def rest(connection: AsyncConnection, target: str) -> float | None:
    """Return the seconds until the first pending delivery is due, None when there is none."""
    due = func.extract("epoch", deliveries.c.next_attempt_at - func.clock_timestamp())
    seconds = (await connection.execute(_first(due, target))).scalar_one_or_none()
    return None if seconds is None else float(seconds)


def _first(what: ColumnElement[Any], target: str) -> Select[Any]:
    return (
        select(what)
        .where(deliveries.c.target == target, deliveries.c.status == "pending")
        .order_by(deliveries.c.sequence)
        .limit(1)
    )


async def settle(connection: AsyncConnection, delivery: Delivery, result: Result) -> bool:
    """Record how an attempt ended; return False when the claim had been lost meanwhile."""
    done = await connection.execute(
        update(deliveries)
        .where(
            deliveries.c.id == delivery.id,
            deliveries.c.status == "pending",
            # Each claim has its own number of attempts: a late word of an old one changes nothing.
            deliveries.c.attempts == delivery.attempts,
        )
        .values(
            status=result.status,
            last_error=result.error,
            refusals=deliveries.c.refusals + int(result.refused),
            next_attempt_at=_in(result.delay),
            claimed_until=None,
            response_status=result.response_status,
            response=result.response,
            settled_at=None if result.status == "pending" else func.clock_timestamp(),
        )
    )
    return bool(done.rowcount == 1)


async def say(connection: AsyncConnection, target: str, news: Sequence[DeliveryNews]) -> None:
    """Leave news to the outbox; each attempt's have an id of their own."""
    await outbox.write(
        connection,
        said,
        [
            outbox.Said(
                DELIVERY,
                subject_of(each.site, target),
                f"{each.delivery_id}/{each.attempt}",
                each,
            )
            for each in news
        ],
    )


def _in(seconds: float) -> Any:
    return func.clock_timestamp() + func.make_interval(0, 0, 0, 0, 0, 0, seconds)
