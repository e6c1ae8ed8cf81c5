"""A server, and terminals that dial it, with little patience."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from services.devices.simulators.fleet import Fleet
from services.devices.simulators.spec import DeviceSpec
from shared.kit.clock import SystemClock
from tests.unit.simulators.timmy.house import House, met, open_house

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    from services.devices.simulators.timmy.terminal import TimmyTerminal

    Dial = Callable[..., TimmyTerminal]
    Connect = Callable[..., Awaitable[TimmyTerminal]]

SERIAL = "ZXRE06022863"


@pytest.fixture
async def house() -> AsyncIterator[House]:
    async with open_house() as house:
        yield house


@pytest.fixture
async def build(house: House, tmp_path: Path) -> AsyncIterator[Dial]:
    """Make a terminal from fields of its spec; it does not dial before `start`."""
    fleets: list[Fleet] = []

    def one(**fields: object) -> TimmyTerminal:
        spec = DeviceSpec.model_validate(
            {
                "serial": SERIAL,
                "dialect": "timmy",
                "server": house.url,
                "users": 3,
                "heartbeat": 0.02,
                "patience": 0.4,
                **fields,
            }
        )
        fleets.append(Fleet([spec], tmp_path, SystemClock().now))
        return fleets[-1].terminals[spec.serial]

    yield one
    for fleet in fleets:
        fleet.stop()


@pytest.fixture
async def dial(build: Dial) -> Dial:
    """Make a terminal that dials."""

    def one(**fields: object) -> TimmyTerminal:
        terminal = build(**fields)
        terminal.start()
        return terminal

    return one


@pytest.fixture
async def connect(dial: Dial) -> Connect:
    """Make a terminal that the server has accepted."""

    async def one(**fields: object) -> TimmyTerminal:
        terminal = dial(**fields)
        await met(terminal.connected.is_set)
        return terminal

    return one
