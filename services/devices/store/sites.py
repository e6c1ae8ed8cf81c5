"""Sites: a place, its zone, and the owner it belongs to for ever."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from services.devices.models import sites
from services.devices.settings import Site

if TYPE_CHECKING:
    from shared.kit.db import AsyncConnection

_SITE = (sites.c.id, sites.c.owner, sites.c.name, sites.c.zone)


async def put(connection: AsyncConnection, site: Site) -> bool:
    """Add a site or rename it; return False when it belongs to another owner."""
    statement = insert(sites).values(site._asdict())
    statement = statement.on_conflict_do_update(
        index_elements=[sites.c.id],
        set_={"name": site.name, "zone": site.zone},
        where=sites.c.owner == site.owner,
    )
    found = await connection.execute(statement.returning(sites.c.id))
    return found.first() is not None


async def every(connection: AsyncConnection) -> tuple[Site, ...]:
    """Return all sites of all owners."""
    rows = await connection.execute(select(*_SITE).order_by(sites.c.number))
    return tuple(Site(*row) for row in rows)


async def of_owner(connection: AsyncConnection, owner: str, site: str | None) -> Site | None:
    """Return the owner's site of this name, or the owner's first; None when there is none."""
    query = select(*_SITE).where(sites.c.owner == owner).order_by(sites.c.number).limit(1)
    if site is not None:
        query = query.where(sites.c.id == site)
    row = (await connection.execute(query)).first()
    return Site(*row) if row else None


async def hold(connection: AsyncConnection, site: str) -> str | None:
    """Return whose site this is, and let no device be added there until the commit; or None."""
    query = select(sites.c.owner).where(sites.c.id == site).with_for_update()
    owner: str | None = await connection.scalar(query)
    return owner


async def owner_of(connection: AsyncConnection, site: str) -> str | None:
    """Return whose site this is, or None when there is no such site."""
    owner: str | None = await connection.scalar(select(sites.c.owner).where(sites.c.id == site))
    return owner
