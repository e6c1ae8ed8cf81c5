"""Alarms that agents raised."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from services.devices.models import alarms
from shared.contracts.devices import AlarmPage, AlarmSeen

if TYPE_CHECKING:
    from shared.contracts.devices import ListAlarms
    from shared.contracts.readings import Alarm
    from shared.kit.db import AsyncConnection


async def add(connection: AsyncConnection, alarm: Alarm) -> None:
    """Keep an alarm; one that is known changes nothing."""
    values = alarm.model_dump()
    values |= {"id": values.pop("alarm_id"), "code": alarm.code.value}
    statement = insert(alarms).values(values)
    await connection.execute(statement.on_conflict_do_nothing())


async def page(connection: AsyncConnection, asked: ListAlarms, offset: int) -> AlarmPage:
    """Return one page of a device's alarms, newest first."""
    wanted = alarms.c.device_id == asked.device_id
    query = (
        select(*(alarms.c[name] for name in AlarmSeen.model_fields))
        .where(wanted)
        .order_by(alarms.c.at.desc(), alarms.c.id)
        .offset(offset)
        .limit(asked.limit)
    )
    rows = await connection.execute(query)
    items = tuple(AlarmSeen.model_validate(row._asdict()) for row in rows)
    total = await connection.scalar(select(func.count()).select_from(alarms).where(wanted))
    return AlarmPage(items=items, total=total or 0)
