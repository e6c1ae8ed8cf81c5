"""What agents are told of their site's devices, and what they say of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import bindparam, case, exists, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from services.devices.models import devices, presence, sites
from services.devices.store.devices import THERE

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from shared.contracts.errors import Problem
    from shared.kit.db import AsyncConnection


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
    hardware: dict[str, Any] | None
    wire: dict[str, Any]


class Known(NamedTuple):
    """What a device told before; ``hardware`` as readings.Hardware has it."""

    dialect: str
    device_serial: str | None
    hardware: dict[str, Any] | None
    address: str | None


class Told(NamedTuple):
    """What a device that dials in told just now."""

    device_id: int
    hardware: dict[str, Any] | None
    address: str | None


class Heard(NamedTuple):
    """What was heard of a device just now."""

    device_id: int
    owner: str
    agent: str
    connected: bool
    problem: Problem | None
    heard_at: datetime


async def roster(connection: AsyncConnection, site: str) -> tuple[RosterRow, ...]:
    """Return the active devices of a site."""
    query = (
        select(
            devices.c.id.label("device_id"),
            devices.c.ip.label("host"),
            *(devices.c[name] for name in ("owner", "dialect", "port", "comm_key", "zone")),
            *(devices.c[name] for name in ("epoch", "hardware", "wire")),
            # What the device itself once reported is surer than what somebody typed.
            func.coalesce(devices.c.device_serial, devices.c.serial_number).label("serial"),
        )
        .where(devices.c.site == site, devices.c.status == "active", THERE)
        .order_by(devices.c.id)
    )
    return tuple(RosterRow(**row._asdict()) for row in await connection.execute(query))


async def known(connection: AsyncConnection, site: str) -> dict[int, Known]:
    """Return what each device of a site told before."""
    columns = [devices.c[name] for name in Known._fields]
    query = select(devices.c.id, *columns).where(devices.c.site == site, THERE)
    return {row.id: Known(*row[1:]) for row in await connection.execute(query)}


async def keep_told(connection: AsyncConnection, told: Sequence[Told]) -> None:
    """Keep what devices that dial in tell of their bodies, and where they do so from."""
    if not told:
        return
    statement = (
        update(devices)
        .where(devices.c.id == bindparam("device_id"))
        .values(hardware=bindparam("hardware"), address=bindparam("address"))
    )
    await connection.execute(statement, [each._asdict() for each in told])


async def pin_serial(connection: AsyncConnection, device_id: int, serial: str) -> bool:
    """Keep what a device reported at first contact; False when another device has this serial."""
    other = devices.alias()
    taken = exists().where(
        other.c.owner == devices.c.owner,
        other.c.id != devices.c.id,
        or_(other.c.device_serial == serial, other.c.serial_number == serial),
        other.c.removed_at.is_(None),
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


async def heard(
    connection: AsyncConnection, site: str, rows: Sequence[Heard], at: datetime
) -> None:
    """Keep the newest word of a site and on each of its devices."""
    await connection.execute(update(sites).where(sites.c.id == site).values(heard_at=at))
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


async def connected(connection: AsyncConnection, device_id: int, since: datetime) -> bool:
    """Tell whether an agent said since a moment that it is connected to a device."""
    query = select(presence.c.device_id).where(
        presence.c.device_id == device_id, presence.c.connected, presence.c.heard_at >= since
    )
    return await connection.scalar(query) is not None


async def heard_since(connection: AsyncConnection, site: str, since: datetime) -> bool:
    """Tell whether an agent of a site said anything since a moment."""
    query = exists().where(sites.c.id == site, sites.c.heard_at >= since)
    return bool(await connection.scalar(select(query)))


def _id(row: Heard) -> int:
    return row.device_id


def _values(row: Heard) -> dict[str, Any]:
    problem = row.problem.model_dump(mode="json") if row.problem else None
    return {**row._asdict(), "problem": problem}
