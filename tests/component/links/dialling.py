"""A reception at work, and terminals that dial in to it: raw ones, which say what they are told."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from typing_extensions import override
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.frames import Opcode
from websockets.protocol import State

from services.devices.agent.links.catalog import Links
from services.devices.agent.links.reception.listening import Listening, Sighting
from services.devices.agent.links.reception.reception import Reception
from services.devices.agent.links.timmy import TimmyLink
from services.devices.drivers.base import DeviceError
from shared.contracts.agents import RosterDevice
from shared.contracts.errors import Code
from shared.kit.clock import SystemClock
from tests.component.links.conftest import ZONE, soon
from tests.conftest import OWNER

SERIAL: Final = "ZXRE06022863"
MAC: Final = "00-01-F5-00-00-01"
RECORD: Final = {"enrollid": 17, "time": "2026-05-01 08:01:10", "mode": 8, "inout": 0, "event": 0}

TIME: Final = {"ret": "gettime", "time": "2026-05-01 08:00:00"}


def task(awaited: Awaitable[Any]) -> asyncio.Future[Any]:
    """Let it run meanwhile."""
    running: asyncio.Future[Any] = asyncio.ensure_future(awaited)
    return running


class HandClock(SystemClock):
    """The machine's clock, which can be put ahead."""

    def __init__(self) -> None:
        self.ahead = 0.0

    @override
    def monotonic(self) -> float:
        return super().monotonic() + self.ahead


def a_device(serial: str = SERIAL, **fields: Any) -> RosterDevice:
    told = {
        "device_id": 1,
        "owner": OWNER,
        "dialect": "timmy",
        "host": "",
        "port": 4370,
        "comm_key": 0,
        "zone": ZONE,
        "epoch": 0,
        "serial": serial,
        **fields,
    }
    return RosterDevice.model_validate(told)


def registration(serial: str = SERIAL, **fields: Any) -> dict[str, Any]:
    info = {"modelname": "AiFace", "mac": MAC, "fpalgo": "thbio3.0", "firmware": "ai518_v1.29"}
    return {"cmd": "reg", "sn": serial, "cpusn": "4410029", "devinfo": info, **fields}


def a_log(index: int = 118, **fields: Any) -> dict[str, Any]:
    return {"cmd": "sendlog", "count": 1, "logindex": index, "record": [RECORD], **fields}


class Raw:
    """A terminal of which the test says every word."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection

    async def say(self, body: dict[str, Any] | str | bytes) -> None:
        await self.connection.send(json.dumps(body) if isinstance(body, dict) else body)

    async def hear(self) -> dict[str, Any]:
        heard = json.loads(await soon(self.connection.recv()))
        assert isinstance(heard, dict)
        return heard

    async def asked(self, name: str) -> dict[str, Any]:
        """Return the command of this name, which must be what comes next."""
        command = await self.hear()
        assert command["cmd"] == name
        return command

    async def registered(self, serial: str = SERIAL, **fields: Any) -> dict[str, Any]:
        """Say who it is, and return the answer."""
        await self.say(registration(serial, **fields))
        return await self.hear()

    async def farewell(self) -> tuple[int | None, str]:
        """Return how the connection was closed; nothing may come before."""
        try:
            heard = await soon(self.connection.recv())
        except ConnectionClosed as closed:
            return (closed.rcvd.code, closed.rcvd.reason) if closed.rcvd else (None, "")
        msg = f"it was told {heard!r}"
        raise AssertionError(msg)

    def freeze(self) -> None:
        """Go on being there for the network, and take in nothing."""
        self.connection.transport.pause_reading()

    def vanish(self) -> None:
        """Be gone, without a farewell."""
        if self.is_open:
            self.connection.transport.abort()

    def ignore_pings(self) -> None:
        """Answer no ping from now on, as some firmware never does."""
        protocol: Any = self.connection.protocol
        send = protocol.send_frame
        protocol.send_frame = lambda frame: None if frame.opcode is Opcode.PONG else send(frame)

    @property
    def wire(self) -> socket.socket:
        """Its socket."""
        found: socket.socket = self.connection.transport.get_extra_info("socket")
        return found

    @property
    def is_open(self) -> bool:
        return self.connection.state is State.OPEN


@dataclass
class House:
    """A reception at work, and what it told."""

    clock: HandClock
    sightings: list[Sighting] = field(default_factory=list)
    troubles: list[tuple[str, Code]] = field(default_factory=list)
    reception: Reception = field(init=False)
    stack: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def sighted(self, sighting: Sighting) -> None:
        self.sightings.append(sighting)

    def trouble(self, device: RosterDevice, error: DeviceError) -> None:
        self.troubles.append((device.serial, error.code))

    async def dial(self, path: str = "/pub/chat", **options: Any) -> Raw:
        """Return a terminal that has dialled in and said nothing yet."""
        scheme = "wss" if "ssl" in options else "ws"
        url = f"{scheme}://127.0.0.1:{self.reception.port}{path}"
        raw = Raw(await connect(url, ping_interval=None, compression=None, **options))
        self.stack.callback(raw.vanish)
        return raw

    async def admitted(self, serial: str = SERIAL, path: str = "/pub/chat") -> Raw:
        """Return a terminal that was admitted."""
        raw = await self.dial(path)
        answer = await raw.registered(serial)
        assert answer["result"] is True, answer
        return raw

    def link(self, device: RosterDevice | None = None) -> TimmyLink:
        """Return a link that is not open yet."""
        link = Links(self.reception).open(device or a_device(), self.clock)
        assert isinstance(link, TimmyLink)
        self.stack.push_async_callback(link.close)
        return link

    async def opened(self) -> tuple[Raw, TimmyLink]:
        """Return a terminal, and an open link to it."""
        raw, link = await self.admitted(), self.link()
        await soon(link.open())
        return raw, link


@asynccontextmanager
async def receiving(
    devices: Iterable[RosterDevice], listening: Listening | None = None
) -> AsyncIterator[House]:
    """A reception that expects these devices."""
    house = House(HandClock())
    house.reception = Reception(
        listening or Listening("127.0.0.1", 0), house.clock, house.sighted, house.trouble
    )
    house.reception.expect(devices)
    running = asyncio.ensure_future(house.reception.run())
    try:
        await soon(house.reception.ready.wait())
        async with house.stack:
            yield house
    finally:
        running.cancel()
        await asyncio.wait({running})
        assert running.cancelled(), running.exception()
