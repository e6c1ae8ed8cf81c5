"""Owners, users, their sessions and refresh tokens."""

from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import Column, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.auth import models
from services.auth.models import owners, refresh_tokens, sessions, users
from shared.contracts.auth import Role

OUTBOX: Final = models.outbox


class StoredUser(NamedTuple):
    """A user with the hash of the password."""

    id: int
    username: str
    email: str
    password: str
    role: Role
    owner: str
    active: bool


class NewUser(NamedTuple):
    """A user that is not stored yet."""

    username: str
    email: str
    password: str
    role: Role
    owner: str


class StoredRefresh(NamedTuple):
    """A refresh token with the session it belongs to."""

    session_id: UUID
    expires_at: datetime
    used_at: datetime | None
    ended_at: datetime | None
    user: StoredUser


async def add_owner(connection: AsyncConnection, owner: str, name: str, now: datetime) -> None:
    """Store an owner unless it is there."""
    row = {"id": owner, "name": name, "created_at": now}
    await connection.execute(insert(owners).values(row).on_conflict_do_nothing())


async def add_user(connection: AsyncConnection, user: NewUser, now: datetime) -> int | None:
    """Store a user and return its id; None when the e-mail or the username is taken."""
    row = {**user._asdict(), "created_at": now}
    query = insert(users).values(row).on_conflict_do_nothing().returning(users.c.id)
    user_id: int | None = (await connection.execute(query)).scalar_one_or_none()
    return user_id


async def user_by_email(connection: AsyncConnection, email: str) -> StoredUser | None:
    """Return the user with this e-mail, in whatever case it is written."""
    query = select(*_user()).where(func.lower(users.c.email) == func.lower(email))
    row = (await connection.execute(query)).one_or_none()
    return StoredUser(*row) if row else None


async def replace_password(connection: AsyncConnection, user: StoredUser, password: str) -> None:
    """Store a new hash, unless somebody changed the password meanwhile."""
    same = (users.c.id == user.id) & (users.c.password == user.password)
    await connection.execute(update(users).where(same).values(password=password))


async def add_session(
    connection: AsyncConnection, session: UUID, user: StoredUser, now: datetime
) -> None:
    """Store a session that begins now."""
    row = {"id": session, "user_id": user.id, "owner": user.owner, "created_at": now}
    await connection.execute(insert(sessions).values(row))


async def end_session(connection: AsyncConnection, session: UUID, now: datetime) -> None:
    """Mark a session as ended; the first end counts."""
    alive = (sessions.c.id == session) & sessions.c.ended_at.is_(None)
    await connection.execute(update(sessions).where(alive).values(ended_at=now))


async def sessions_ended_since(connection: AsyncConnection, since: datetime) -> list[UUID]:
    """Return every session that ended at or after a moment."""
    query = select(sessions.c.id).where(sessions.c.ended_at >= since)
    return list((await connection.execute(query)).scalars())


async def add_refresh(
    connection: AsyncConnection, jti: UUID, session: UUID, owner: str, expires_at: datetime
) -> None:
    """Store a refresh token that is not used yet."""
    row = {"jti": jti, "session_id": session, "owner": owner, "expires_at": expires_at}
    await connection.execute(insert(refresh_tokens).values(row))


async def lock_refresh(connection: AsyncConnection, jti: UUID) -> StoredRefresh | None:
    """Return a refresh token, which nobody else can use until the transaction ends."""
    query = (
        select(
            refresh_tokens.c.session_id,
            refresh_tokens.c.expires_at,
            refresh_tokens.c.used_at,
            sessions.c.ended_at,
            *_user(),
        )
        .join(sessions, sessions.c.id == refresh_tokens.c.session_id)
        .join(users, users.c.id == sessions.c.user_id)
        .where(refresh_tokens.c.jti == jti)
        .with_for_update(of=[refresh_tokens, sessions])
    )
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        return None
    return StoredRefresh(
        session_id=row.session_id,
        expires_at=row.expires_at,
        used_at=row.used_at,
        ended_at=row.ended_at,
        user=StoredUser(*row[4:]),
    )


async def use_refresh(connection: AsyncConnection, jti: UUID, now: datetime) -> None:
    """Mark a refresh token as used."""
    query = update(refresh_tokens).where(refresh_tokens.c.jti == jti).values(used_at=now)
    await connection.execute(query)


def _user() -> list[Column[Any]]:
    return [users.c[name] for name in StoredUser._fields]
