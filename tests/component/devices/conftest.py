"""The registry itself, on real servers, with callers who hold tokens and an agent to script."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest_asyncio

from services.devices.app import build
from shared.kit.bus import Bus
from tests.component.devices.helping import HandClock, caller, eventually, fails
from tests.component.devices.house import Running, running, settings_of, signing_key
from tests.component.devices.ledger import Ledger, outcome_of
from tests.component.devices.stand_in import Agent
from tests.conftest import Platform

__all__ = [
    "Agent",
    "HandClock",
    "Ledger",
    "MakeBus",
    "Running",
    "caller",
    "eventually",
    "fails",
    "outcome_of",
    "running",
    "settings_of",
]

MakeBus = Callable[[str], Awaitable[Bus]]


@pytest_asyncio.fixture(loop_scope="session")
async def registry(clean: Platform, bus_of: MakeBus, tmp_path: Path) -> AsyncIterator[Running]:
    """The registry, running, with the sites of the bootstrap file and nothing else."""
    settings = settings_of(clean, tmp_path)
    key = await signing_key(await bus_of("auth"))
    service = build(settings)
    async with running(service):
        yield Running(service, settings, await bus_of("gateway"), key, await bus_of("provisioner"))


@pytest_asyncio.fixture(loop_scope="session")
async def agent(bus_of: MakeBus) -> Agent:
    """The agent of site hq."""
    made = Agent(await bus_of("agent-hq"), "hq")
    await made.start()
    return made


@pytest_asyncio.fixture(loop_scope="session")
async def present(registry: Running, agent: Agent) -> Agent:
    """The agent of site hq, of whom the registry has heard."""
    await agent.is_there()

    async def heard() -> bool:
        return bool(await registry.rows("select 1 from sites where heard_at is not null"))

    await eventually(heard)
    return agent
