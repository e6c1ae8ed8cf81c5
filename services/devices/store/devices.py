"""Devices: stored, changed and removed; a removed one is not there for any of this."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from sqlalchemy import ColumnElement, and_, delete, exists, false, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError

from services.devices.models import device_users, devices, paths, presence, templates

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from shared.kit.db import AsyncConnection

THERE: Final[ColumnElement[bool]] = devices.c.removed_at.is_(None)
"""What is true of a device that was not removed."""

_LARGEST_ID: Final = 2**31 - 1


class NewDevice(NamedTuple):
    """A device that was reached, or dials in, and is to be stored; ``comm_key`` is sealed."""

    owner: str
    site: str
    name: str
    ip: str
    port: int
    location: str
    serial_number: str
    device_serial: str | None
    dialect: str
    zone: str
    comm_key: str
    wire: dict[str, Any]
    hardware: dict[str, Any] | None
    created_at: datetime


class Namesake(NamedTuple):
    """An owner's device of a serial, and where it is."""

    id: int
    site: str
    dialect: str
    hardware: dict[str, Any] | None


def mine(owner: str, device_id: int) -> ColumnElement[bool]:
    """Return what is true of one device of an owner's."""
    # The database does not compare with a number that its column cannot hold.
    if abs(device_id) > _LARGEST_ID:
        return false()
    return and_(devices.c.owner == owner, devices.c.id == device_id, THERE)


async def ip_taken(
    connection: AsyncConnection, owner: str, site: str, ip: str, *, but: int = 0
) -> bool:
    """Tell whether a device of this site, ``but`` for one, has this IP; '' is none."""
    query = exists().where(
        devices.c.owner == owner,
        devices.c.site == site,
        devices.c.ip == ip,
        devices.c.ip != "",
        devices.c.id != but,
        THERE,
    )
    return bool(await connection.scalar(select(query)))


async def serial_taken(
    connection: AsyncConnection, owner: str, *serials: str, but: int = 0
) -> bool:
    """Tell whether a device of this owner has one of these serials, in whatever case."""
    query = exists().where(devices.c.owner == owner, has_serial(*serials), devices.c.id != but)
    return bool(await connection.scalar(select(query)))


def has_serial(*serials: str) -> ColumnElement[bool]:
    """Return what is true of a device with such a serial, registered or reported; '' is none.

    In whatever case: by the database's own rule on both sides, for others differ on rare letters.
    """
    wanted = [func.upper(each) for each in serials if each]
    columns = (devices.c.serial_number, devices.c.device_serial)
    return and_(THERE, or_(*(func.upper(each).in_(wanted) for each in columns)))


async def namesake(connection: AsyncConnection, owner: str, serial: str) -> Namesake | None:
    """Return the owner's device of a serial, in whatever case, or None."""
    query = select(*(devices.c[name] for name in Namesake._fields)).where(
        devices.c.owner == owner, has_serial(serial)
    )
    row = (await connection.execute(query.order_by(devices.c.id).limit(1))).first()
    return Namesake(*row) if row else None


async def bind(connection: AsyncConnection, device_id: int, hardware: Mapping[str, object]) -> None:
    """Accept what a device's body is now."""
    statement = update(devices).where(devices.c.id == device_id)
    await connection.execute(statement.values(hardware=hardware))


async def add(connection: AsyncConnection, new: NewDevice) -> int | None:
    """Store a device and return its id, or None when its IP or serial was taken meanwhile."""
    values = {**new._asdict(), "epoch": 1, "status": "active", "operations": 0}
    statement = insert(devices).values(values).on_conflict_do_nothing().returning(devices.c.id)
    found: int | None = await connection.scalar(statement)
    return found


async def change(
    connection: AsyncConnection,
    device_id: int,
    values: Mapping[str, object],
    wire: Mapping[str, object],
) -> bool:
    """Change a device; False when its IP or serial was taken meanwhile."""
    statement = update(devices).where(devices.c.id == device_id)
    try:
        async with connection.begin_nested():
            await connection.execute(
                statement.values({**values, "wire": devices.c.wire.concat(wire)})
            )
    except IntegrityError:
        return False
    return True


async def remove(connection: AsyncConnection, device_id: int, at: datetime) -> None:
    """Let go of a device, of its paths, and of the people and templates read from it."""
    for table in (device_users, templates, presence, paths):
        await connection.execute(delete(table).where(table.c.device_id == device_id))
    await connection.execute(
        update(devices).where(devices.c.id == device_id).values(status="removed", removed_at=at)
    )


async def lock(connection: AsyncConnection, owner: str, device_id: int) -> str | None:
    """Return the site of an owner's device, and keep others from asking it until the commit."""
    query = select(devices.c.site).where(mine(owner, device_id))
    site: str | None = await connection.scalar(query.with_for_update(key_share=True))
    return site


async def hold(connection: AsyncConnection, device_id: int) -> None:
    """Keep others from changing a device until the commit, whoever's it is and if it is there."""
    if abs(device_id) <= _LARGEST_ID:
        query = select(devices.c.id).where(devices.c.id == device_id)
        await connection.execute(query.with_for_update(key_share=True))


async def fields(connection: AsyncConnection, owner: str, device_id: int) -> dict[str, Any] | None:
    """Return all that is stored of an owner's device; its comm key is sealed."""
    row = (await connection.execute(select(devices).where(mine(owner, device_id)))).first()
    return row._asdict() if row else None


async def there(connection: AsyncConnection, owner: str, device_id: int) -> bool:
    """Tell whether a device is an owner's."""
    query = select(devices.c.id).where(mine(owner, device_id))
    return await connection.scalar(query) is not None


async def comm_keys(connection: AsyncConnection) -> tuple[str, ...]:
    """Return the sealed comm key of every device, removed ones too."""
    return tuple(await connection.scalars(select(devices.c.comm_key)))


async def owner_of(connection: AsyncConnection, site: str, device_id: int) -> str | None:
    """Return the owner of a site's device, which cannot be removed before the commit, or None."""
    if abs(device_id) > _LARGEST_ID:
        return None
    query = select(devices.c.owner).where(devices.c.id == device_id, devices.c.site == site, THERE)
    owner: str | None = await connection.scalar(query.with_for_update(key_share=True))
    return owner


async def dials_in(connection: AsyncConnection, device_id: int) -> bool:
    """Tell whether a device is one that dials in."""
    query = select(devices.c.dialect).where(devices.c.id == device_id)
    return await connection.scalar(query) == "timmy"


async def of_site(connection: AsyncConnection, site: str) -> Sequence[int]:
    """Return the ids of a site's devices."""
    query = select(devices.c.id).where(devices.c.site == site, THERE)
    return list(await connection.scalars(query))


async def removed_from(connection: AsyncConnection, site: str) -> Sequence[int]:
    """Return the ids of the devices that were removed from a site."""
    query = select(devices.c.id).where(devices.c.site == site, ~THERE)
    return list(await connection.scalars(query))


async def next_epoch(connection: AsyncConnection, device_id: int) -> None:
    """Note that a device's log was cleared: it is being filled anew."""
    await connection.execute(
        update(devices).where(devices.c.id == device_id).values(epoch=devices.c.epoch + 1)
    )
