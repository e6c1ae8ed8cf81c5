"""What happened at devices and is no punch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from services.devices.models import device_events
from shared.contracts.devices import DeviceEventPage
from shared.contracts.readings import DeviceEvent

if TYPE_CHECKING:
    from shared.contracts.devices import ListDeviceEvents
    from shared.kit.db import AsyncConnection

_NEWEST: Final = ("read_at", "device_time", "event_id")
"""The order of a page: one delivery may bring many that were read in the same moment."""


async def add(connection: AsyncConnection, event: DeviceEvent) -> None:
    """Keep an event; one that is known changes nothing."""
    statement = insert(device_events).values(event.model_dump())
    await connection.execute(statement.on_conflict_do_nothing())


async def page(
    connection: AsyncConnection, asked: ListDeviceEvents, offset: int
) -> DeviceEventPage:
    """Return one page of what happened at a device, newest first."""
    wanted = device_events.c.device_id == asked.device_id
    query = (
        select(device_events)
        .where(wanted)
        .order_by(*(device_events.c[name].desc() for name in _NEWEST))
        .offset(offset)
        .limit(asked.limit)
    )
    rows = await connection.execute(query)
    items = tuple(DeviceEvent.model_validate(row._asdict()) for row in rows)
    total = await connection.scalar(select(func.count()).select_from(device_events).where(wanted))
    return DeviceEventPage(items=items, total=total or 0)
