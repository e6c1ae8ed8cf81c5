"""A fleet on loopback with free ports, its control, and the vectors."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from services.devices.simulators import control
from services.devices.simulators.fleet import Fleet
from services.devices.simulators.spec import DeviceSpec
from shared.kit.clock import SystemClock
from tests.unit.simulators.raw import PATIENCE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from services.devices.simulators.zk.server import ZkServer

    Start = Callable[..., Awaitable[ZkServer]]

VECTORS = Path(__file__).parents[2] / "vectors" / "zk.json"

Vectors = dict[str, Any]


@pytest.fixture(scope="session")
def vectors() -> Vectors:
    content: Vectors = json.loads(VECTORS.read_text())
    return content


async def until(met: Callable[[], Awaitable[bool]]) -> None:
    """Wait for what another thread or process does; TimeoutError when it never does."""
    async with asyncio.timeout(PATIENCE):
        while not await met():
            await asyncio.sleep(0.01)


class FakeNow:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.instant = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.instant


@pytest.fixture
def now() -> FakeNow:
    return FakeNow()


@pytest.fixture
async def start(tmp_path: Path) -> AsyncIterator[Start]:
    """Start a device from fields of its spec; every one gets a loopback address of its own."""
    fleets: list[Fleet] = []

    async def one(now: Callable[[], datetime] | None = None, **fields: object) -> ZkServer:
        host = f"127.0.91.{len(fleets) + 1}"
        spec = DeviceSpec.model_validate(
            {"serial": f"SIM{len(fleets):04}", "host": host, "port": 0, **fields}
        )
        fleet = Fleet([spec], tmp_path, now or SystemClock().now)
        await fleet.start()
        fleets.append(fleet)
        return fleet.servers[spec.serial]

    yield one
    for fleet in fleets:
        fleet.stop()


@pytest.fixture
async def fleet(tmp_path: Path) -> AsyncIterator[Fleet]:
    """Two devices in two zones."""
    specs = [
        DeviceSpec(
            serial="EAST", host="127.0.92.1", port=0, zone="Asia/Jakarta", users=5, records=50
        ),
        DeviceSpec(serial="WEST", host="127.0.92.2", port=0, zone="Europe/Berlin", users=3),
    ]
    fleet = Fleet(specs, tmp_path, SystemClock().now)
    await fleet.start()
    yield fleet
    fleet.stop()


@pytest.fixture
async def http(fleet: Fleet) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=control.build(fleet))
    async with httpx.AsyncClient(transport=transport, base_url="http://fleet") as client:
        yield client
