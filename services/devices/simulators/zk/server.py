"""A terminal on TCP: thin asyncio around the session, and where faults take hold of the wire."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass
from secrets import randbelow
from typing import TYPE_CHECKING

from typing_extensions import override

from services.devices.simulators.faults import Fault
from services.devices.simulators.zk.codes import Command, Reply
from services.devices.simulators.zk.commands import answer
from services.devices.simulators.zk.firmware import Firmware
from services.devices.simulators.zk.session import Session
from services.devices.simulators.zk.wire import FrameReader, Packet

if TYPE_CHECKING:
    from services.devices.simulators.device import Device
    from services.devices.simulators.truth import Punch

# 40 KB/s in 1 KB pieces: what an old board manages, and how one was seen to cut its frames.
_SLOW_PIECE = 1024
_SLOW_PAUSE = 0.025
_BREAKING = frozenset({Fault.UNREACHABLE, Fault.DROP, Fault.WRONG_KEY, Fault.REFUSE})


@dataclass
class Counts:
    """What clients did wrong, since the start: a correct one leaves every count at 0."""

    bad_checksums: int = 0
    lost_streams: int = 0
    wrong_sessions: int = 0


class ZkServer:
    """The TCP side of one device: its listener, its connections, its fault."""

    def __init__(self, device: Device) -> None:
        self.device = device
        self.firmware = Firmware(device.spec)
        self.counts = Counts()
        self.connections: set[_Connection] = set()
        self.port = device.spec.port
        self._listener: asyncio.Server | None = None

    @property
    def registered(self) -> int:
        """Return how many connections will hear of a punch."""
        return sum(connection.hears_punches for connection in self.connections)

    async def start(self) -> None:
        """Listen; `port` is the real one afterwards. OSError when the address is taken."""
        loop = asyncio.get_running_loop()
        host = self.device.spec.host
        self._listener = await loop.create_server(lambda: _Connection(self), host, self.port)
        self.port = self._listener.sockets[0].getsockname()[1]

    def stop(self) -> None:
        """Close the listener and break off every connection."""
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        self.break_off()

    def break_off(self, spared: _Connection | None = None) -> None:
        """Break off every connection but `spared`, without a farewell."""
        for connection in self.connections - {spared}:
            connection.abort()

    async def set_fault(self, fault: Fault) -> None:
        """Replace the fault in force."""
        self.firmware.fault = Fault.NONE if fault is Fault.DROP else fault
        if fault in _BREAKING:
            self.break_off()
        if fault is Fault.UNREACHABLE:
            self.stop()
        elif self._listener is None:
            await self.start()

    def punch(self, person: str, state: int) -> Punch:
        """Let a person punch now: the truth first, then an event to every registered connection."""
        punch = self.device.punch(person, state)
        for connection in self.connections:
            connection.tell(punch)
        return punch


class _Connection(asyncio.Protocol):
    """One client's TCP connection: frames to packets, packets to its session, answers back."""

    _transport: asyncio.Transport

    def __init__(self, server: ZkServer) -> None:
        self._server = server
        self._reader = FrameReader()
        self._session = Session(server.device, server.firmware, 1 + randbelow(0xFFFE))
        self._outbox: deque[tuple[bytes, float]] = deque()
        self._pause: asyncio.TimerHandle | None = None

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - narrows what TCP always gives
        self._transport = transport
        self._server.connections.add(self)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._server.connections.discard(self)
        if self._pause is not None:
            self._pause.cancel()

    @override
    def data_received(self, data: bytes) -> None:
        before = self._reader.bad_checksums
        packets = self._reader.feed(data)
        self._server.counts.bad_checksums += self._reader.bad_checksums - before
        for packet in packets:
            self._take(packet)
        if self._reader.lost:
            self._server.counts.lost_streams += 1
            self.abort()

    @property
    def hears_punches(self) -> bool:
        """Tell whether this client registered for punches."""
        return self._session.hears_punches

    def tell(self, punch: Punch) -> None:
        """Send the live event of a punch, if this client wants it."""
        event = self._session.event(punch)
        if event is not None:
            self._send([event])

    def abort(self) -> None:
        """Break the connection off without a farewell."""
        self._transport.abort()

    def _take(self, packet: Packet) -> None:
        if self._session.ended or self._silent:
            return
        if packet.code != Command.CONNECT and packet.session != self._session.id:
            self._server.counts.wrong_sessions += 1
        self._send(answer(self._session, packet))
        if self._session.restarting:
            self._server.break_off(spared=self)

    def _send(self, packets: list[Packet]) -> None:
        for packet in packets:
            frame = packet.frame()
            slow = self._server.firmware.fault is Fault.SLOW and packet.code == Reply.DATA
            step, pause = (_SLOW_PIECE, _SLOW_PAUSE) if slow else (len(frame), 0)
            starts = range(0, len(frame), step)
            self._outbox.extend((frame[start : start + step], pause) for start in starts)
        if self._pause is None:
            self._pump()

    def _pump(self) -> None:
        """Send what waits, with its pauses; a terminal that hangs forgets it."""
        self._pause = None
        while self._outbox and not self._silent:
            piece, pause = self._outbox.popleft()
            self._transport.write(piece)
            if pause:
                self._pause = asyncio.get_running_loop().call_later(pause, self._pump)
                return
        self._outbox.clear()
        if self._session.ended:
            self._transport.close()

    @property
    def _silent(self) -> bool:
        return self._server.firmware.fault is Fault.HANG
