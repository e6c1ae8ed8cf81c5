"""Templates in custody and the owners' data keys; all of it sealed before it comes here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert

from services.devices.models import data_keys, devices, operations, templates
from shared.contracts.devices import TemplateKept

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from shared.kit.db import AsyncConnection


_REPLACED: Final = ("flag", "algorithm", "size", "sealed", "read_at")
LAST_FINGER: Final = 9


class Sealed(NamedTuple):
    """One template in custody."""

    owner: str
    device_id: int
    user_id: str
    finger: int
    flag: int
    algorithm: str
    size: int
    sealed: str
    read_at: datetime
    n: int
    """Which of the device's operations read it; 0 when the device told it unasked."""


# ── data keys ────────────────────────────────────────────────────────────────


async def data_key(connection: AsyncConnection, owner: str) -> str | None:
    """Return an owner's wrapped data key, if there is one."""
    query = select(data_keys.c.wrapped).where(data_keys.c.owner == owner)
    wrapped: str | None = await connection.scalar(query)
    return wrapped


async def offer_data_key(connection: AsyncConnection, owner: str, wrapped: str) -> None:
    """Store an owner's data key, unless there is one already: the first stays for ever."""
    statement = insert(data_keys).values(owner=owner, wrapped=wrapped)
    await connection.execute(statement.on_conflict_do_nothing())


async def every_data_key(connection: AsyncConnection) -> tuple[str, ...]:
    """Return the wrapped data key of every owner."""
    return tuple(await connection.scalars(select(data_keys.c.wrapped)))


# ── templates ────────────────────────────────────────────────────────────────


async def keep(connection: AsyncConnection, kept: Sequence[Sealed]) -> None:
    """Keep templates; one that is there already is replaced."""
    if not kept:
        return
    new = insert(templates)
    replaced = {name: new.excluded[name] for name in _REPLACED}
    statement = new.on_conflict_do_update(
        index_elements=list(templates.primary_key),
        # An operation that is tried again reads what is newer than what a later one read.
        set_=replaced | {"n": func.greatest(templates.c.n, new.excluded.n)},
    )
    await connection.execute(statement, [each._asdict() for each in kept])


async def forget(connection: AsyncConnection, device_id: int, user_id: str) -> None:
    """Let go of what was read of a person who is off the device: the PIN may be another's next."""
    statement = delete(templates).where(
        templates.c.device_id == device_id, templates.c.user_id == user_id
    )
    await connection.execute(statement)


async def fingers_of(
    connection: AsyncConnection, device_id: int, user_id: str
) -> tuple[TemplateKept, ...]:
    """Return which templates of a person's fingers were read from a device."""
    query = (
        select(*(templates.c[name] for name in TemplateKept.model_fields))
        .where(
            templates.c.device_id == device_id,
            templates.c.user_id == user_id,
            templates.c.finger <= LAST_FINGER,
        )
        .order_by(templates.c.finger)
    )
    rows = await connection.execute(query)
    return tuple(TemplateKept.model_validate(row._asdict()) for row in rows)


async def told_since(
    connection: AsyncConnection, device_id: int, user_id: str, moment: datetime
) -> tuple[int, ...]:
    """Return the numbers of a person's templates that came from a device after a moment."""
    query = select(templates.c.finger).where(
        templates.c.device_id == device_id,
        templates.c.user_id == user_id,
        templates.c.read_at > moment,
    )
    return tuple(await connection.scalars(query))


async def page(
    connection: AsyncConnection, device_id: int, offset: int, limit: int
) -> tuple[tuple[Sealed, ...], int]:
    """Return one page of what is in custody from a device, and how many there are in all."""
    wanted = templates.c.device_id == device_id
    query = select(templates).where(wanted).order_by(templates.c.user_id, templates.c.finger)
    rows = await connection.execute(query.offset(offset).limit(limit))
    total = await connection.scalar(select(func.count()).select_from(templates).where(wanted))
    return tuple(Sealed(*row) for row in rows), total or 0


async def of_person(
    connection: AsyncConnection, owner: str, dialect: str, user_id: str
) -> tuple[Sealed, ...]:
    """Return what is in custody of a person from devices of a dialect, newest first."""
    query = (
        select(templates)
        .join(devices, devices.c.id == templates.c.device_id)
        .where(
            templates.c.owner == owner,
            templates.c.user_id == user_id,
            devices.c.dialect == dialect,
        )
        .order_by(templates.c.read_at.desc(), templates.c.device_id)
    )
    return tuple(Sealed(*row) for row in await connection.execute(query))


async def read_by(
    connection: AsyncConnection, operation_id: UUID, user_id: str
) -> tuple[Sealed, ...]:
    """Return the templates of a person that an operation read, or its device's later ones."""
    query = (
        select(templates)
        .join(operations, operations.c.device_id == templates.c.device_id)
        .where(
            operations.c.id == operation_id,
            templates.c.user_id == user_id,
            templates.c.n >= operations.c.n,
        )
        .order_by(templates.c.finger)
    )
    return tuple(Sealed(*row) for row in await connection.execute(query))
