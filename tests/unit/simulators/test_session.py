"""What a terminal answers, packet by packet, through a socket that looks at every slot."""

from __future__ import annotations

import struct
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from services.devices.simulators.device import DisabledError
from services.devices.simulators.zk import wire
from services.devices.simulators.zk.codes import Command, Reply
from services.devices.simulators.zk.wire import Packet, encode_time, key_bytes
from tests.unit.simulators.conftest import RawClient

if TYPE_CHECKING:
    from services.devices.simulators.zk.server import ZkServer
    from tests.unit.simulators.conftest import FakeNow, Start

USERS = bytes.fromhex("0109000500000000000000")
ATTENDANCE = bytes.fromhex("010d000000000000000000")
OPERATIONS = bytes.fromhex("0122000000000000000000")
TEMPLATES = bytes.fromhex("0107000200000000000000")


async def read_chunk(client: RawClient, offset: int, length: int) -> list[Packet]:
    """Ask for a chunk and return every packet of the answer."""
    packets = [await client.ask(Command.READ_BUFFER, struct.pack("<II", offset, length))]
    while packets[-1].code in (Reply.PREPARE_DATA, Reply.DATA):
        packets.append(await client.receive())
    return packets


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


async def test_a_large_table_comes_in_numbered_packets_between_two_slots(start: Start) -> None:
    server = await start(users=70, packet=1008)
    client = await RawClient.connect(server)
    prepared = await client.ask(Command.PREPARE_BUFFER, USERS)
    assert (prepared.code, prepared.session, len(prepared.data)) == (Reply.OK, client.session, 13)
    zero, size, again = struct.unpack_from("<BII", prepared.data)
    assert (zero, size, again) == (0, 5044, 5044)
    first, *data, last = await read_chunk(client, 0, size)
    assert first.code == Reply.PREPARE_DATA
    assert struct.unpack("<II", first.data) == (5044, 1008)
    assert [packet.session for packet in data] == [0, 1, 2, 3, 4, 5]
    assert [len(packet.data) for packet in data] == [1008] * 5 + [4]
    assert len({packet.reply for packet in (first, *data, last)}) == 1
    assert (last.code, last.session, last.data) == (Reply.OK, 5044, b"")
    content = b"".join(packet.data for packet in data)
    assert int.from_bytes(content[:4], "little") == 70 * 72
    assert (await client.ask(Command.FREE_BUFFER)).code == Reply.OK
    assert (await client.ask(Command.READ_BUFFER, bytes(8))).code == Reply.ERROR


async def test_chunks_may_be_any_part_of_the_snapshot_but_not_beyond_it(start: Start) -> None:
    server = await start(records=100)
    client = await RawClient.connect(server)
    prepared = await client.ask(Command.PREPARE_BUFFER, ATTENDANCE)
    size = struct.unpack_from("<I", prepared.data, 1)[0]
    server.punch("1001", 0)
    parts = [await read_chunk(client, at, min(777, size - at)) for at in range(0, size, 777)]
    content = b"".join(packet.data for part in parts for packet in part[1:-1])
    assert len(content) == size == 4 + 100 * 40
    nothing = await read_chunk(client, size, 0)
    assert [packet.code for packet in nothing] == [Reply.PREPARE_DATA, Reply.OK]
    assert [packet.code for packet in await read_chunk(client, size - 1, 2)] == [Reply.ERROR]
    assert [packet.code for packet in await read_chunk(client, 0xFFFFFFFF, 1)] == [Reply.ERROR]


async def test_a_small_table_comes_at_once_with_the_real_session(start: Start) -> None:
    client = await RawClient.connect(await start(users=14))
    answer = await client.ask(Command.PREPARE_BUFFER, USERS)
    assert (answer.code, answer.session) == (Reply.DATA, client.session)
    assert len(answer.data) == 4 + 14 * 72
    operations = await client.ask(Command.PREPARE_BUFFER, OPERATIONS)
    assert operations.data[:4] == (16).to_bytes(4, "little")


@pytest.mark.parametrize(
    ("form", "code", "data"),
    [
        ("zero", Reply.DATA, bytes(4)),
        ("error", Reply.ERROR, b""),
        ("no_data", Reply.NO_DATA, b""),
    ],
)
async def test_an_empty_table_has_the_form_of_its_firmware(
    start: Start, form: str, code: int, data: bytes
) -> None:
    client = await RawClient.connect(await start(empty=form))
    for table in (ATTENDANCE, TEMPLATES):
        answer = await client.ask(Command.PREPARE_BUFFER, table)
        assert (answer.code, answer.data) == (code, data)


@pytest.mark.parametrize(
    "request_data", [b"", ATTENDANCE[:-1], bytes(11), b"\x01\x07\x00" + b"c" * 8]
)
async def test_an_unknown_table_is_an_error(start: Start, request_data: bytes) -> None:
    client = await RawClient.connect(await start(records=3))
    assert (await client.ask(Command.PREPARE_BUFFER, request_data)).code == Reply.ERROR


async def test_options_are_read_and_written_with_or_without_nul(start: Start) -> None:
    client = await RawClient.connect(await start(serial="SIM0042"))
    serial = await client.ask(Command.OPTION_READ, b"~SerialNumber\0garbage")
    assert serial.data == b"~SerialNumber=SIM0042\0"
    assert (await client.ask(Command.OPTION_READ, b"NoSuchThing\0")).code == Reply.ERROR
    assert (await client.ask(Command.OPTION_WRITE, b"SDKBuild=1")).code == Reply.OK
    assert (await client.ask(Command.OPTION_READ, b"SDKBuild")).data == b"SDKBuild=1\0"
    assert (await client.ask(Command.OPTION_WRITE, b"nonsense")).code == Reply.ERROR


async def test_an_unknown_command_is_answered_with_ffff(start: Start) -> None:
    client = await RawClient.connect(await start())
    for code in (2001, 0xFFFF, 1700, 14):
        assert (await client.ask(code)).code == Reply.UNKNOWN


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


async def test_the_clock_is_local_and_can_be_wrong(start: Start, now: FakeNow) -> None:
    server = await start(now=now, zone="Asia/Jakarta", drift=90)
    client = await RawClient.connect(server)

    async def clock() -> datetime | None:
        answer = await client.ask(Command.GET_TIME)
        return wire.decode_time(int.from_bytes(answer.data, "little"))

    assert await clock() == datetime.fromisoformat("2026-03-02T16:01:30")
    wanted = struct.pack("<I", encode_time(datetime.fromisoformat("2026-03-02T16:00:00")))
    assert (await client.ask(Command.SET_TIME, wanted)).code == Reply.OK
    assert await clock() == datetime.fromisoformat("2026-03-02T16:00:00")
    impossible = bytes.fromhex("80bb4a2e")
    assert (await client.ask(Command.SET_TIME, impossible)).code == Reply.ERROR


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
