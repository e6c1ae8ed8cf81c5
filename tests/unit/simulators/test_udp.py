"""A terminal on UDP: the same port, a session a peer, and a wire that loses things."""

from __future__ import annotations

import struct
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from services.devices.simulators.faults import Fault
from services.devices.simulators.zk.codes import Command, Reply
from services.devices.simulators.zk.wire import MAGIC
from tests.unit.simulators.conftest import until
from tests.unit.simulators.raw import ATTENDANCE, RawClient, RawPeer

if TYPE_CHECKING:
    from tests.unit.simulators.conftest import Start


async def test_both_transports_are_one_terminal_under_one_port(start: Start) -> None:
    server = await start(users=3, records=100)
    peer, client = await RawPeer.connect(server), await RawClient.connect(server)
    assert peer.session != client.session
    assert await peer.read(ATTENDANCE) == await client.read(ATTENDANCE)
    assert len(server.connections) == 2


@pytest.mark.parametrize(("transport", "tcp", "udp"), [("tcp", True, False), ("udp", False, True)])
async def test_a_terminal_may_have_one_of_them_only(
    start: Start, transport: str, tcp: bool, udp: bool
) -> None:
    server = await start(transport=transport)
    assert server.port
    if tcp:
        await RawClient.connect(server)
    else:
        with pytest.raises(ConnectionRefusedError):
            await RawClient.dial(server)
    peer = await RawPeer.dial(server)
    peer.send(Command.CONNECT)
    assert await peer.hears_nothing() is not udp


async def test_datagrams_are_packets_of_at_most_1032_bytes(start: Start) -> None:
    server = await start(records=400, packet=65_528)
    peer = await RawPeer.connect(server)
    prepared = await peer.ask(Command.PREPARE_BUFFER, ATTENDANCE)
    assert struct.unpack_from("<I", prepared.data, 1)[0] == 16_004
    packets = await peer.ask_all(Command.READ_BUFFER, struct.pack("<II", 0, 16_004))
    assert struct.unpack("<II", packets[0].data) == (16_004, 1024)
    assert [packet.session for packet in packets[1:-1]] == list(range(16))
    assert {len(packet.encode()) for packet in packets[1:-2]} == {1032}
    assert packets[-1].session == 16_004


async def test_every_peer_has_a_session_and_exit_ends_it(start: Start) -> None:
    server = await start(key=7)
    first, second = [await RawPeer.connect(server) for _ in range(2)]
    assert first.session != second.session
    again = await first.ask(Command.CONNECT)
    assert (again.code, again.session) == (Reply.OK, first.session)
    assert (await first.ask(Command.EXIT)).code == Reply.OK
    assert (await first.ask(Command.GET_TIME)).code == Reply.UNAUTH
    assert (await second.ask(Command.GET_TIME)).code == Reply.OK


async def test_what_is_no_packet_is_dropped_and_counted(start: Start) -> None:
    server = await start()
    peer = await RawPeer.connect(server)
    frame = bytearray(peer.packet(Command.GET_TIME).encode())
    frame[2] ^= 1
    for garbage in (bytes(frame), b"\1\2\3", MAGIC + bytes(12)):
        peer.transport.sendto(garbage)
    assert await peer.hears_nothing()
    assert server.counts.bad_checksums == 3
    assert (await peer.ask(Command.GET_TIME)).code == Reply.OK


async def test_live_punches_come_to_peers_too(start: Start) -> None:
    server = await start(users=3)
    peer = await RawPeer.connect(server)
    await peer.ask(Command.REGISTER_EVENTS, struct.pack("<I", 1))
    server.punch("1002", 1)
    event = await peer.receive()
    assert (event.code, event.session, event.data[:4]) == (Reply.EVENT, 1, b"1002")


async def test_a_bad_wire_loses_doubles_and_reorders(start: Start) -> None:
    server = await start(records=700)
    peer = await RawPeer.connect(server)
    whole = await peer.read(ATTENDANCE)
    await peer.ask(Command.PREPARE_BUFFER, ATTENDANCE)
    await server.set_fault(Fault.LOSSY)
    seen: list[int] = []
    for turn in range(6):
        peer.send(Command.READ_BUFFER, struct.pack("<II", 0, len(whole)))
        while not await peer.hears_nothing():
            packet = await peer.receive()
            if packet.code == Reply.DATA:
                seen.append(turn * 100 + packet.session)
                offset = packet.session * 1024
                assert packet.data == whole[offset : offset + 1024], "what arrives was sent"
    everything = {turn * 100 + number for turn in range(6) for number in range(28)}
    assert set(seen) < everything, "nothing was lost"
    assert max(Counter(seen).values()) == 2, "nothing was doubled"
    assert seen != sorted(seen), "nothing was overtaken"
    await server.set_fault(Fault.NONE)
    assert await peer.read(ATTENDANCE) == whole


async def test_tcp_loses_nothing_on_a_bad_wire(start: Start) -> None:
    server = await start(records=4_000, packet=1008)
    client = await RawClient.connect(server)
    await server.set_fault(Fault.LOSSY)
    assert len(await client.read(ATTENDANCE)) == 160_004


@pytest.mark.parametrize("fault", [Fault.HANG, Fault.UNREACHABLE])
async def test_silence_is_the_same_over_udp(start: Start, fault: Fault) -> None:
    server = await start()
    peer = await RawPeer.connect(server)
    await server.set_fault(fault)
    peer.send(Command.GET_TIME)
    assert await peer.hears_nothing()
    await server.set_fault(Fault.NONE)
    await peer.greet(server)


async def test_a_terminal_that_restarts_has_forgotten_its_peers(start: Start) -> None:
    server = await start()
    peer, other = [await RawPeer.connect(server) for _ in range(2)]
    assert (await peer.ask(Command.RESTART)).code == Reply.OK
    other.send(Command.GET_TIME)
    assert await other.hears_nothing()

    async def is_back() -> bool:
        return not server.away

    await until(is_back)
    assert (await other.ask(Command.GET_TIME)).code == Reply.UNAUTH
    assert server.device.enabled


async def test_a_slow_terminal_sends_a_datagram_at_a_time(start: Start) -> None:
    server = await start(records=100)
    peer = await RawPeer.connect(server)
    await peer.ask(Command.PREPARE_BUFFER, ATTENDANCE)
    await server.set_fault(Fault.SLOW)
    peer.send(Command.READ_BUFFER, struct.pack("<II", 0, 4_004))
    assert [(await peer.receive()).code for _ in range(2)] == [1500, 1501]
    await server.set_fault(Fault.HANG)
    assert await peer.hears_nothing(), "what was to follow is forgotten"
