"""What was heard of each site's record, what was missed, and what is withheld."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from sqlalchemy import delete, insert, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.forwarder.models import feeds, gaps, inbox, withheld
from shared.contracts.attendance import PunchesRecorded

Range = tuple[int, int]


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
