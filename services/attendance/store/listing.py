"""Punches as callers see them, a page at a time."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, func, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from services.attendance.models import people, punches
from shared.contracts.attendance import AttendanceItem, AttendancePage, ListPunches
from shared.contracts.identity import canonical_person

KNOWN_AS: Final = and_(
    people.c.owner == punches.c.owner,
    people.c.device_id == punches.c.device_id,
    people.c.user_id == punches.c.user_id,
)
"""What joins a punch to the name that its device has for the person."""
_BIGGEST: Final = 2**63 - 1


async def page_of(connection: AsyncConnection, owner: str, ask: ListPunches) -> AttendancePage:
    """Return one page of the owner's punches, newest first, and how many there are in all."""
    wanted = and_(of(owner, ask.device_id, ask.user_id), between(ask.start, ask.end))
    total = (
        await connection.execute(select(func.count()).select_from(punches).where(wanted))
    ).scalar_one()
    skipped = (ask.page - 1) * ask.limit
    if skipped >= total:
        return AttendancePage(items=(), total=total)
    query = (
        select(punches, people.c.name)
        .select_from(punches.outerjoin(people, KNOWN_AS))
        .where(wanted)
        .order_by(punches.c.punched_at.desc().nulls_last(), punches.c.position.desc(), punches.c.id)
        .limit(ask.limit)
        .offset(skipped)
    )
    rows = (await connection.execute(query)).mappings()
    return AttendancePage(items=tuple(_item(row) for row in rows), total=total)


def of(owner: str, device_id: int | None, user_id: str | None) -> ColumnElement[bool]:
    """Return the condition for an owner's punches, of one device or person if one is named."""
    conditions = [punches.c.owner == owner]
    if device_id is not None:
        conditions.append(punches.c.device_id == holdable(device_id))
    if user_id is not None:
        conditions.append(punches.c.user_id == canonical_person(user_id))
    return and_(*conditions)


def between(start: datetime | None, end: datetime | None) -> ColumnElement[bool]:
    """Return the condition for punches of a time, the end excluded; without a zone it is UTC."""
    return and_(
        punches.c.punched_at >= _aware(start) if start else true(),
        punches.c.punched_at < _aware(end) if end else true(),
    )


def holdable(number: int) -> int:
    """Return a number that was asked for; one that no column can hold is nobody's, not a defect."""
    return number if abs(number) <= _BIGGEST else -_BIGGEST


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _item(row: Mapping[Any, Any]) -> AttendanceItem:
    return AttendanceItem.model_validate({**row, "raw": row["raw"].hex()})
