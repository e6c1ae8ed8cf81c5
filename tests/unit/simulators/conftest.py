"""A fleet on loopback with free ports, its control, and a client that speaks raw packets."""

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
from services.devices.simulators.zk.codes import Command, Reply
from services.devices.simulators.zk.wire import FrameReader, Packet, key_bytes
from shared.kit.clock import SystemClock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from services.devices.simulators.zk.server import ZkServer

    Start = Callable[..., Awaitable[ZkServer]]

PATIENCE = 5.0
SILENCE = 0.2
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


class RawClient:
    """A client that sends and receives packets as they are, and trusts nobody."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._frames = FrameReader()
        self._waiting: list[Packet] = []
        self._number = 0
        self.session = 0

    @classmethod
    async def dial(cls, server: ZkServer) -> RawClient:
        return cls(*await asyncio.open_connection(server.device.spec.host, server.port))

    @classmethod
    async def connect(cls, server: ZkServer) -> RawClient:
        """Dial, connect and prove the key of the spec."""
        client = await cls.dial(server)
        answer = await client.ask(Command.CONNECT)
        client.session = answer.session
        if answer.code == Reply.UNAUTH:
            key = key_bytes(server.device.spec.key or 0, client.session, 77)
            answer = await client.ask(Command.AUTH, key)
        assert answer.code == Reply.OK
        return client

    def packet(self, code: int, data: bytes = b"") -> Packet:
        packet = Packet(code, self.session, self._number, data)
        self._number += 1
        return packet

    def write(self, content: bytes) -> None:
        self._writer.write(content)

    def send(self, code: int, data: bytes = b"") -> Packet:
        packet = self.packet(code, data)
        self.write(packet.frame())
        return packet

    async def ask(self, code: int, data: bytes = b"") -> Packet:
        request = self.send(code, data)
        answer = await self.receive()
        assert answer.reply == request.reply
        return answer

    async def receive(self, patience: float = PATIENCE) -> Packet:
        async with asyncio.timeout(patience):
            while not self._waiting:
                data = await self._reader.read(70_000)
                if not data:
                    raise EOFError
                self._waiting += self._frames.feed(data)
        return self._waiting.pop(0)

    async def is_silent(self) -> bool:
        """Tell whether nothing arrives for a moment; the connection must stay open."""
        try:
            async with asyncio.timeout(SILENCE):
                assert await self._reader.read(1), "closed"
        except TimeoutError:
            return True
        return False

    async def is_closed(self) -> bool:
        async with asyncio.timeout(PATIENCE):
            try:
                return await self._reader.read(1) == b""
            except ConnectionResetError:
                return True

    def close(self) -> None:
        self._writer.close()


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
