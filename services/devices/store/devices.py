"""Devices and their presence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    case,
    exists,
    false,
    func,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert

from services.devices.models import devices, presence
from shared.contracts.devices import Device, DevicePage

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from shared.contracts.devices import ListDevices
    from shared.contracts.errors import Problem
    from shared.kit.db import AsyncConnection


_LARGEST_ID: Final = 2**31 - 1


class NewDevice(NamedTuple):
    """A device that was reached and is to be stored; ``comm_key`` is sealed."""

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
    created_at: datetime


class RosterRow(NamedTuple):
    """What an agent needs of a device; ``comm_key`` is sealed."""

    device_id: int
    owner: str
    dialect: str
    host: str
    port: int
    comm_key: str
    zone: str
    epoch: int
    serial: str


class Heard(NamedTuple):
    """What was heard of a device just now."""

    device_id: int
    owner: str
    agent: str
    connected: bool
    problem: Problem | None
    heard_at: datetime


# ── registering ──────────────────────────────────────────────────────────────


async def ip_taken(connection: AsyncConnection, owner: str, site: str, ip: str) -> bool:
    """Tell whether a device of this site has this IP."""
    query = exists().where(devices.c.owner == owner, devices.c.site == site, devices.c.ip == ip)
    return bool(await connection.scalar(select(query)))


async def serial_taken(connection: AsyncConnection, owner: str, *serials: str) -> bool:
    """Tell whether a device of this owner has one of these serials, registered or reported."""
    query = exists().where(
        devices.c.owner == owner,
        or_(devices.c.serial_number.in_(serials), devices.c.device_serial.in_(serials)),
    )
    return bool(await connection.scalar(select(query)))


async def add(connection: AsyncConnection, new: NewDevice) -> int | None:
    """Store a device and return its id, or None when its IP or serial was taken meanwhile."""
    values = {**new._asdict(), "epoch": 1, "status": "active", "operations": 0}
    statement = insert(devices).values(values).on_conflict_do_nothing().returning(devices.c.id)
    found: int | None = await connection.scalar(statement)
    return found


# ── reading ──────────────────────────────────────────────────────────────────


def _as_callers_see(connected_since: datetime) -> Select[Any]:
    fresh = and_(presence.c.connected, presence.c.heard_at >= connected_since)
    return select(
        *(devices.c[name] for name in ("id", "name", "ip", "port", "location", "serial_number")),
        func.nullif(devices.c.device_serial, devices.c.serial_number).label("device_serial"),
        *(devices.c[name] for name in ("dialect", "site", "zone", "status", "created_at")),
        func.coalesce(fresh, false()).label("is_connected"),
        presence.c.problem,
    ).select_from(devices.outerjoin(presence))


def _mine(owner: str, device_id: int) -> ColumnElement[bool]:
    # The database does not compare with a number that its column cannot hold.
    if abs(device_id) > _LARGEST_ID:
        return false()
    return and_(devices.c.owner == owner, devices.c.id == device_id)


async def one(
    connection: AsyncConnection, owner: str, device_id: int, connected_since: datetime
) -> Device | None:
    """Return a device of this owner."""
    query = _as_callers_see(connected_since).where(_mine(owner, device_id))
    row = (await connection.execute(query)).first()
    return Device.model_validate(row._asdict()) if row else None


async def lock(connection: AsyncConnection, owner: str, device_id: int) -> str | None:
    """Return the site of an owner's device, and keep others from asking it until the commit."""
    query = select(devices.c.site).where(_mine(owner, device_id))
    site: str | None = await connection.scalar(query.with_for_update(key_share=True))
    return site


async def page(
    connection: AsyncConnection,
    owner: str,
    asked: ListDevices,
    offset: int,
    connected_since: datetime,
) -> DevicePage:
    """Return one page of this owner's devices, in the order of their ids."""
    wanted: ColumnElement[bool] = devices.c.owner == owner
    if asked.site is not None:
        wanted = and_(wanted, devices.c.site == asked.site)
    query = _as_callers_see(connected_since).where(wanted).order_by(devices.c.id)
    rows = await connection.execute(query.offset(offset).limit(asked.limit))
    items = tuple(Device.model_validate(row._asdict()) for row in rows)
    total = await connection.scalar(select(func.count()).select_from(devices).where(wanted))
    return DevicePage(items=items, total=total or 0)


async def roster(connection: AsyncConnection, site: str) -> tuple[RosterRow, ...]:
    """Return the active devices of a site."""
    query = (
        select(
            devices.c.id,
            devices.c.owner,
            devices.c.dialect,
            devices.c.ip,
            devices.c.port,
            devices.c.comm_key,
            devices.c.zone,
            devices.c.epoch,
            # What the device itself once reported is surer than what somebody typed.
            func.coalesce(devices.c.device_serial, devices.c.serial_number),
        )
        .where(devices.c.site == site, devices.c.status == "active")
        .order_by(devices.c.id)
    )
    return tuple(RosterRow(*row) for row in await connection.execute(query))


async def places(connection: AsyncConnection) -> dict[str, list[int]]:
    """Return the ids of every site's devices."""
    found: dict[str, list[int]] = {}
    for row in await connection.execute(select(devices.c.site, devices.c.id)):
        found.setdefault(row.site, []).append(row.id)
    return found


async def sealed_keys(connection: AsyncConnection) -> tuple[str, ...]:
    """Return the sealed comm key of every device."""
    return tuple(await connection.scalars(select(devices.c.comm_key)))


# ── presence ─────────────────────────────────────────────────────────────────


async def pinned_serials(connection: AsyncConnection, site: str) -> dict[int, str | None]:
    """Return the serial that each device of a site reported at first contact."""
    query = select(devices.c.id, devices.c.device_serial).where(devices.c.site == site)
    return {row.id: row.device_serial for row in await connection.execute(query)}


async def pin_serial(connection: AsyncConnection, device_id: int, serial: str) -> bool:
    """Keep what a device reported at first contact; False when another device has this serial."""
    other = devices.alias()
    taken = exists().where(
        other.c.owner == devices.c.owner,
        other.c.id != devices.c.id,
        or_(other.c.device_serial == serial, other.c.serial_number == serial),
    )
    registered = devices.c.serial_number
    statement = (
        update(devices)
        .where(devices.c.id == device_id, devices.c.device_serial.is_(None), ~taken)
        .values(
            device_serial=serial,
            serial_number=case((registered == "", serial), else_=registered),
        )
    )
    return (await connection.execute(statement)).rowcount == 1


async def heard(connection: AsyncConnection, rows: Sequence[Heard]) -> None:
    """Keep the newest word on each device."""
    if not rows:
        return
    new = insert(presence)
    fields = ("agent", "connected", "problem", "heard_at")
    statement = new.on_conflict_do_update(
        index_elements=[presence.c.device_id],
        set_={name: new.excluded[name] for name in fields},
    )
    # Always in the same order, so that two replicas never wait for each other.
    await connection.execute(statement, [_values(each) for each in sorted(rows, key=_id)])


def _id(row: Heard) -> int:
    return row.device_id


def _values(row: Heard) -> dict[str, Any]:
    problem = row.problem.model_dump(mode="json") if row.problem else None
    return {**row._asdict(), "problem": problem}
