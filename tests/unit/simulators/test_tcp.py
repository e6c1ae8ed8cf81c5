"""How packets meet TCP, and what becomes of a second connection."""

from __future__ import annotations

import struct
import time
from typing import TYPE_CHECKING

import pytest

from services.devices.simulators.faults import Fault
from services.devices.simulators.zk import tcp
from services.devices.simulators.zk.codes import Command, Reply
from services.devices.simulators.zk.tcp import TcpClient
from services.devices.simulators.zk.wire import FrameReader
from tests.unit.simulators.conftest import until
from tests.unit.simulators.raw import ATTENDANCE, PATIENCE, RawClient, contents

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from services.devices.simulators.zk.server import ZkServer
    from tests.unit.simulators.conftest import Start


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """What was given to the wire, write by write."""
    pieces: list[bytes] = []
    write = TcpClient._write

    def note(client: TcpClient, content: bytes) -> None:
        pieces.append(content)
        write(client, content)

    monkeypatch.setattr(TcpClient, "_write", note)
    return pieces


async def transfer(server: ZkServer, written: list[bytes]) -> list[bytes]:
    """Return the writes of one transfer of 4 KB."""
    client = await RawClient.connect(server)
    await client.ask(Command.PREPARE_BUFFER, ATTENDANCE)
    written.clear()
    packets = await client.ask_all(Command.READ_BUFFER, struct.pack("<II", 0, 4_004))
    assert len(contents(packets)) == 4_004
    return written


async def test_a_packet_a_write(start: Start, written: list[bytes]) -> None:
    pieces = await transfer(await start(records=100, packet=1008), written)
    assert [len(FrameReader().feed(piece)) for piece in pieces] == [1] * 6


async def test_an_answer_a_write(start: Start, written: list[bytes]) -> None:
    server = await start(records=100, packet=1008, writes="coalesced")
    pieces = await transfer(server, written)
    assert [len(FrameReader().feed(piece)) for piece in pieces] == [6]


async def test_two_punches_at_once_are_one_write(start: Start, written: list[bytes]) -> None:
    server = await start(writes="coalesced")
    client = await RawClient.connect(server)
    await client.ask(Command.REGISTER_EVENTS, struct.pack("<I", 1))
    written.clear()
    server.punch("1001", 0)
    server.punch("1002", 0)
    assert [(await client.receive()).data[:4] for _ in range(2)] == [b"1001", b"1002"]
    assert len(written) == 1


async def test_frames_in_pieces(start: Start, written: list[bytes]) -> None:
    server = await start(records=100, packet=1008, writes="fragmented")
    pieces = await transfer(server, written)
    assert all(len(piece) <= 256 for piece in pieces)
    assert len(pieces) > 20
    assert sum(len(piece) for piece in pieces) == 4_004 + 8 + 6 * 16


async def test_packets_may_take_their_time(start: Start) -> None:
    client = await RawClient.connect(await start(records=100, packet=1008, pace=0.03))
    await client.ask(Command.PREPARE_BUFFER, ATTENDANCE)
    begun = time.monotonic()
    client.send(Command.READ_BUFFER, struct.pack("<II", 0, 4_004))
    for number, code in enumerate((1500, 1501, 1501, 1501, 1501, 2000)):
        assert (await client.receive()).code == code
        assert time.monotonic() - begun > number * 0.03


async def test_many_connections_are_served(start: Start) -> None:
    server = await start()
    clients = [await RawClient.connect(server) for _ in range(5)]
    assert [(await client.ask(Command.GET_TIME)).code for client in clients] == [2000] * 5


async def test_a_second_connection_may_be_reset(start: Start) -> None:
    server = await start(one_connection=True)
    first = await RawClient.connect(server)
    second = await RawClient.dial(server)
    assert await second.is_closed()
    assert (await first.ask(Command.GET_TIME)).code == Reply.OK
    first.close()
    await until(has(server, 0))
    await RawClient.connect(server)


async def test_a_second_connection_may_wait_for_the_first_to_end(start: Start) -> None:
    server = await start(one_connection="waits")
    first = await RawClient.connect(server)
    second = await RawClient.dial(server)
    second.send(Command.CONNECT)
    await until(has(server, 2))
    assert await second.is_silent()
    assert (await first.ask(Command.EXIT)).code == Reply.OK
    assert (await second.receive()).code == Reply.UNAUTH


async def test_who_closes_and_connects_at_once_is_served(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tcp, "_MOMENT", PATIENCE)
    server = await start(one_connection=True)
    first = await RawClient.connect(server)
    second = await RawClient.dial(server)
    await until(has(server, 2))
    first.close()
    await second.greet(server)


async def test_a_waiting_connection_stays_unread_while_faults_come_and_go(start: Start) -> None:
    server = await start(one_connection="waits")
    first = await RawClient.connect(server)
    second = await RawClient.dial(server)
    second.send(Command.CONNECT)
    await until(has(server, 2))
    await server.set_fault(Fault.SLOW)
    await server.set_fault(Fault.NONE)
    assert await second.is_silent()
    first.close()


def has(server: ZkServer, connections: int) -> Callable[[], Awaitable[bool]]:
    async def met() -> bool:
        return len(server.connections) == connections

    return met
