"""Summaries: when people came first and last, counted where the punches are."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    DateTime,
    Integer,
    ScalarSelect,
    Subquery,
    Text,
    func,
    literal,
    select,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from services.attendance.models import people, punches
from services.attendance.store.listing import of
from shared.contracts.attendance import SummarizePunches, SummaryItem, SummaryPage

_MOMENTS: Final = ARRAY(DateTime(timezone=True))


async def page_of(
    connection: AsyncConnection, owner: str, ask: SummarizePunches, midnights: Sequence[datetime]
) -> SummaryPage:
    """Return one page of lines, newest day first; ``midnights`` bound the days asked for."""
    if not midnights:
        return SummaryPage(items=(), total=0)
    lines = _lines(owner, ask, midnights)
    total = (await connection.execute(select(func.count()).select_from(lines))).scalar_one()
    skipped = (ask.page - 1) * ask.limit
    if skipped >= total:
        return SummaryPage(items=(), total=total)
    query = (
        select(lines, _name(owner, lines.c.user_id).label("name"))
        .order_by(lines.c.day.desc(), lines.c.user_id)
        .limit(ask.limit)
        .offset(skipped)
    )
    rows = (await connection.execute(query)).mappings()
    items = (
        SummaryItem.model_validate({**row, "day": _day(ask.first_day, row["day"])}) for row in rows
    )
    return SummaryPage(items=tuple(items), total=total)


def _lines(owner: str, ask: SummarizePunches, midnights: Sequence[datetime]) -> Subquery:
    moment = punches.c.punched_at
    day = func.width_bucket(moment, literal(midnights, _MOMENTS))
    each = (
        select(
            (day if "day" in ask.by else literal(None, Integer)).label("day"),
            (punches.c.user_id if "user" in ask.by else literal(None, Text)).label("user_id"),
            moment,
        )
        .where(of(owner, ask.device_id, ask.user_id))
        .where(moment >= midnights[0], moment < midnights[-1])
        .subquery()
    )
    return (
        select(
            each.c.day,
            each.c.user_id,
            func.min(each.c.punched_at).label("first"),
            func.max(each.c.punched_at).label("last"),
            func.count().label("count"),
        )
        .group_by(each.c.day, each.c.user_id)
        .subquery()
    )


def _name(owner: str, user_id: ColumnElement[str]) -> ScalarSelect[str]:
    """Return the name that was read last of a person, on whichever device."""
    return (
        select(people.c.name)
        .where(people.c.owner == owner, people.c.user_id == user_id)
        .order_by(people.c.read_at.desc())
        .limit(1)
        .scalar_subquery()
    )


def _day(first: date, number: int | None) -> date | None:
    return None if number is None else first + timedelta(days=number - 1)
