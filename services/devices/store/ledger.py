"""The ledger, as callers look into it: every operation with all that is known of it."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import ColumnElement, Row, Select, and_, func, or_, select

from services.devices.models import devices, operations
from services.devices.store.operations import named
from shared.contracts.operations import LedgerEntry, OperationPage

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime
    from uuid import UUID

    from shared.contracts.operations import ListOperations
    from shared.kit.db import AsyncConnection

_ENTRY: Final = tuple(
    operations.c.id.label(name)
    if name == "operation_id"
    else devices.c.serial_number
    if name == "serial_number"
    else operations.c[name]
    for name in LedgerEntry.model_fields
)


def _entries() -> Select[Any]:
    return select(*_ENTRY).join(devices, devices.c.id == operations.c.device_id)


def _entry(row: Row[Any]) -> LedgerEntry:
    return LedgerEntry.model_validate(row._asdict())


async def one(
    connection: AsyncConnection, owner: str, job_id: str, ids: tuple[UUID, UUID] | None
) -> LedgerEntry | None:
    """Return an owner's operation by its job id, or by its own."""
    row = (await connection.execute(_entries().where(named(owner, job_id, ids)))).first()
    return _entry(row) if row else None


async def several(connection: AsyncConnection, ids: Iterable[UUID]) -> dict[UUID, LedgerEntry]:
    """Return operations by their ids."""
    rows = await connection.execute(_entries().where(operations.c.id.in_(list(ids))))
    return {row.operation_id: _entry(row) for row in rows}


async def page(
    connection: AsyncConnection, owner: str, asked: ListOperations, offset: int
) -> OperationPage:
    """Return one page of an owner's operations, newest first."""
    wanted = and_(operations.c.owner == owner, *_wanted(asked))
    newest = (operations.c.created_at.desc(), operations.c.id.desc())
    query = _entries().where(wanted).order_by(*newest).offset(offset).limit(asked.limit)
    items = tuple(_entry(row) for row in await connection.execute(query))
    counted = select(func.count()).select_from(operations).where(wanted)
    return OperationPage(items=items, total=await connection.scalar(counted) or 0)


def _wanted(asked: ListOperations) -> Iterator[ColumnElement[bool]]:
    if asked.serial is not None:
        serials = (devices.c.serial_number, devices.c.device_serial)
        same = (func.upper(each) == func.upper(asked.serial) for each in serials)
        yield operations.c.device_id.in_(select(devices.c.id).where(or_(*same)))
    if asked.kinds is not None:
        yield operations.c.kind.in_(asked.kinds)
    if asked.status is not None:
        yield operations.c.status == asked.status
    if asked.start is not None:
        yield operations.c.created_at >= _instant(asked.start)
    if asked.end is not None:
        yield operations.c.created_at < _instant(asked.end)


def _instant(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
