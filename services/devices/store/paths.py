"""The secret paths by which devices dial in: their digests, and how long each is good."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, and_, delete, insert, or_, select, update

from services.devices.models import devices, paths
from services.devices.store.devices import THERE

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from shared.kit.db import AsyncConnection


async def add(connection: AsyncConnection, device_id: int, digest: str, until: datetime) -> None:
    """Keep a device's newest path; the one before it is good until then."""
    mine = paths.c.device_id == device_id
    former = update(paths).where(mine, paths.c.until.is_(None))
    await connection.execute(former.values(until=until))
    await connection.execute(insert(paths).values(device_id=device_id, digest=digest))


async def forget_but(
    connection: AsyncConnection, device_id: int, newest: int, now: datetime
) -> None:
    """Let go of a device's paths that are no longer good, and of all but so many newest."""
    mine = paths.c.device_id == device_id
    kept = (
        select(paths.c.digest)
        .where(mine, _good(now))
        .order_by(paths.c.until.desc().nulls_first(), paths.c.digest)
        .limit(newest)
    )
    await connection.execute(delete(paths).where(mine, paths.c.digest.not_in(kept)))


async def good_of_site(
    connection: AsyncConnection, site: str, now: datetime
) -> dict[int, tuple[str, ...]]:
    """Return the digests of a site's paths that are good now, by device; of none any path is."""
    return await _digests(connection, and_(devices.c.site == site, THERE, _good(now)))


async def good_of(
    connection: AsyncConnection, device_ids: Iterable[int], now: datetime
) -> dict[int, tuple[str, ...]]:
    """Return the same of these devices."""
    wanted = paths.c.device_id.in_(list(device_ids))
    return await _digests(connection, and_(wanted, _good(now)))


async def _digests(
    connection: AsyncConnection, wanted: ColumnElement[bool]
) -> dict[int, tuple[str, ...]]:
    query = (
        select(paths.c.device_id, paths.c.digest)
        .join(devices, devices.c.id == paths.c.device_id)
        .where(wanted)
        # Always in the same order: an agent must not take the same list for another.
        .order_by(paths.c.device_id, paths.c.digest)
    )
    found: defaultdict[int, tuple[str, ...]] = defaultdict(tuple)
    for row in await connection.execute(query):
        found[row.device_id] += (row.digest,)
    return found


def _good(now: datetime) -> ColumnElement[bool]:
    return or_(paths.c.until.is_(None), paths.c.until > now)
