"""Devices as callers see them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Row, Select, and_, exists, false, func, select

from services.devices.models import devices, paths, presence
from services.devices.store.devices import THERE, has_serial, mine
from shared.contracts.devices import Device, DevicePage

if TYPE_CHECKING:
    from datetime import datetime

    from shared.contracts.devices import ListDevices
    from shared.kit.db import AsyncConnection


def _as_callers_see(connected_since: datetime) -> Select[Any]:
    fresh = and_(presence.c.connected, presence.c.heard_at >= connected_since)
    return select(
        *(devices.c[name] for name in ("id", "name", "ip", "port", "location", "serial_number")),
        func.nullif(devices.c.device_serial, devices.c.serial_number).label("device_serial"),
        *(devices.c[name] for name in ("dialect", "site", "zone", "status", "created_at", "wire")),
        *(devices.c[name] for name in ("hardware", "address")),
        exists().where(paths.c.device_id == devices.c.id).label("has_path_token"),
        func.coalesce(fresh, false()).label("is_connected"),
        presence.c.problem,
    ).select_from(devices.outerjoin(presence))


def _device(row: Row[Any]) -> Device:
    plain = row._asdict()
    return Device.model_validate(plain | plain.pop("wire"))


async def one(
    connection: AsyncConnection, owner: str, device_id: int, connected_since: datetime
) -> Device | None:
    """Return a device of this owner."""
    query = _as_callers_see(connected_since).where(mine(owner, device_id))
    row = (await connection.execute(query)).first()
    return _device(row) if row else None


async def find(
    connection: AsyncConnection, owner: str, serial: str, connected_since: datetime
) -> Device | None:
    """Return the device of this owner with a serial, registered or reported, in whatever case."""
    query = _as_callers_see(connected_since).where(devices.c.owner == owner, has_serial(serial))
    row = (await connection.execute(query.order_by(devices.c.id).limit(1))).first()
    return _device(row) if row else None


async def page(
    connection: AsyncConnection,
    owner: str,
    asked: ListDevices,
    offset: int,
    connected_since: datetime,
) -> DevicePage:
    """Return one page of this owner's devices, in the order of their ids."""
    wanted: ColumnElement[bool] = and_(devices.c.owner == owner, THERE)
    if asked.site is not None:
        wanted = and_(wanted, devices.c.site == asked.site)
    query = _as_callers_see(connected_since).where(wanted).order_by(devices.c.id)
    rows = await connection.execute(query.offset(offset).limit(asked.limit))
    items = tuple(_device(row) for row in rows)
    total = await connection.scalar(select(func.count()).select_from(devices).where(wanted))
    return DevicePage(items=items, total=total or 0)
