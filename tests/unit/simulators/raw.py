"""Clients that speak raw packets over TCP and UDP, and look at every slot."""

from __future__ import annotations

import asyncio
import socket
import struct
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from services.devices.simulators.zk.codes import Command, Reply
from services.devices.simulators.zk.wire import FrameReader, Packet, decode, key_bytes

if TYPE_CHECKING:
    from services.devices.simulators.zk.server import ZkServer

USERS = bytes.fromhex("0109000500000000000000")
ATTENDANCE = bytes.fromhex("010d000000000000000000")
OPERATIONS = bytes.fromhex("0122000000000000000000")
TEMPLATES = bytes.fromhex("0107000200000000000000")
PATIENCE = 5.0
SILENCE = 0.2


class Raw(ABC):
    """A client that sends and receives packets as they are, and trusts nobody."""

    def __init__(self) -> None:
        self._waiting: list[Packet] = []
        self._number = 0
        self.session = 0

    @abstractmethod
    def send_packet(self, packet: Packet) -> None: ...

    @abstractmethod
    async def _more(self) -> list[Packet]: ...

    async def greet(self, server: ZkServer) -> None:
        """Connect and prove the key of the spec."""
        answer = await self.ask(Command.CONNECT)
        self.session = answer.session
        if answer.code == Reply.UNAUTH:
            key = key_bytes(server.device.spec.key or 0, self.session, 77)
            answer = await self.ask(Command.AUTH, key)
        assert answer.code == Reply.OK

    def packet(self, code: int, data: bytes = b"") -> Packet:
        packet = Packet(code, self.session, self._number, data)
        self._number += 1
        return packet

    def send(self, code: int, data: bytes = b"") -> Packet:
        packet = self.packet(code, data)
        self.send_packet(packet)
        return packet

    async def ask(self, code: int, data: bytes = b"") -> Packet:
        request = self.send(code, data)
        answer = await self.receive()
        assert answer.reply == request.reply
        return answer

    async def ask_all(self, code: int, data: bytes = b"") -> list[Packet]:
        """Ask and return every packet of the answer, which may be a transfer."""
        packets = [await self.ask(code, data)]
        while packets[-1].code == Reply.PREPARE_DATA or (
            len(packets) > 1 and packets[-1].code in (Reply.DATA, Reply.EVENT)
        ):
            packets.append(await self.receive())
        return packets

    async def read(self, table: bytes) -> bytes:
        """Read a table whole: at once or in one chunk."""
        prepared = await self.ask(Command.PREPARE_BUFFER, table)
        if prepared.code == Reply.DATA:
            return prepared.data
        assert prepared.code == Reply.OK
        size = struct.unpack_from("<I", prepared.data, 1)[0]
        packets = await self.ask_all(Command.READ_BUFFER, struct.pack("<II", 0, size))
        assert (await self.ask(Command.FREE_BUFFER)).code == Reply.OK
        return contents(packets)

    async def receive(self, patience: float = PATIENCE) -> Packet:
        async with asyncio.timeout(patience):
            await self._wait()
        return self._waiting.pop(0)

    async def hears_nothing(self, seconds: float = SILENCE) -> bool:
        """Tell whether no packet comes for a moment; one that comes can be received."""
        try:
            async with asyncio.timeout(seconds):
                await self._wait()
        except TimeoutError:
            return True
        return False

    async def _wait(self) -> None:
        while not self._waiting:
            self._waiting += await self._more()


def contents(packets: list[Packet]) -> bytes:
    """Return what the DATA packets of a transfer carry."""
    return b"".join(packet.data for packet in packets if packet.code == Reply.DATA)


class RawClient(Raw):
    """One on TCP."""

    def __init__(self) -> None:
        super().__init__()
        # Streams of asyncio forget what came before a reset.
        self._socket = socket.socket()
        self._socket.setblocking(False)
        self._frames = FrameReader()

    @classmethod
    async def dial(cls, server: ZkServer) -> RawClient:
        client = cls()
        address = (server.device.spec.host, server.port)
        await asyncio.get_running_loop().sock_connect(client._socket, address)
        return client

    async def read_bytes(self) -> bytes:
        """Return what has arrived; nothing at the end of the stream."""
        return await asyncio.get_running_loop().sock_recv(self._socket, 70_000)

    @classmethod
    async def connect(cls, server: ZkServer) -> RawClient:
        client = await cls.dial(server)
        await client.greet(server)
        return client

    def write(self, content: bytes) -> None:
        self._socket.sendall(content)

    @override
    def send_packet(self, packet: Packet) -> None:
        self.write(packet.frame())

    @override
    async def _more(self) -> list[Packet]:
        data = await self.read_bytes()
        if not data:
            raise EOFError
        return self._frames.feed(data)

    @property
    def bad_checksums(self) -> int:
        return self._frames.bad_checksums

    async def is_silent(self) -> bool:
        """Tell whether nothing arrives for a moment; the connection must stay open."""
        try:
            async with asyncio.timeout(SILENCE):
                assert await self.read_bytes(), "closed"
        except TimeoutError:
            return True
        return False

    async def is_closed(self) -> bool:
        async with asyncio.timeout(PATIENCE):
            try:
                return await self.read_bytes() == b""
            except ConnectionResetError:
                return True

    def close(self) -> None:
        self._socket.close()


class RawPeer(Raw, asyncio.DatagramProtocol):
    """One on UDP: a port of its own, which is its name."""

    def __init__(self) -> None:
        super().__init__()
        self.datagrams: asyncio.Queue[bytes] = asyncio.Queue()
        self.transport: asyncio.DatagramTransport

    @classmethod
    async def dial(cls, server: ZkServer) -> RawPeer:
        loop = asyncio.get_running_loop()
        address = (server.device.spec.host, server.port)
        transport, peer = await loop.create_datagram_endpoint(cls, remote_addr=address)
        peer.transport = transport
        return peer

    @classmethod
    async def connect(cls, server: ZkServer) -> RawPeer:
        peer = await cls.dial(server)
        await peer.greet(server)
        return peer

    @override
    def datagram_received(self, data: bytes, addr: tuple[str | Any, int]) -> None:
        self.datagrams.put_nowait(data)

    @override
    def send_packet(self, packet: Packet) -> None:
        self.transport.sendto(packet.encode())

    @override
    async def _more(self) -> list[Packet]:
        packet = decode(await self.datagrams.get())
        assert packet is not None
        return [packet]
