"""The registry's copy of people, as devices tell of them by themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from uuid import UUID

from sqlalchemy import select, tuple_
from sqlalchemy.dialects.postgresql import insert

from services.devices.models import device_users, devices
from services.devices.store.devices import THERE
from shared.contracts.readings import Person

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime

    from shared.kit.db import AsyncConnection

_TOLD: Final = UUID(int=0)
"""In the place of a reading: none has told of them yet."""
_KEY: Final = (device_users.c.device_id, device_users.c.user_id)
_MERGED: Final = ("name", "privilege", "card", "has_password", "alias", "credentials", "read_at")


async def hold(
    connection: AsyncConnection, site: str, device_ids: Collection[int]
) -> dict[int, str]:
    """Return which of these devices are the site's, and whose; none is let go before the commit."""
    query = select(devices.c.id, devices.c.owner).where(
        devices.c.site == site, devices.c.id.in_(device_ids), THERE
    )
    rows = await connection.execute(query.order_by(devices.c.id).with_for_update(key_share=True))
    return {row.id: row.owner for row in rows}


async def known(
    connection: AsyncConnection, keys: Collection[tuple[int, str]]
) -> dict[tuple[int, str], tuple[Person, datetime]]:
    """Return people as the copy has them, by device and user id."""
    query = select(device_users, device_users.c.group_.label("group"))
    rows = await connection.execute(query.where(tuple_(*_KEY).in_(keys)))
    return {
        (row.device_id, row.user_id): (Person.model_validate(row._asdict()), row.read_at)
        for row in rows
    }


async def keep(
    connection: AsyncConnection,
    owners: Mapping[int, str],
    people: Mapping[tuple[int, str], tuple[Person, datetime]],
) -> None:
    """Keep people with all that is told and known of them, in the order given."""
    if not people:
        return
    new = insert(device_users)
    statement = new.on_conflict_do_update(
        index_elements=list(_KEY),
        set_={name: new.excluded[name] for name in _MERGED},
        where=device_users.c.read_at <= new.excluded.read_at,
    )
    rows = [
        {
            **person.model_dump(exclude={"group", "credentials"}),
            "group_": person.group,
            # A tuple would be a row to the database, and not an array.
            "credentials": list(person.credentials),
            "device_id": device_id,
            "owner": owners[device_id],
            "reading_id": _TOLD,
            "read_at": at,
        }
        for (device_id, _), (person, at) in people.items()
    ]
    await connection.execute(statement, rows)
