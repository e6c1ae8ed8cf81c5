"""Devices that dialled in, are not served, and wait for approval."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import and_, delete, func, select
from sqlalchemy.dialects.postgresql import insert

from services.devices.models import pending
from shared.contracts.devices import PendingDevice, PendingPage

if TYPE_CHECKING:
    from datetime import datetime

    from shared.contracts.devices import ListPending
    from shared.contracts.readings import Hardware
    from shared.kit.db import AsyncConnection

_KEY = ("site", "serial_number")


class Sighting(NamedTuple):
    """One more time that a device dialled in to a site and was not served."""

    site: str
    owner: str
    serial_number: str
    dialect: str
    reason: str
    address: str
    path: str
    hardware: Hardware
    at: datetime


async def note(connection: AsyncConnection, seen: Sighting) -> None:
    """Keep what was seen last of a device, when it was first, and how often."""
    values: dict[str, Any] = {**seen._asdict(), "hardware": seen.hardware.model_dump()}
    at = values.pop("at")
    new = insert(pending).values(**values, times=1, first_seen_at=at, last_seen_at=at)
    statement = new.on_conflict_do_update(
        index_elements=[pending.c[name] for name in _KEY],
        set_={name: new.excluded[name] for name in values if name not in _KEY}
        | {"times": pending.c.times + 1, "last_seen_at": at},
    )
    await connection.execute(statement)


async def forget_but(connection: AsyncConnection, site: str, limit: int) -> None:
    """Let go of the devices of a site that were longest unseen, so that so many remain."""
    here = pending.c.site == site
    unseen = (
        select(pending.c.serial_number)
        .where(here)
        .order_by(pending.c.last_seen_at.desc(), pending.c.serial_number)
        .offset(limit)
    )
    await connection.execute(delete(pending).where(here, pending.c.serial_number.in_(unseen)))


async def forget(connection: AsyncConnection, owner: str, serial: str) -> None:
    """Let go of a device at every site of an owner: it waits no longer."""
    mine = and_(pending.c.owner == owner, pending.c.serial_number == serial)
    await connection.execute(delete(pending).where(mine))


async def newest(connection: AsyncConnection, owner: str, serial: str) -> PendingDevice | None:
    """Return a device that waits at one of an owner's sites: where it was seen last."""
    mine = and_(pending.c.owner == owner, pending.c.serial_number == serial)
    query = select(pending).where(mine).order_by(pending.c.last_seen_at.desc()).limit(1)
    row = (await connection.execute(query)).first()
    return PendingDevice.model_validate(row._asdict()) if row else None


async def page(
    connection: AsyncConnection, owner: str, asked: ListPending, offset: int
) -> PendingPage:
    """Return one page of those that wait at an owner's sites, newest first."""
    mine = pending.c.owner == owner
    query = (
        select(pending)
        .where(mine)
        .order_by(pending.c.last_seen_at.desc(), pending.c.serial_number, pending.c.site)
        .offset(offset)
        .limit(asked.limit)
    )
    rows = await connection.execute(query)
    items = tuple(PendingDevice.model_validate(row._asdict()) for row in rows)
    total = await connection.scalar(select(func.count()).select_from(pending).where(mine))
    return PendingPage(items=items, total=total or 0)
