"""The registry's copy of the people on devices, and the version that callers' caches go by."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import ColumnElement, and_, delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from services.devices.models import device_users, devices, outbox, people_versions, templates
from services.devices.store.custody import LAST_FINGER
from shared.contracts import streams, subjects
from shared.contracts.devices import DeviceUser, UserPage
from shared.contracts.readings import Person
from shared.kit import outbox as kit_outbox

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from shared.contracts.devices import ListUsers
    from shared.contracts.readings import PeopleRead
    from shared.kit.db import AsyncConnection

_KNOWN_AS: Final = ("device_id", "user_id")


# ── keeping ──────────────────────────────────────────────────────────────────


async def keep(
    connection: AsyncConnection,
    read: PeopleRead,
    reading_id: UUID,
    *,
    untold: tuple[str, ...] = (),
    sparse: bool = False,
) -> None:
    """Keep people as they were read, unless something newer is known of them.

    ``untold`` are the fields that whoever read them could not see: those stay as they are.
    ``sparse``: a list that need not name anybody; what it leaves empty stays as it is, too.
    """
    if not read.people:
        return
    new = insert(device_users)
    statement = new.on_conflict_do_update(
        index_elements=[device_users.c[name] for name in _KNOWN_AS],
        set_={each.name: each for each in new.excluded if each.name not in (*_KNOWN_AS, *untold)}
        # A person who was written, and not read, is told without a slot.
        | {"uid": func.coalesce(new.excluded.uid, device_users.c.uid)}
        | (_unless_empty(new.excluded) if sparse else {}),
        where=device_users.c.read_at <= new.excluded.read_at,
    )
    common = {
        "device_id": read.device_id,
        "owner": read.owner,
        "reading_id": reading_id,
        "read_at": read.read_at,
    }
    await connection.execute(statement, [common | _values(each) for each in read.people])


def _unless_empty(new: Any) -> dict[str, Any]:
    return {
        "name": func.coalesce(func.nullif(new.name, ""), device_users.c.name),
        "alias": func.coalesce(new.alias, device_users.c.alias),
        "card": func.coalesce(new.card, device_users.c.card),
    }


def _values(person: Person) -> dict[str, Any]:
    values = person.model_dump()
    # A tuple would be a row to the database, and not an array.
    return values | {"group_": values.pop("group"), "credentials": list(person.credentials)}


async def forget_others(
    connection: AsyncConnection, device_id: int, reading_id: UUID, read_at: datetime
) -> None:
    """Forget whom a complete reading of a device does not name, unless they are newer."""
    await connection.execute(
        delete(device_users).where(
            device_users.c.device_id == device_id,
            device_users.c.reading_id != reading_id,
            device_users.c.read_at <= read_at,
        )
    )


async def forget(connection: AsyncConnection, device_id: int, user_id: str) -> None:
    """Forget a person who was taken off a device."""
    await connection.execute(
        delete(device_users).where(
            device_users.c.device_id == device_id, device_users.c.user_id == user_id
        )
    )


async def one(connection: AsyncConnection, device_id: int, user_id: str) -> Person | None:
    """Return a person as a device held them when it was last read; slots mean nothing elsewhere."""
    shown = (each for each in device_users.c if each.name in Person.model_fields)
    query = select(*shown, device_users.c.group_.label("group")).where(
        device_users.c.device_id == device_id, device_users.c.user_id == user_id
    )
    row = (await connection.execute(query)).first()
    return Person.model_validate({**row._asdict(), "uid": None}) if row else None


async def credentials(
    connection: AsyncConnection, device_id: int, user_ids: Sequence[str] | None
) -> dict[str, tuple[int, ...]]:
    """Return by what a device knows these people, or everybody, in the order of user ids.

    Whom the copy does not have is not in it.
    """
    query = select(device_users.c.user_id, device_users.c.credentials).where(
        device_users.c.device_id == device_id
    )
    if user_ids is not None:
        query = query.where(device_users.c.user_id.in_(user_ids))
    rows = await connection.execute(query.order_by(device_users.c.user_id))
    return {row.user_id: tuple(row.credentials) for row in rows}


async def say(connection: AsyncConnection, read: PeopleRead, message_id: str) -> None:
    """Leave what was read to the outbox of this transaction."""
    where = subjects.people_read(read.site, read.device_id)
    said = kit_outbox.Said(streams.PEOPLE, where, message_id, read)
    await kit_outbox.write(connection, outbox, [said])


# ── listing ──────────────────────────────────────────────────────────────────


async def page(connection: AsyncConnection, owner: str, asked: ListUsers, offset: int) -> UserPage:
    """Return one page of an owner's people, in the order of devices and user ids."""
    wanted = _wanted(owner, asked)
    fingers = (
        select(templates.c.finger)
        .where(
            templates.c.device_id == device_users.c.device_id,
            templates.c.user_id == device_users.c.user_id,
            templates.c.finger <= LAST_FINGER,
        )
        .order_by(templates.c.finger)
        .scalar_subquery()
    )
    shown = (each for each in device_users.c if each.name in DeviceUser.model_fields)
    query = (
        select(
            *shown,
            device_users.c.group_.label("group"),
            devices.c.serial_number,
            func.array(fingers).label("fingers"),
        )
        .join(devices, devices.c.id == device_users.c.device_id)
        .where(wanted)
        .order_by(device_users.c.device_id, device_users.c.user_id)
    )
    rows = await connection.execute(query.offset(offset).limit(asked.limit))
    items = tuple(DeviceUser.model_validate(row._asdict()) for row in rows)
    total = await connection.scalar(select(func.count()).select_from(device_users).where(wanted))
    return UserPage(items=items, total=total or 0)


def _wanted(owner: str, asked: ListUsers) -> ColumnElement[bool]:
    wanted: ColumnElement[bool] = device_users.c.owner == owner
    if asked.device_id is not None:
        wanted = and_(wanted, device_users.c.device_id == asked.device_id)
    if asked.q:
        named = (device_users.c.user_id, device_users.c.name)
        wanted = and_(wanted, or_(*(each.icontains(asked.q, autoescape=True) for each in named)))
    return wanted


# ── the version ──────────────────────────────────────────────────────────────


async def raise_version(connection: AsyncConnection, owner: str) -> None:
    """Make the version of an owner's people one that no caller has seen."""
    statement = insert(people_versions).values(owner=owner, version=1, told=0)
    await connection.execute(
        statement.on_conflict_do_update(
            index_elements=[people_versions.c.owner],
            set_={"version": people_versions.c.version + 1},
        )
    )


async def hold_version(connection: AsyncConnection, owner: str) -> int | None:
    """Return a version that is not told yet; it cannot rise before the transaction ends."""
    query = select(people_versions.c.version).where(
        people_versions.c.owner == owner, people_versions.c.told < people_versions.c.version
    )
    version: int | None = await connection.scalar(query.with_for_update())
    return version


async def version_told(connection: AsyncConnection, owner: str, version: int) -> None:
    """Note that the bucket has a version."""
    statement = update(people_versions).where(people_versions.c.owner == owner)
    await connection.execute(statement.values(told=version))


async def untold(connection: AsyncConnection) -> Sequence[str]:
    """Return the owners whose version is not told yet."""
    query = select(people_versions.c.owner).where(
        people_versions.c.told < people_versions.c.version
    )
    return list(await connection.scalars(query))
