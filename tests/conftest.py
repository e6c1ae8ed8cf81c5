"""Real servers for every test: embedded NATS and Postgres, provisioned once a session."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import nats
import psycopg
import pytest
import pytest_asyncio
from nats.js import JetStreamContext
from sqlalchemy import URL, make_url
from typing_extensions import override
from xdist.scheduler import LoadScopeScheduling

from deploy.local import credentials
from deploy.local.servers import Servers, servers
from deploy.postgres import roles
from shared.contracts import streams
from shared.kit import logging as kit_logging
from shared.kit.bus import Bus
from shared.kit.migrate import migrate
from shared.kit.settings import DatabaseSettings, Settings

OWNER = "679a312fba856722da62098d"
OTHER_OWNER = "690f78b6dcccc75fb6722fe2"
SITES = {"hq": OWNER, "annex": OWNER, "other": OTHER_OWNER}
ADMIN = ("admin@example.test", "correct horse battery")
OTHER_ADMIN = ("admin@other.test", "staple battery horse")
SERVICES = ("auth", "devices", "attendance", "forwarder", "gateway")
ROOT = Path(__file__).resolve().parents[1]
S = TypeVar("S", bound=Settings)


class OneDemo(LoadScopeScheduling):  # type: ignore[misc]  # xdist carries no types
    """Keeps each file on one worker, and on one all that share the demo."""

    @override
    def _split_scope(self, nodeid: str) -> str:
        return _scope(nodeid)


def _scope(nodeid: str) -> str:
    file = nodeid.split("::", 1)[0]
    return "e2e" if file.startswith("tests/e2e/") else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> OneDemo:
    """Tell xdist which tests belong together."""
    return OneDemo(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longest."""
    items.sort(key=lambda item: _scope(item.nodeid) != "e2e")


def bootstrap() -> dict[str, object]:
    """Two owners, so that every test can look across the fence."""

    def owner(id_: str, admin: tuple[str, str], *sites: str) -> dict[str, object]:
        return {
            "id": id_,
            "name": f"Owner of {sites[0]}",
            "admin": {"username": f"admin-{sites[0]}", "email": admin[0], "password": admin[1]},
            "sites": [{"id": s, "name": s.title(), "zone": "Asia/Jakarta"} for s in sites],
        }

    return {
        "owners": [owner(OWNER, ADMIN, "hq", "annex"), owner(OTHER_OWNER, OTHER_ADMIN, "other")]
    }


@dataclass(frozen=True)
class Platform:
    """The running servers, and how each part of muster reaches them."""

    servers: Servers

    def owner_url(self, service: str) -> URL:
        """The URL of the role that owns a service's schema, with its password."""
        role = f"muster_{service}_owner"
        password = self.servers.password_file(role).read_text(encoding="utf-8").strip()
        return make_url(self.servers.database_url(role)).set(password=password)

    def settings(self, kind: type[S], user: str, **extra: object) -> S:
        """The settings of one process: its own broker user and, if it has one, its own role."""
        values: dict[str, Any] = {
            "data_dir": self.servers.directory,
            "nats_url": self.servers.nats_url,
            "nats_seed_file": self.servers.seed_file(user),
            **extra,
        }
        if issubclass(kind, DatabaseSettings):
            role = f"muster_{user}"
            values |= {
                "database_url": self.servers.database_url(role),
                "database_password_file": self.servers.password_file(role),
            }
        return kind(**values)

    @property
    def bootstrap_file(self) -> Path:
        """The owners of ``bootstrap`` as a file."""
        file = self.servers.directory / "bootstrap.json"
        file.write_text(json.dumps(bootstrap()), encoding="utf-8")
        return file

    async def superuser(self) -> psycopg.AsyncConnection[tuple[object, ...]]:
        """A connection that may see every schema; for looking, not for the product."""
        password = self.servers.password_file(roles.BOOTSTRAP).read_text(encoding="utf-8").strip()
        return await psycopg.AsyncConnection.connect(
            host="127.0.0.1",
            port=self.servers.postgres_port,
            user=roles.BOOTSTRAP,
            password=password,
            dbname=roles.DATABASE,
            autocommit=True,
        )

    async def clean(self) -> None:
        """Empty every table and stream, so that a test starts from nothing."""
        async with await self.superuser() as connection:
            query = (
                "select quote_ident(schemaname) || '.' || quote_ident(tablename) from pg_tables"
                " where schemaname = any(%s) and tablename <> 'alembic_version'"
            )
            rows = await (await connection.execute(query, (list(SERVICES),))).fetchall()
            if rows:
                tables = ", ".join(str(row[0]) for row in rows)
                await connection.execute(
                    f"truncate {tables} restart identity cascade".encode()  # names from pg_tables
                )
        client = await nats.connect(
            self.servers.nats_url,
            nkeys_seed=str(self.servers.seed_file("provisioner")),
            inbox_prefix="_INBOX_provisioner",
        )
        js: JetStreamContext = client.jetstream()
        wanted = {spec.name for spec in streams.STREAMS} | {
            streams.operation_stream(site).name for site in SITES
        }
        for name in wanted:
            await js.purge_stream(name)
        await client.close()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def platform(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Platform]:
    """NATS and Postgres with every user, role, stream and table."""
    kit_logging.setup("tests", "WARNING")
    async with servers(tmp_path_factory.mktemp("muster"), sites=tuple(SITES)) as running:
        credentials.make_keys(running.layout)
        platform = Platform(running)
        for service in SERVICES:
            if (ROOT / "services" / service / "migrations" / "env.py").exists():
                await asyncio.to_thread(migrate, service, platform.owner_url(service))
        yield platform


@pytest_asyncio.fixture(loop_scope="session")
async def clean(platform: Platform) -> Platform:
    """The platform with empty tables and streams."""
    await platform.clean()
    return platform


@pytest_asyncio.fixture(loop_scope="session")
async def bus_of(platform: Platform) -> AsyncIterator[Callable[[str], Awaitable[Bus]]]:
    """Make connected buses for any user; all are closed at the end."""
    made: list[Bus] = []

    async def make(user: str) -> Bus:
        bus = Bus(user, platform.settings(Settings, user))
        made.append(bus)
        await bus.connect()
        return bus

    yield make
    for bus in made:
        await bus.stop()
