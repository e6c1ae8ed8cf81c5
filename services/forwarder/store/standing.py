"""How deliveries stand, by the punches they hold."""

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.forwarder.models import deliveries
from services.forwarder.store.deliveries import under_claim


class Standing(NamedTuple):
    """How a delivery stands."""

    id: UUID
    site: str
    target: str
    punch_ids: Sequence[UUID]
    status: Literal["delivered", "pending", "failed"]
    last_error: str | None
    response_status: int | None
    response: str | None
    claimed: bool
    """Whether an attempt may be under way."""


async def of_punches(
    connection: AsyncConnection, owner: str, punch_ids: Sequence[UUID]
) -> list[Standing]:
    """Return how the owner's deliveries stand that hold any of these punches, in their order."""
    query = (
        _standing()
        .where(deliveries.c.owner == owner, deliveries.c.punch_ids.overlap(list(punch_ids)))
        .order_by(deliveries.c.target, deliveries.c.sequence)
    )
    return [Standing(*row) for row in await connection.execute(query)]


async def of(connection: AsyncConnection, identity: UUID) -> Standing:
    """Return how a delivery stands."""
    query = _standing().where(deliveries.c.id == identity)
    return Standing(*(await connection.execute(query)).one())


def _standing() -> Select[Any]:
    claimed = under_claim().label("claimed")
    return select(*(deliveries.c[name] for name in Standing._fields if name != "claimed"), claimed)
