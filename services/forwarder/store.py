"""All SQL of the forwarder: each function does its part of the caller's transaction."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Select, delete, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.forwarder.models import deliveries, feeds, gaps, inbox, targets, withheld
from shared.contracts.attendance import PunchesRecorded

CLAIM_SECONDS: Final = 30.0
"""How long a delivery is its worker's alone: longer than any attempt may take."""

Range = tuple[int, int]


class Delivery(NamedTuple):
    """A delivery and how often it was tried."""

    id: UUID
    sequence: int
    serial_number: str
    records: Sequence[Mapping[str, Any]]
    punch_ids: Sequence[UUID]
    headers: Mapping[str, str]
    attempts: int
    refusals: int


class Result(NamedTuple):
    """How an attempt ended and what becomes of its delivery."""

    status: str
    error: str | None
    refused: bool
    delay: float
    response: str
    response_status: int | None = None


async def lock_feed(connection: AsyncConnection, site: str, owner: str) -> int:
    """Lock a site's record until the transaction ends; return its last position, 0 at first."""
    statement = (
        upsert(feeds)
        .values(site=site, owner=owner, position=0)
        .on_conflict_do_update(index_elements=["site"], set_={"position": feeds.c.position})
        .returning(feeds.c.position)
    )
    position: int = (await connection.execute(statement)).scalar_one()
    return position


async def move_feed(connection: AsyncConnection, site: str, position: int) -> None:
    """Set the last position heard of a site."""
    await connection.execute(update(feeds).where(feeds.c.site == site).values(position=position))


async def take(connection: AsyncConnection, event: PunchesRecorded) -> bool:
    """Put an event on record; return False when it is there already."""
    statement = (
        upsert(inbox)
        .values(
            event_id=event.event_id,
            owner=event.owner,
            site=event.site,
            first_position=event.first_position,
            last_position=event.last_position,
        )
        .on_conflict_do_nothing(index_elements=["event_id"])
        .returning(inbox.c.event_id)
    )
    return (await connection.execute(statement)).scalar_one_or_none() is not None


async def add_gaps(
    connection: AsyncConnection, site: str, owner: str, missing: Iterable[Range]
) -> None:
    """Record positions that were not heard."""
    rows = [
        {"site": site, "owner": owner, "first_position": first, "last_position": last}
        for first, last in missing
    ]
    if rows:
        await connection.execute(insert(gaps), rows)


async def pop_gaps(connection: AsyncConnection, site: str, heard: Range) -> list[Range]:
    """Take away and return the gaps of a site that touch these positions."""
    first, last = heard
    statement = (
        delete(gaps)
        .where(gaps.c.site == site, gaps.c.first_position <= last, gaps.c.last_position >= first)
        .returning(gaps.c.first_position, gaps.c.last_position)
    )
    return [(row[0], row[1]) for row in await connection.execute(statement)]


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
) -> None:
    """Queue an event's deliveries to a target."""
    first = await next_sequence(connection, target, len(drafts))
    rows = [
        {
            "id": identity,
            "owner": event.owner,
            "target": target,
            "sequence": sequence,
            "event_id": event.event_id,
            "serial_number": event.serial_number,
            "records": list(records),
            "punch_ids": list(punch_ids),
            "headers": dict(headers),
        }
        for sequence, (identity, records, punch_ids) in enumerate(drafts, first)
    ]
    await connection.execute(insert(deliveries), rows)


async def withhold(
    connection: AsyncConnection, event: PunchesRecorded, punches: Sequence[tuple[UUID, int, str]]
) -> None:
    """Record punches that are not forwarded, and why."""
    same = {"owner": event.owner, "site": event.site}
    rows = [
        {**same, "punch_id": identity, "position": position, "reason": reason}
        for identity, position, reason in punches
    ]
    await connection.execute(upsert(withheld).on_conflict_do_nothing(), rows)


async def claim(connection: AsyncConnection, target: str) -> Delivery | None:
    """Make the first pending delivery of a target the caller's alone, for CLAIM_SECONDS.

    Return None when there is none or it is not due. The first one only: whoever finds it claimed
    waits, so that nothing overtakes it. A claim counts as an attempt.
    """
    first = _first(deliveries.c.id, target).with_for_update().scalar_subquery()
    statement = (
        update(deliveries)
        .where(deliveries.c.id == first, deliveries.c.next_attempt_at <= func.clock_timestamp())
        .values(attempts=deliveries.c.attempts + 1, next_attempt_at=_in(CLAIM_SECONDS))
        .returning(*(deliveries.c[name] for name in Delivery._fields))
    )
    row = (await connection.execute(statement)).one_or_none()
    return None if row is None else Delivery(*row)


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
            response_status=result.response_status,
            response=result.response,
            settled_at=None if result.status == "pending" else func.clock_timestamp(),
        )
    )
    return bool(done.rowcount == 1)


def _in(seconds: float) -> Any:
    return func.clock_timestamp() + func.make_interval(0, 0, 0, 0, 0, 0, seconds)
