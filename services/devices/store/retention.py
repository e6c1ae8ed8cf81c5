"""What is not kept for ever: alarms, and what happened at devices besides punches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import delete, or_, select

from services.devices.models import alarms, device_events, devices

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from shared.kit.db import AsyncConnection

_KEPT: Final = ((alarms.c.id, alarms.c.at), (device_events.c.event_id, device_events.c.read_at))
"""By what each is known, and how old it is."""


async def every_device(connection: AsyncConnection) -> Sequence[int]:
    """Return the ids of all devices, removed ones too."""
    return list(await connection.scalars(select(devices.c.id).order_by(devices.c.id)))


async def forget_old(
    connection: AsyncConnection, device_id: int, before: datetime, newest: int
) -> None:
    """Forget what is older than a moment of a device, and all but so many newest of each."""
    for known_as, at in _KEPT:
        mine = known_as.table.c.device_id == device_id
        more = select(known_as).where(mine).order_by(at.desc(), known_as.desc()).offset(newest)
        old = or_(at < before, known_as.in_(more))
        await connection.execute(delete(known_as.table).where(mine, old))
