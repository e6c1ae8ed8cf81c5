"""One suite for every way to speak to a device, against simulated terminals in this process."""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
import pytest_asyncio

from services.devices.agent.links.base import Link
from services.devices.agent.links.catalog import dialled
from services.devices.drivers.base import DeviceError, LogEntry, Table
from services.devices.drivers.catalog import DRIVERS
from services.devices.simulators.fleet import Fleet
from services.devices.simulators.spec import DeviceSpec
from services.devices.simulators.zk import commands
from services.devices.simulators.zk.server import ZkServer
from shared.contracts.agents import Driver, RosterDevice, Transport
from shared.contracts.operations import Progress
from shared.kit.clock import Clock, SystemClock
from tests.conftest import OWNER

CLOCK = SystemClock()
KEY = 4711
PATIENCE = 10.0
BOUND = 15.0
"""Seconds in which a device that is gone must be noticed, whatever is done with it."""
ZONE = "Asia/Jakarta"


@dataclass(frozen=True)
class Way:
    """One way to speak to a device, and what it cannot do, with the reason."""

    driver: Driver
    transport: Transport
    cannot: dict[str, str]

    def must(self, do: str) -> None:
        """Skip the test where this way cannot do what it is about."""
        if do in self.cannot:
            pytest.skip(self.cannot[do])


WAYS: Final = {
    "native-tcp": Way("native", "tcp", {}),
    "native-udp": Way(
        "native",
        "udp",
        {"notice the end of a connection": "there is no connection that could end"},
    ),
    "pyzk": Way(
        "pyzk",
        "tcp",
        {
            "survive a caller that gives up": "pyzk cannot be interrupted; its process is killed",
            "prove any key": "pyzk overflows where the turned key and the session add up to 2**32",
            "share this process's clock": "the clock is looked at in the process of pyzk",
        },
    ),
}


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> Way:
    return WAYS[str(request.param)]


class Site:
    """Simulated terminals, and links to them that are closed at the end."""

    def __init__(self, directory: Path, stack: AsyncExitStack) -> None:
        self._directory = directory
        self._stack = stack
        self._count = 0

    async def terminal(self, **fields: Any) -> ZkServer:
        """Start a terminal on a free port."""
        self._count += 1
        told = {"serial": f"SIM{self._count}", "port": 0, "zone": ZONE, "key": KEY, **fields}
        spec = DeviceSpec.model_validate(told)
        fleet = Fleet([spec], self._directory, CLOCK.now)
        await fleet.start()
        self._stack.callback(fleet.stop)
        return fleet.servers[spec.serial]

    def link(self, server: ZkServer, way: Way, *, clock: Clock = CLOCK, **fields: Any) -> Link:
        """Return a link that is not open yet."""
        link = dialled(roster(server, way, **fields), clock)
        self._stack.push_async_callback(link.close)
        return link

    async def opened(self, server: ZkServer, way: Way, **fields: Any) -> Link:
        """Return an open link."""
        link = self.link(server, way, **fields)
        await link.open()
        return link


def roster(server: ZkServer, way: Way, **fields: Any) -> RosterDevice:
    spec = server.device.spec
    told = {
        "device_id": 1,
        "owner": OWNER,
        "dialect": "zk",
        "host": spec.host,
        "port": server.port,
        "comm_key": KEY,
        "zone": spec.zone,
        "epoch": 0,
        "serial": spec.serial,
        "driver": way.driver,
        "transport": way.transport,
        **fields,
    }
    return RosterDevice.model_validate(told)


@pytest_asyncio.fixture(loop_scope="session")
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    astray: list[dict[str, Any]] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: astray.append(context))
    async with AsyncExitStack() as stack:
        yield Site(tmp_path, stack)
    loop.set_exception_handler(None)
    assert astray == [], "nothing may be raised where nobody catches it"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Counter[int]:
    """How often the terminals were asked for what: counts by command."""
    counts: Counter[int] = Counter()

    def counting(command: int, handler: Any) -> Any:
        def handle(session: Any, request: Any) -> Any:
            counts[command] += 1
            return handler(session, request)

        return handle

    for command, handler in commands._HANDLERS.items():
        monkeypatch.setitem(commands._HANDLERS, command, counting(command, handler))
    return counts


async def read(link: Link) -> tuple[Table, bytes]:
    """Read the log; what is kept counts only because the reading succeeded."""
    pieces: list[bytes] = []
    table = await link.log(pieces.append)
    return table, b"".join(pieces)


def entries(server: ZkServer, table: Table, rows: bytes) -> list[LogEntry]:
    """What the bytes of a log mean, as the agent finds it out."""
    driver, device = DRIVERS["zk"], server.device
    layout = driver.layout([rows], table, device.wall_clock.shown(), "auto")
    slots = {uid: user_id for user_id, uid in device.people.slots.items()}
    return list(driver.log([rows], layout, slots))


async def failure_of(awaited: Awaitable[object]) -> DeviceError:
    """Return the error that ends it, which it must within the bound."""
    began = CLOCK.monotonic()
    with pytest.raises(DeviceError) as failure:
        await awaited
    assert CLOCK.monotonic() - began < BOUND
    return failure.value


def worker() -> int:
    """The process in which a link of this process has its pyzk."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state = stat.read_text(encoding="utf-8").rpartition(") ")[2].split()
            command = (stat.parent / "cmdline").read_bytes()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(state[1]) == os.getpid() and b"pyzk_worker" in command:
            return int(stat.parent.name)
    msg = "this process has no worker"
    raise AssertionError(msg)


async def tell_nobody(_: Progress) -> None:
    """Take how far an action has come."""


async def until(met: Callable[[], bool]) -> None:
    """Wait for what happens elsewhere; TimeoutError when it never does."""
    async with asyncio.timeout(PATIENCE):
        while not met():
            await asyncio.sleep(0.005)


async def soon(awaited: Awaitable[Any]) -> Any:
    """Return what should be there soon."""
    return await asyncio.wait_for(awaited, PATIENCE)
