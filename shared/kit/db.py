"""Postgres: one engine a process, in its own schema, under its own role."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from sqlalchemy import URL, make_url, text
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from shared.kit import telemetry
from shared.kit.errors import StartupError
from shared.kit.settings import DatabaseSettings

__all__ = [
    "UNAVAILABLE",
    "AsyncConnection",
    "AsyncEngine",
    "connect_options",
    "engine_of",
    "refuse_superuser",
    "transaction",
    "url_of",
]

# A peer that vanished is noticed within 15 s, whether we wait for it or it waits for us.
_ALIVE: Final[dict[str, Any]] = {
    "connect_timeout": 5,
    "keepalives": 1,
    "keepalives_idle": 5,
    "keepalives_interval": 3,
    "keepalives_count": 3,
    "tcp_user_timeout": 12_000,
}

UNAVAILABLE: Final = (OperationalError, InterfaceError, PoolTimeoutError, OSError)
"""What a database that is away, restarting or busy raises; trying again later is right."""


def url_of(settings: DatabaseSettings) -> URL:
    """Return the URL with its password; its text form hides it."""
    password = settings.database_password_file.read_text(encoding="utf-8").strip()
    if not password:
        msg = f"{settings.database_password_file} is empty: a role needs its password"
        raise StartupError(msg)
    return make_url(settings.database_url).set(password=password)


def connect_options(service: str) -> dict[str, Any]:
    """Return what every connection of a service is opened with."""
    options = f"-c search_path={service} -c statement_timeout=15000 -c lock_timeout=10000"
    return {**_ALIVE, "application_name": f"muster-{service}", "options": options}


def engine_of(service: str, settings: DatabaseSettings) -> AsyncEngine:
    """Return the engine of a service; its schema has the service's name."""
    return create_async_engine(
        url_of(settings),
        connect_args=connect_options(service),
        pool_size=8,
        max_overflow=8,
        pool_pre_ping=True,
        # Errors are logged, and what a statement was given is nobody's business there.
        hide_parameters=True,
    )


async def refuse_superuser(engine: AsyncEngine) -> None:
    """Raise StartupError unless the role is an ordinary one."""
    query = text(
        "select rolname, rolsuper or rolcreaterole or rolcreatedb or rolbypassrls"
        " from pg_roles where rolname = current_user"
    )
    async with engine.connect() as connection:
        name, mighty = (await connection.execute(query)).one()
    if mighty:
        msg = f"role {name} may do more than a service must: give it a role without privileges"
        raise StartupError(msg)


@asynccontextmanager
async def transaction(engine: AsyncEngine, name: str) -> AsyncIterator[AsyncConnection]:
    """Open a transaction as a part of the current span; it commits unless the block raises."""
    with telemetry.part(f"transaction {name}", telemetry.SpanKind.CLIENT):
        async with engine.begin() as connection:
            yield connection
