"""All SQL of the gateway."""

from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.gateway.models import audit, audit_days, idempotency


class Asked(NamedTuple):
    """Who asked what, and from where: the row written before anything is done."""

    at: datetime
    owner: str
    user_id: int
    email: str
    address: str
    request_id: str
    action: str
    device_id: int
    details: dict[str, Any]


class KeyOf(NamedTuple):
    """An idempotency key belongs to one caller of one owner."""

    owner: str
    caller: str
    key: str


class StoredKey(NamedTuple):
    """What is known of a key; ``answer`` is None while the first request runs."""

    fingerprint: str
    created_at: datetime
    answer: dict[str, Any] | None


async def write_asked(connection: AsyncConnection, asked: Asked) -> int:
    """Write the row before; return its id."""
    query = insert(audit).values(asked._asdict()).returning(audit.c.id)
    row_id: int = (await connection.execute(query)).scalar_one()
    return row_id


async def write_ended(
    connection: AsyncConnection,
    asked: Asked,
    row_id: int,
    outcome: str,
    number: str | None,
) -> None:
    """Write the row after: how what was asked in the row ``row_id`` ended."""
    row = {**asked._asdict(), "asked": row_id, "outcome": outcome, "number": number}
    await connection.execute(insert(audit).values(row))


async def next_of_day(connection: AsyncConnection, owner: str, day: date) -> int:
    """Return the next number of an owner's day: 1, 2, 3, …; never the same twice."""
    query = (
        insert(audit_days)
        .values(owner=owner, day=day, last=1)
        .on_conflict_do_update(
            index_elements=["owner", "day"], set_={"last": audit_days.c.last + 1}
        )
        .returning(audit_days.c.last)
    )
    number: int = (await connection.execute(query)).scalar_one()
    return number


async def claim_key(
    connection: AsyncConnection, key: KeyOf, fingerprint: str, now: datetime
) -> bool:
    """Take a key for a request; return False when it is taken already."""
    row = {**key._asdict(), "fingerprint": fingerprint, "created_at": now}
    query = insert(idempotency).values(row).on_conflict_do_nothing()
    return (await connection.execute(query.returning(idempotency.c.key))).first() is not None


async def stored_key(connection: AsyncConnection, key: KeyOf) -> StoredKey:
    """Return what is known of a key that is taken."""
    query = select(idempotency.c.fingerprint, idempotency.c.created_at, idempotency.c.answer).where(
        *_is(key)
    )
    return StoredKey(*(await connection.execute(query)).one())


async def answer_key(connection: AsyncConnection, key: KeyOf, answer: dict[str, Any]) -> None:
    """Store the answer that every repetition will get."""
    await connection.execute(update(idempotency).where(*_is(key)).values(answer=answer))


async def release_key(connection: AsyncConnection, key: KeyOf) -> None:
    """Let a key be used again: what it was used for did not happen."""
    await connection.execute(delete(idempotency).where(*_is(key)))


async def forget_keys(connection: AsyncConnection, before: datetime) -> None:
    """Forget keys that nobody repeats any more."""
    await connection.execute(delete(idempotency).where(idempotency.c.created_at < before))


def _is(key: KeyOf) -> tuple[Any, ...]:
    return (
        idempotency.c.owner == key.owner,
        idempotency.c.caller == key.caller,
        idempotency.c.key == key.key,
    )
