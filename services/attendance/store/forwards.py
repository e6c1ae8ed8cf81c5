"""How the forwarding of punches stands, as the forwarder's news tell it."""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ARRAY, Uuid, and_, func, literal, select, tuple_
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.attendance.models import forwards, punches
from shared.contracts.deliveries import DeliveryNews


class Progress(NamedTuple):
    """How far some punches are."""

    waiting: int
    """Those of which nothing was heard yet; one without an instant is never forwarded."""
    delivered: int


async def keep(connection: AsyncConnection, news: DeliveryNews) -> None:
    """Set how the punches of a delivery stand; news come in any order, and again.

    What stays is the greatest by (delivered, attempt, delivery): what was delivered is so for good,
    else the latest attempt counts, and of two deliveries at the same attempt always the same one.
    """
    delivered, tried = news.status == "delivered", news.status != "untargeted"
    same = {
        "owner": news.owner,
        "delivery_id": news.delivery_id,
        "attempt": news.attempt,
        "is_send": tried,
        "send_failed": tried and not delivered,
        "forwarded_at": news.at if delivered else None,
        "response": news.response,
        "last_attempt_error": news.error,
    }
    # Each once, and sorted, so that two writers never wait for each other.
    ids = literal(sorted(set(news.punch_ids)), ARRAY(Uuid))
    values = select(
        func.unnest(ids).label("punch_id"),
        *(literal(value, forwards.c[name].type).label(name) for name, value in same.items()),
    )
    statement = upsert(forwards).from_select(["punch_id", *same], values)
    new = statement.excluded
    rank, new_rank = (
        tuple_(each.forwarded_at.is_not(None), each.attempt, each.delivery_id)
        for each in (forwards.c, new)
    )
    await connection.execute(
        statement.on_conflict_do_update(
            index_elements=["owner", "punch_id"],
            set_={name: new[name] for name in same if name != "owner"},
            where=rank < new_rank,
        )
    )


async def progress(connection: AsyncConnection, owner: str, ids: Sequence[UUID]) -> Progress:
    """Return how far the owner's punches of these ids are."""
    of_punch = and_(forwards.c.owner == punches.c.owner, forwards.c.punch_id == punches.c.id)
    unheard = and_(forwards.c.attempt.is_(None), punches.c.punched_at.is_not(None))
    query = (
        select(
            func.count().filter(unheard),
            func.count().filter(forwards.c.forwarded_at.is_not(None)),
        )
        .select_from(punches.outerjoin(forwards, of_punch))
        .where(punches.c.owner == owner, punches.c.id == func.any(list(ids)))
    )
    return Progress(*(await connection.execute(query)).one())
