"""The embedded servers on their own, provisioned and with everybody's credentials, for tests.

async with servers(directory, sites=["hq"]) as running:
    settings = Settings(nats_url=running.nats_url, nats_seed_file=running.seed_file("auth"))
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from deploy.local import credentials, nats, postgres
from deploy.local.child import Child
from deploy.local.layout import Layout
from deploy.local.ports import LOOPBACK, free_port
from deploy.nats.accounts import PROVISIONER
from deploy.nats.provisioner import Provisioner
from deploy.postgres import roles
from shared.kit.bus import Bus
from shared.kit.clock import SystemClock
from shared.kit.settings import Settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from pathlib import Path

    from deploy.local.process import Process

_READY_SECONDS: Final = 30.0


class Server:
    """One embedded server that a test may stop, kill and start again."""

    def __init__(self, process: Process, log: Path) -> None:
        self._process = process
        self.log = log
        self.child: Child | None = None

    async def start(self) -> None:
        """Start it and wait until it accepts connections."""
        self.child = await Child.spawn(self._process, self.log)
        await self.child.wait_ready(_READY_SECONDS)

    async def stop(self) -> None:
        """Stop it in good order, if it runs."""
        if self.child is not None:
            await self.child.stop()
            self.child = None

    async def kill(self) -> None:
        """Kill it as a crash would."""
        if self.child is not None:
            await self.child.kill()
            self.child = None


@dataclass(frozen=True)
class Servers:
    """Running servers and where their credentials are."""

    layout: Layout
    sites: tuple[str, ...]
    nats: Server
    postgres: Server
    nats_port: int
    postgres_port: int

    @property
    def directory(self) -> Path:
        """Where they keep everything."""
        return self.layout.root

    @property
    def nats_url(self) -> str:
        """Where the broker listens."""
        return f"nats://{LOOPBACK}:{self.nats_port}"

    def seed_file(self, user: str) -> Path:
        """Return the file with a broker user's nkey seed."""
        return self.layout.seed(user)

    def database_url(self, role: str) -> str:
        """Return the URL of the database for a role, without its password."""
        return f"postgresql+psycopg://{role}@{LOOPBACK}:{self.postgres_port}/{roles.DATABASE}"

    def password_file(self, role: str) -> Path:
        """Return the file with a database role's password."""
        return self.layout.password(role)

    async def provision(self) -> None:
        """Make every stream, consumer and bucket that is missing, once."""
        settings = Settings(nats_url=self.nats_url, nats_seed_file=self.seed_file(PROVISIONER))
        bus = Bus(PROVISIONER, settings)
        await bus.connect()
        try:
            await Provisioner(bus, self.sites, SystemClock()).once()
        finally:
            await bus.stop()


@asynccontextmanager
async def servers(directory: Path, sites: Sequence[str]) -> AsyncIterator[Servers]:
    """Run both servers on free ports with all users, roles, streams; no service's tables yet.

    ``directory`` must be absolute.
    """
    layout = Layout(directory)
    nats_port, postgres_port = free_port(), free_port()
    passwords = credentials.passwords(layout)
    nats.prepare(layout, sites, nats_port)
    await asyncio.to_thread(postgres.prepare, layout, postgres_port)
    running = Servers(
        layout,
        tuple(sites),
        Server(nats.process(layout, nats_port), layout.logs / "nats.log"),
        Server(postgres.process(layout, postgres_port), layout.logs / "postgres.log"),
        nats_port,
        postgres_port,
    )
    try:
        await asyncio.gather(running.nats.start(), running.postgres.start())
        await asyncio.to_thread(roles.provision, LOOPBACK, postgres_port, passwords)
        await asyncio.to_thread(postgres.admit, layout, postgres_port)
        await running.provision()
        yield running
    finally:
        await asyncio.gather(running.nats.stop(), running.postgres.stop())
