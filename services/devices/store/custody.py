"""Templates in custody and the owners' data keys; all of it sealed before it comes here."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import distinct_on, insert

from services.devices.models import data_keys, operations, templates
from shared.contracts.devices import TemplateKept

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from shared.kit.db import AsyncConnection


class Sealed(NamedTuple):
    """One template in custody."""

    owner: str
    device_id: int
    user_id: str
    finger: int
    flag: int
    size: int
    sealed: str
    read_at: datetime
    n: int
    """Which of the device's operations read it."""


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
    replaced = {name: new.excluded[name] for name in ("flag", "size", "sealed", "read_at")}
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


async def of_person(
    connection: AsyncConnection, device_id: int, user_id: str
) -> tuple[TemplateKept, ...]:
    """Return which templates of a person were read from a device."""
    query = (
        select(*(templates.c[name] for name in TemplateKept.model_fields))
        .where(templates.c.device_id == device_id, templates.c.user_id == user_id)
        .order_by(templates.c.finger)
    )
    rows = await connection.execute(query)
    return tuple(TemplateKept.model_validate(row._asdict()) for row in rows)


async def newest(connection: AsyncConnection, owner: str, user_id: str) -> tuple[Sealed, ...]:
    """Return the newest template of each of a person's fingers, wherever it was read."""
    query = (
        select(templates)
        .ext(distinct_on(templates.c.finger))
        .where(templates.c.owner == owner, templates.c.user_id == user_id)
        .order_by(templates.c.finger, templates.c.read_at.desc(), templates.c.device_id)
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
