"""Faults in the middle of a table, and around one."""

from __future__ import annotations

import math
import struct
from typing import TYPE_CHECKING

import pytest

from services.devices.simulators.faults import Fault
from services.devices.simulators.zk.codes import Command, Reply
from tests.unit.simulators.raw import ATTENDANCE, TEMPLATES, USERS, RawClient, RawPeer, contents

if TYPE_CHECKING:
    from services.devices.simulators.zk.wire import Packet
    from tests.unit.simulators.conftest import Start

CHUNK = struct.pack("<II", 0, 20_004)


async def bytes_until_the_end(client: RawClient) -> tuple[bytes, bool]:
    """Return everything that still arrives, and whether it ended in a reset."""
    arrived = b""
    while True:
        try:
            piece = await client.read_bytes()
        except ConnectionResetError:
            return arrived, True
        if not piece:
            return arrived, False
        arrived += piece


@pytest.mark.parametrize("after", [0, 1, 999, 1008, 15_000, 20_003, 20_004])
async def test_a_cut_comes_after_the_bytes_it_was_given_and_once(start: Start, after: int) -> None:
    server = await start(records=500, packet=1008)
    client = await RawClient.connect(server)
    await client.ask(Command.PREPARE_BUFFER, ATTENDANCE)
    await server.set_fault(Fault.CUT, after)
    client.send(Command.READ_BUFFER, CHUNK)
    arrived, reset = await bytes_until_the_end(client)
    assert reset
    frames = max(1, math.ceil(after / 1008))
    assert len(arrived) == 24 + 16 * frames + after
    assert server.firmware.fault is Fault.NONE
    again = await RawClient.connect(server)
    assert len(await again.read(ATTENDANCE)) == 20_004


async def test_bytes_are_counted_over_chunks_and_connections(start: Start) -> None:
    server = await start(records=500)
    client, other = [await RawClient.connect(server) for _ in range(2)]
    await server.set_fault(Fault.CUT, 20_004 + 5_000)
    await other.read(ATTENDANCE)
    await client.ask(Command.PREPARE_BUFFER, ATTENDANCE)
    await client.ask_all(Command.READ_BUFFER, struct.pack("<II", 0, 4_999))
    client.send(Command.READ_BUFFER, struct.pack("<II", 4_999, 1_000))
    arrived, _ = await bytes_until_the_end(client)
    assert len(arrived) == 24 + 16 + 1


@pytest.mark.parametrize("table", [USERS, ATTENDANCE])
async def test_a_small_table_is_cut_too(start: Start, table: bytes) -> None:
    server = await start(users=3, records=3)
    client = await RawClient.connect(server)
    await server.set_fault(Fault.CUT, 50)
    client.send(Command.PREPARE_BUFFER, table)
    arrived, reset = await bytes_until_the_end(client)
    assert (len(arrived), reset) == (16 + 50, True)


@pytest.mark.parametrize("after", [0, 1008, 20_004])
async def test_a_fin_is_in_the_middle_of_a_frame(start: Start, after: int) -> None:
    server = await start(records=500, packet=1008)
    client = await RawClient.connect(server)
    await client.ask(Command.PREPARE_BUFFER, ATTENDANCE)
    await server.set_fault(Fault.FIN, after)
    client.send(Command.READ_BUFFER, CHUNK)
    arrived, reset = await bytes_until_the_end(client)
    at = 24
    while at < len(arrived):
        at += 8 + int.from_bytes(arrived[at + 4 : at + 8], "little")
    assert (reset, at > len(arrived)) == (False, True)
    assert len(await (await RawClient.connect(server)).read(ATTENDANCE)) == 20_004


@pytest.mark.parametrize("kind", [RawClient, RawPeer])
async def test_a_stall_lasts_until_it_is_healed(
    start: Start, kind: type[RawClient | RawPeer]
) -> None:
    server = await start(records=500, packet=1008)
    client = await kind.connect(server)
    await client.ask(Command.PREPARE_BUFFER, ATTENDANCE)
    await server.set_fault(Fault.STALL, 10_000)
    request = client.send(Command.READ_BUFFER, CHUNK)
    packets: list[Packet] = []
    while not packets or not await client.hears_nothing():
        packets.append(await client.receive())
    assert 9_000 < len(contents(packets)) <= 10_000
    client.send(Command.UNLOCK, struct.pack("<I", 5))
    assert await client.hears_nothing()
    assert server.device.unlocks == [], "a terminal that stalls does nothing else"
    newcomer = await kind.connect(server)
    await newcomer.ask(Command.PREPARE_BUFFER, ATTENDANCE)
    newcomer.send(Command.READ_BUFFER, CHUNK)
    assert (await newcomer.receive()).code == Reply.PREPARE_DATA
    assert await newcomer.hears_nothing(), "every table stalls"
    await server.set_fault(Fault.NONE)
    while packets[-1].code != Reply.OK:
        packets.append(await client.receive())
    assert {packet.reply for packet in packets} == {request.reply}
    assert len(contents(packets)) == 20_004


async def test_over_udp_a_cut_forgets_the_client(start: Start) -> None:
    server = await start(records=500)
    peer = await RawPeer.connect(server)
    await peer.ask(Command.PREPARE_BUFFER, ATTENDANCE)
    await server.set_fault(Fault.CUT, 5_000)
    peer.send(Command.READ_BUFFER, CHUNK)
    packets = [await peer.receive() for _ in range(5)]
    assert await peer.hears_nothing()
    assert len(contents(packets)) == 4 * 1024, "half a datagram is none"
    assert (await peer.ask(Command.GET_TIME)).code == Reply.UNAUTH


async def test_somebody_punches_between_the_count_and_the_log(start: Start) -> None:
    server = await start(records=100)
    client = await RawClient.connect(server)
    await server.set_fault(Fault.COUNT_RACE)

    async def count() -> int:
        body = (await client.ask(Command.FREE_SIZES)).data
        return int(struct.unpack_from("<i", body, 32)[0])

    before = await count()
    table = await client.read(ATTENDANCE)
    assert len(table) == 4 + (before + 1) * 40
    assert (before, await count()) == (100, 101)
    await client.ask(Command.DISABLE)
    assert len(await client.read(ATTENDANCE)) == 4 + 101 * 40, "nobody punches while disabled"


async def test_a_punch_comes_in_the_middle_of_every_transfer(start: Start) -> None:
    server = await start(users=70, records=100, templates=3, packet=1008)
    client = await RawClient.connect(server)
    await client.ask(Command.REGISTER_EVENTS, struct.pack("<I", 1))
    await server.set_fault(Fault.INTERLEAVE)
    for table in (USERS, ATTENDANCE, TEMPLATES):
        packets = await read_whole(client, table)
        codes = [packet.code for packet in packets]
        assert codes[:3] == [Reply.PREPARE_DATA, Reply.DATA, Reply.EVENT]
        assert codes.count(Reply.EVENT) == 1
    assert len(server.device.truth.punches) == 103, "an event that was no punch"
    await client.ask(Command.DISABLE)
    packets = await read_whole(client, ATTENDANCE)
    assert Reply.EVENT not in [packet.code for packet in packets]


async def read_whole(client: RawClient, table: bytes) -> list[Packet]:
    """Return the packets of a large table, and assert that they hold it."""
    prepared = await client.ask(Command.PREPARE_BUFFER, table)
    size = struct.unpack_from("<I", prepared.data, 1)[0]
    packets = await client.ask_all(Command.READ_BUFFER, struct.pack("<II", 0, size))
    assert len(contents(packets)) == size
    return packets
