"""What a terminal answers, packet by packet, through a socket that looks at every slot."""

from __future__ import annotations

import struct
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from services.devices.simulators.machine import DisabledError
from services.devices.simulators.zk.codes import Command, Reply
from services.devices.simulators.zk.wire import Packet, key_bytes
from tests.unit.simulators.conftest import until
from tests.unit.simulators.raw import RawClient

if TYPE_CHECKING:
    from services.devices.simulators.zk.server import ZkServer
    from tests.unit.simulators.conftest import FakeNow, Start


async def test_a_stranger_is_told_2005_to_all_but_three_commands(start: Start) -> None:
    server = await start(key=7)
    client = await RawClient.dial(server)
    for command in Command:
        if command not in (Command.CONNECT, Command.AUTH, Command.EXIT):
            assert (await client.ask(command)).code == Reply.UNAUTH, command
    greeting = await client.ask(Command.CONNECT)
    assert greeting.code == Reply.UNAUTH
    client.session = greeting.session
    wrong = await client.ask(Command.AUTH, key_bytes(8, client.session, 50))
    right = await client.ask(Command.AUTH, key_bytes(7, client.session, 200))
    assert (wrong.code, right.code) == (Reply.UNAUTH, Reply.OK)
    again = await client.ask(Command.CONNECT)
    assert (again.code, again.session) == (Reply.OK, client.session)
    assert (await client.ask(Command.EXIT)).code == Reply.OK
    assert await client.is_closed()


async def test_a_bad_checksum_is_answered_with_silence_and_counted(start: Start) -> None:
    server = await start()
    client = await RawClient.connect(server)
    frame = bytearray(client.packet(Command.GET_TIME).frame())
    frame[10] ^= 1
    client.write(bytes(frame))
    assert await client.is_silent()
    assert server.counts.bad_checksums == 1
    assert (await client.ask(Command.GET_TIME)).code == Reply.OK


async def test_another_protocol_is_cut_off_and_counted(start: Start) -> None:
    server = await start()
    client = await RawClient.connect(server)
    client.write(b"GET / HTTP/1.1\r\n\r\n")
    assert await client.is_closed()
    assert server.counts.lost_streams == 1


async def test_a_wrong_session_is_counted(start: Start) -> None:
    server = await start()
    client = await RawClient.connect(server)
    assert server.counts.wrong_sessions == 0
    client.session ^= 1
    await client.ask(Command.GET_TIME)
    assert server.counts.wrong_sessions == 1


async def test_requests_may_come_in_one_segment_or_byte_by_byte(start: Start) -> None:
    client = await RawClient.connect(await start())
    requests = [client.packet(Command.GET_TIME) for _ in range(3)]
    stream = b"".join(request.frame() for request in requests)
    client.write(stream)
    for byte in stream:
        client.write(bytes((byte,)))
    answers = [await client.receive() for _ in range(6)]
    assert [answer.reply for answer in answers] == [request.reply for request in requests] * 2


@pytest.mark.parametrize(("profile", "code"), [("zmm220", 0xFFFF), ("speedface", 4981)])
async def test_an_unknown_command_is_answered_as_the_firmware_does(
    start: Start, profile: str, code: int
) -> None:
    client = await RawClient.connect(await start(profile=profile))
    for command in (2001, 0xFFFF, 1700, 1009):
        assert (await client.ask(command)).code == code


async def test_state_stands_in_the_session_slot(start: Start) -> None:
    client = await RawClient.connect(await start())
    assert (await client.ask(Command.STATE)).session == 2
    await client.ask(Command.DISABLE)
    assert (await client.ask(Command.STATE)).session == 4


async def test_a_disabled_terminal_lets_nobody_punch_until_its_time_is_over(
    start: Start, now: FakeNow
) -> None:
    server = await start(now=now)
    client = await RawClient.connect(server)
    await client.ask(Command.DISABLE, struct.pack("<I", 30))
    assert (await client.ask(Command.REGISTER_EVENTS, struct.pack("<I", 1))).code == Reply.ERROR
    with pytest.raises(DisabledError):
        server.punch("1001", 0)
    now.instant += timedelta(seconds=30)
    assert (await client.ask(Command.REGISTER_EVENTS, struct.pack("<I", 1))).code == Reply.OK
    server.punch("1001", 0)
    assert (await client.receive()).code == Reply.EVENT


async def test_a_terminal_stays_disabled_when_its_client_dies(start: Start) -> None:
    server = await start()
    client = await RawClient.connect(server)
    await client.ask(Command.DISABLE)
    client.close()
    other = await RawClient.connect(server)
    assert not server.device.enabled
    await other.ask(Command.ENABLE)
    assert server.device.enabled


async def test_events_go_to_every_connection_that_registered(start: Start) -> None:
    server = await start()
    clients = [await RawClient.connect(server) for _ in range(3)]
    for client, mask in zip(clients, (1, 0xFFFF, 2), strict=True):
        assert (await client.ask(Command.REGISTER_EVENTS, struct.pack("<I", mask))).code == Reply.OK
    server.punch("1003", 1)
    for client in clients[:2]:
        event = await client.receive()
        assert (event.code, event.session, event.reply, len(event.data)) == (500, 1, 0, 32)
        client.write(Packet(Reply.OK, client.session, 0).frame())
    assert await clients[2].is_silent()
    assert await clients[0].is_silent(), "an acknowledged event is not answered"
    await clients[0].ask(Command.REGISTER_EVENTS, bytes(4))
    server.punch("1003", 1)
    assert await clients[0].is_silent()


async def test_an_unlock_is_recorded_as_it_was_sent(start: Start, now: FakeNow) -> None:
    server = await start(now=now)
    client = await RawClient.connect(server)
    assert (await client.ask(Command.UNLOCK)).code == Reply.ERROR
    assert (await client.ask(Command.UNLOCK, struct.pack("<I", 50))).code == Reply.OK
    assert server.device.unlocks == [(now.instant, 50)]


async def test_a_restart_ends_every_connection(start: Start) -> None:
    server = await start()
    client, other = await RawClient.connect(server), await RawClient.connect(server)
    await client.ask(Command.DISABLE)
    assert (await client.ask(Command.RESTART)).code == Reply.OK
    assert await client.is_closed()
    assert await other.is_closed()
    assert server.device.enabled
    gone = await RawClient.dial(server)
    assert await gone.is_closed(), "back before it was away"

    async def is_back() -> bool:
        return not server.away

    await until(is_back)
    await RawClient.connect(server)


async def test_what_follows_exit_is_not_answered(start: Start) -> None:
    server: ZkServer = await start()
    client = await RawClient.connect(server)
    client.write(
        client.packet(Command.EXIT).frame() + client.packet(Command.UNLOCK, bytes(4)).frame()
    )
    assert (await client.receive()).code == Reply.OK
    assert await client.is_closed()
    assert server.device.unlocks == []
