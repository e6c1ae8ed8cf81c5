"""Where a device is and how it is spoken to, for those who ask something of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from sqlalchemy import and_, case, func, select

from services.devices.models import devices
from services.devices.store.devices import has_serial

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shared.contracts.agents import Dialect
    from shared.kit.db import AsyncConnection


class Place(NamedTuple):
    """One device."""

    device_id: int
    owner: str
    site: str
    dialect: Dialect
    zone: str
    epoch: int
    serial: str
    """As it is told in punches: what the device itself reported, else what was registered."""
    algorithm: str | None
    """What makes its templates, once that is known."""


_COLUMNS: Final = (
    devices.c.id.label("device_id"),
    *(devices.c[name] for name in ("owner", "site", "dialect", "zone", "epoch")),
    func.coalesce(devices.c.device_serial, devices.c.serial_number).label("serial"),
    devices.c.hardware["algorithm"].astext.label("algorithm"),
)


async def of(connection: AsyncConnection, device_id: int) -> Place | None:
    """Return a device, be it there or removed."""
    row = (await connection.execute(select(*_COLUMNS).where(devices.c.id == device_id))).first()
    return Place(**row._asdict()) if row else None


async def of_serial(connection: AsyncConnection, owner: str, serial: str) -> Place | None:
    """Return an owner's device by its serial, registered or reported, in either case."""
    # Registered is what callers know it by; one that is only reported comes second.
    same = func.upper(devices.c.serial_number) == func.upper(serial)
    wanted = and_(devices.c.owner == owner, has_serial(serial))
    query = select(*_COLUMNS).where(wanted).order_by(case((same, 0), else_=1), devices.c.id)
    row = (await connection.execute(query.limit(1))).first()
    return Place(**row._asdict()) if row else None


async def of_anyones_serial(connection: AsyncConnection, serial: str) -> Sequence[Place]:
    """Return every owner's devices of a serial, registered or reported, in either case."""
    rows = await connection.execute(select(*_COLUMNS).where(has_serial(serial)))
    return [Place(**row._asdict()) for row in rows]
