"""A site with a real agent, on the real broker; see ``house``."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
import pytest_asyncio

from services.devices.agent import app
from services.devices.agent.links import catalog
from services.devices.agent.links.base import Link
from services.devices.agent.settings import AgentSettings
from shared.contracts.agents import RosterDevice
from shared.kit.bus import Bus
from shared.kit.clock import Clock
from shared.kit.settings import Settings
from tests.component.agent.house import House
from tests.component.agent.scripted import Scripts
from tests.component.agent.standins import Attendance, Registry
from tests.conftest import Platform


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def site(
    platform: Platform, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[House]:
    """A house whose agent runs for all tests of a file, each with devices of its own."""
    await platform.clean()
    directory = tmp_path_factory.mktemp("site")
    settings = platform.settings(AgentSettings, "agent-hq", data_dir=directory)
    async with AsyncExitStack() as stack:
        registry, attendance = (
            Bus(user, platform.settings(Settings, user)) for user in ("devices", "attendance")
        )
        house = House(Registry(registry), Attendance(attendance), settings, directory)
        for bus in (registry, attendance):
            await bus.connect()
            stack.push_async_callback(bus.stop)
        await house.registry.start()
        await house.attendance.start()
        await stack.enter_async_context(running(settings, house.scripts))
        yield house


@asynccontextmanager
async def running(settings: AgentSettings, scripts: Scripts) -> AsyncIterator[None]:
    """The agent itself, as its process would run it; some of its links lead to a script."""

    def open_link(device: RosterDevice, clock: Clock) -> Link:
        return scripts.find(device) or catalog.open_link(device, clock)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(app, "open_link", open_link)
        service = app.build(settings)
    await service.bus.connect()
    await service.check.run()
    await service.bus.start()
    tasks = [asyncio.ensure_future(task()) for task in service.tasks]
    yield
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await service.bus.stop()


@pytest_asyncio.fixture(loop_scope="session")
async def house(site: House) -> AsyncIterator[House]:
    """The house, without any device at the beginning and at the end."""
    yield site
    await site.leave()
