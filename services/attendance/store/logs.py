"""Punches with what is known of their forwarding, a page at a time."""

from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, false, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.attendance.models import app_details, forwards, images, people, punches
from services.attendance.store.listing import KNOWN_AS, between, holdable, of
from shared.contracts.attendance import ListAppLog, ListOwnLog, LoggedPunch, LogPage

_event = func.coalesce(punches.c.event, punches.c.in_out_state)
_is_send = func.coalesce(forwards.c.is_send, false())
_send_failed = func.coalesce(forwards.c.send_failed, false())


def _of_punch(table: Any) -> ColumnElement[bool]:
    return and_(table.c.owner == punches.c.owner, table.c.punch_id == punches.c.id)


_sources = (
    punches.outerjoin(forwards, _of_punch(forwards))
    .outerjoin(people, KNOWN_AS)
    .outerjoin(app_details, _of_punch(app_details))
    .outerjoin(images, _of_punch(images))
)
_logged = select(
    punches.c.id,
    punches.c.owner,
    punches.c.user_id,
    people.c.name,
    _event.label("event"),
    punches.c.punched_at,
    punches.c.device_time,
    punches.c.serial_number,
    punches.c.source,
    punches.c.received_at,
    _is_send.label("is_send"),
    _send_failed.label("send_failed"),
    forwards.c.forwarded_at,
    forwards.c.response.label("forward_response"),
    forwards.c.last_attempt_error,
    app_details.c.latitude,
    app_details.c.longitude,
    app_details.c.device_name,
    app_details.c.macs,
    images.c.punch_id.is_not(None).label("has_image"),
).select_from(_sources)


async def own(connection: AsyncConnection, owner: str, enroll_id: str, ask: ListOwnLog) -> LogPage:
    """Return one page of a person's punches on every device of the owner, newest first."""
    wanted = [of(owner, None, enroll_id), between(ask.start, ask.end)]
    if ask.event is not None:
        wanted.append(_event == holdable(ask.event))
    if ask.serial is not None:
        wanted.append(punches.c.serial_number == ask.serial.replace("\x00", "").strip())
    if ask.is_send is not None:
        wanted.append(_is_send == ask.is_send)
    return await _page(connection, and_(*wanted), ask)


async def by_app(
    connection: AsyncConnection, owner: str, device_id: int, ask: ListAppLog
) -> LogPage:
    """Return one page of the owner's punches by phone, whose device is ``device_id``."""
    wanted = [of(owner, device_id, None), between(ask.start, ask.end)]
    if ask.is_send is not None:
        wanted.append(_is_send == ask.is_send)
    if ask.send_failed is not None:
        wanted.append(_send_failed == ask.send_failed)
    if ask.undelivered:
        wanted.append(forwards.c.forwarded_at.is_(None))
    return await _page(connection, and_(*wanted), ask, oldest_first=ask.undelivered)


async def one(connection: AsyncConnection, owner: str, punch_id: UUID) -> LoggedPunch:
    """Return one punch of the owner."""
    query = _logged.where(punches.c.owner == owner, punches.c.id == punch_id)
    return LoggedPunch.model_validate((await connection.execute(query)).mappings().one())


async def _page(
    connection: AsyncConnection,
    wanted: ColumnElement[bool],
    ask: ListOwnLog | ListAppLog,
    *,
    oldest_first: bool = False,
) -> LogPage:
    count = select(func.count()).select_from(_sources).where(wanted)
    total = (await connection.execute(count)).scalar_one()
    skipped = (ask.page - 1) * ask.limit
    if skipped >= total:
        return LogPage(items=(), total=total)
    moment, identity = punches.c.punched_at, punches.c.id
    order = (
        (moment.asc().nulls_last(), identity.asc())
        if oldest_first
        else (moment.desc().nulls_last(), identity.desc())
    )
    query = _logged.where(wanted).order_by(*order).limit(ask.limit).offset(skipped)
    rows = (await connection.execute(query)).mappings()
    return LogPage(items=tuple(LoggedPunch.model_validate(row) for row in rows), total=total)
