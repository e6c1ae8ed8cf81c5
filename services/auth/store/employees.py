"""Employees and their sessions."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import Row, delete, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from services.auth.models import employee_sessions, employees
from shared.contracts.employees import AppPermissions, Employee
from shared.contracts.errors import Code

_SEARCHED: Final = ("username", "full_name", "phone", "email")
_TAKEN: Final = {
    "employees_username": Code.USERNAME_TAKEN,
    "employees_person": Code.ENROLL_ID_TAKEN,
}


class Stored(NamedTuple):
    """An employee with the hash of the password."""

    employee: Employee
    password: str


async def add(connection: AsyncConnection, row: Mapping[str, object]) -> Code | None:
    """Store an employee; return what is taken, None when all went well."""
    try:
        async with connection.begin_nested():
            await connection.execute(insert(employees).values(row))
    except IntegrityError as error:
        return _taken(error)
    return None


async def change(
    connection: AsyncConnection, employee_id: str, values: Mapping[str, object]
) -> Code | None:
    """Change an employee; return what is taken, None when all went well."""
    statement = update(employees).where(employees.c.id == employee_id).values(values)
    try:
        async with connection.begin_nested():
            await connection.execute(statement)
    except IntegrityError as error:
        return _taken(error)
    return None


def _taken(error: IntegrityError) -> Code:
    """Return the code for the unique index that was in the way; raise for any other reason."""
    for index, code in _TAKEN.items():
        if index in str(error.orig):
            return code
    raise error


async def remove(connection: AsyncConnection, employee_id: str) -> None:
    """Let an employee go."""
    await connection.execute(delete(employees).where(employees.c.id == employee_id))


async def lock(connection: AsyncConnection, owner: str, employee_id: str) -> Stored | None:
    """Return an owner's employee, and keep others from changing them until the commit."""
    mine = (employees.c.owner == owner) & (employees.c.id == employee_id)
    row = (await connection.execute(select(employees).where(mine).with_for_update())).one_or_none()
    return _stored(row) if row else None


async def one(connection: AsyncConnection, employee_id: str) -> Stored | None:
    """Return an employee."""
    query = select(employees).where(employees.c.id == employee_id)
    row = (await connection.execute(query)).one_or_none()
    return _stored(row) if row else None


async def by_username(connection: AsyncConnection, username: str) -> Stored | None:
    """Return the employee with this username, in whatever case it is written."""
    query = select(employees).where(func.lower(employees.c.username) == func.lower(username))
    row = (await connection.execute(query)).one_or_none()
    return _stored(row) if row else None


async def of_owner(connection: AsyncConnection, owner: str, q: str | None) -> tuple[Employee, ...]:
    """Return an owner's employees, newest first; ``q`` is part of what they are searched by."""
    query = select(employees).where(employees.c.owner == owner)
    if q:
        query = query.where(
            or_(*(employees.c[name].icontains(q, autoescape=True) for name in _SEARCHED))
        )
    query = query.order_by(employees.c.created_at.desc(), employees.c.id.desc())
    return tuple(_stored(row).employee for row in await connection.execute(query))


async def replace_password(
    connection: AsyncConnection, employee_id: str, known: str, better: str
) -> None:
    """Store a better hash of the same password, unless somebody changed it meanwhile."""
    same = (employees.c.id == employee_id) & (employees.c.password == known)
    await connection.execute(update(employees).where(same).values(password=better))


# ── sessions ─────────────────────────────────────────────────────────────────


async def add_session(
    connection: AsyncConnection, session: UUID, employee: Employee, now: datetime, until: datetime
) -> None:
    """Store a session that begins now, and forget everybody's whose tokens have run out."""
    over = select(employee_sessions.c.id).where(employee_sessions.c.expires_at < now)
    # Another login may be at the same: neither waits for the other.
    mine = over.with_for_update(skip_locked=True)
    await connection.execute(delete(employee_sessions).where(employee_sessions.c.id.in_(mine)))
    row = {"id": session, "employee_id": employee.id, "owner": employee.owner}
    await connection.execute(
        insert(employee_sessions).values({**row, "created_at": now, "expires_at": until})
    )


async def end_sessions(
    connection: AsyncConnection, employee_id: str, now: datetime
) -> tuple[UUID, ...]:
    """End every session of an employee; return those that were alive."""
    alive = (
        (employee_sessions.c.employee_id == employee_id)
        & employee_sessions.c.ended_at.is_(None)
        & (employee_sessions.c.expires_at > now)
    )
    statement = update(employee_sessions).where(alive).values(ended_at=now)
    return tuple(await connection.scalars(statement.returning(employee_sessions.c.id)))


async def ended_and_not_over(connection: AsyncConnection, now: datetime) -> list[UUID]:
    """Return every ended session that has tokens which have not run out."""
    query = select(employee_sessions.c.id).where(
        employee_sessions.c.ended_at.is_not(None), employee_sessions.c.expires_at > now
    )
    return list(await connection.scalars(query))


def _stored(row: Row[Any]) -> Stored:
    values = row._asdict()
    permissions = AppPermissions.model_validate(values)
    return Stored(
        Employee.model_validate({**values, "permissions": permissions}), values["password"]
    )
