"""A site with a real agent, on the real broker; see ``house``."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import NamedTuple

import pytest
import pytest_asyncio
from typing_extensions import override

from services.devices.agent import app
from services.devices.agent.links.base import Link
from services.devices.agent.links.catalog import Links
from services.devices.agent.links.reception.reception import Reception
from services.devices.agent.settings import AgentSettings
from shared.contracts.agents import RosterDevice
from shared.kit.bus import Bus
from shared.kit.clock import Clock
from shared.kit.service import Service
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
    settings = platform.settings(AgentSettings, "agent-hq", data_dir=directory, timmy_port=0)
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
        agent = await stack.enter_async_context(running(settings, house.scripts))
        house.agent, house.reception = agent
        yield house


class Agent(NamedTuple):
    service: Service
    reception: Reception


@asynccontextmanager
async def running(settings: AgentSettings, scripts: Scripts) -> AsyncIterator[Agent]:
    """The agent itself, as its process would run it; some of its links lead to a script."""

    receptions: list[Reception] = []

    class Both(Links):
        def __init__(self, reception: Reception) -> None:
            super().__init__(reception)
            receptions.append(reception)

        @override
        def open(self, device: RosterDevice, clock: Clock) -> Link:
            return scripts.find(device) or super().open(device, clock)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(app, "Links", Both)
        service = app.build(settings)
    await service.bus.connect()
    await service.check.run()
    await service.bus.start()
    tasks = [asyncio.ensure_future(task()) for task in service.tasks]
    await receptions[0].ready.wait()
    yield Agent(service, receptions[0])
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await service.bus.stop()


@pytest_asyncio.fixture(loop_scope="session")
async def house(site: House) -> AsyncIterator[House]:
    """The house, without any device at the beginning and at the end."""
    yield site
    await site.leave()
