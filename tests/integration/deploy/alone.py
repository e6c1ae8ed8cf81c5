"""A broker of a test's own, to break without others noticing."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from deploy.local import nats
from deploy.local.layout import Layout
from deploy.local.ports import LOOPBACK, free_port
from deploy.local.servers import Server
from deploy.nats.accounts import PROVISIONER
from deploy.nats.provisioner import Provisioner
from shared.kit.bus import Bus
from shared.kit.clock import SystemClock
from shared.kit.settings import Settings


@asynccontextmanager
async def nats_alone(directory: Path, sites: Sequence[str]) -> AsyncIterator[tuple[Server, str]]:
    """A provisioned broker, and its URL."""
    layout, port = Layout(directory), free_port()
    nats.prepare(layout, sites, port)
    server = Server(nats.process(layout, port), layout.logs / "nats.log")
    await server.start()
    url = f"nats://{LOOPBACK}:{port}"
    try:
        async with provisioner(directory, url, sites) as (maker, _):
            await maker.once()
        yield server, url
    finally:
        await server.stop()


@asynccontextmanager
async def provisioner(
    directory: Path, url: str, sites: Sequence[str]
) -> AsyncIterator[tuple[Provisioner, Bus]]:
    """A connected provisioner, and its connection."""
    seed = Layout(directory).seed(PROVISIONER)
    bus = Bus(PROVISIONER, Settings(nats_url=url, nats_seed_file=seed))
    await bus.connect()
    try:
        yield Provisioner(bus, sites, SystemClock()), bus
    finally:
        await bus.stop()
