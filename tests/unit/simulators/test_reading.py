"""Reading tables: at once, in chunks, directly; the forms that firmwares differ in."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import pytest

from services.devices.simulators.faults import Fault
from services.devices.simulators.zk.codes import Command, Reply
from services.devices.simulators.zk.wire import Packet
from tests.unit.simulators.raw import (
    ATTENDANCE,
    OPERATIONS,
    TEMPLATES,
    USERS,
    RawClient,
    RawPeer,
    contents,
)

if TYPE_CHECKING:
    from tests.unit.simulators.conftest import Start


async def read_chunk(client: RawClient, offset: int, length: int) -> list[Packet]:
    """Ask for a chunk and return every packet of the answer."""
    packets = [await client.ask(Command.READ_BUFFER, struct.pack("<II", offset, length))]
    while packets[-1].code in (Reply.PREPARE_DATA, Reply.DATA):
        packets.append(await client.receive())
    return packets


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


async def test_the_packets_are_of_the_model(start: Start) -> None:
    for packet, largest in ((65_528, 65_528), (65_536, 65_528), (1024, 1024)):
        client = await RawClient.connect(await start(records=4_000, packet=packet))
        prepared = await client.ask(Command.PREPARE_BUFFER, ATTENDANCE)
        size = struct.unpack_from("<I", prepared.data, 1)[0]
        first, *data, last = await read_chunk(client, 0, size)
        assert struct.unpack("<II", first.data) == (160_004, packet)
        assert {len(piece.data) for piece in data[:-1]} == {largest}
        assert last.session == 160_004 & 0xFFFF


async def test_some_models_close_a_transfer_with_the_session(start: Start) -> None:
    client = await RawClient.connect(await start(users=70, closing="session"))
    await client.ask(Command.PREPARE_BUFFER, USERS)
    last = (await read_chunk(client, 0, 5044))[-1]
    assert (last.code, last.session) == (Reply.OK, client.session)


@pytest.mark.parametrize("width", ["8a", "8b", "16", "40", "49"])
@pytest.mark.parametrize("user_width", [28, 72])
async def test_tables_have_the_widths_of_the_model(
    start: Start, width: str, user_width: int
) -> None:
    server = await start(users=40, records=100, log_width=width, user_width=user_width)
    client = await RawClient.connect(server)
    assert len(await client.read(ATTENDANCE)) == 4 + 100 * int(width.rstrip("ab"))
    assert len(await client.read(USERS)) == 4 + 40 * user_width


async def test_4989_may_answer_a_log_that_is_not_empty(start: Start) -> None:
    server = await start(records=30)
    client = await RawClient.connect(server)
    await server.set_fault(Fault.NO_DATA)
    assert (await client.ask(Command.PREPARE_BUFFER, ATTENDANCE)).code == 4989
    sizes = await client.ask(Command.FREE_SIZES)
    assert struct.unpack_from("<i", sizes.data, 32) == (30,)
    assert (await client.ask(Command.PREPARE_BUFFER, USERS)).code != 4989


async def test_a_table_that_is_1_kb_comes_at_once_and_a_larger_one_does_not(start: Start) -> None:
    for records, code in ((25, Reply.DATA), (26, Reply.OK)):
        client = await RawClient.connect(await start(records=records))
        assert (await client.ask(Command.PREPARE_BUFFER, ATTENDANCE)).code == code


async def test_all_templates_are_a_table_of_entries_with_their_sizes(start: Start) -> None:
    server = await start(users=3, templates=7)
    client = await RawClient.connect(server)
    table = await client.read(TEMPLATES)
    at, seen = 4, []
    while at < len(table):
        size, uid, finger, flag = struct.unpack_from("<HHBB", table, at)
        seen.append((uid, finger, flag, table[at + 6 : at + size]))
        at += size
    assert seen == server.device.fingers.all()
    assert [(uid, finger) for uid, finger, *_ in seen] == [
        *((1, 0), (1, 1), (1, 2), (2, 0), (2, 1), (3, 0), (3, 1))
    ]
    assert int.from_bytes(table[:4], "little") == len(table) - 4


@pytest.mark.parametrize("command", [Command.TEMPLATE_READ, Command.USERS_READ])
@pytest.mark.parametrize(("garbage", "tail"), [(False, bytes(1)), (True, bytes(7))])
async def test_one_template_comes_as_a_transfer_with_a_byte_more(
    start: Start, command: int, garbage: bool, tail: bytes
) -> None:
    server = await start(templates=1, garbage=garbage)
    client = await RawClient.connect(server)
    packets = await client.ask_all(command, struct.pack("<HB", 1, 0))
    assert contents(packets) == server.device.fingers.all()[0].content + tail
    assert (packets[-1].code, packets[-1].session) == (Reply.OK, 1)
    assert (await client.ask(command, struct.pack("<HB", 1, 1))).code == Reply.ERROR
    assert (await client.ask(Command.TEMPLATE_READ, b"\1")).code == Reply.ERROR


async def test_a_direct_read_over_udp_is_the_table(start: Start) -> None:
    server = await start(users=20, records=30)
    peer, client = await RawPeer.connect(server), await RawClient.connect(server)
    for command, argument, table in (
        (Command.ATTENDANCE_READ, b"", ATTENDANCE),
        (Command.USERS_READ, b"\5", USERS),
    ):
        packets = await peer.ask_all(command, argument)
        assert struct.unpack("<II", packets[0].data)[1] == 1024
        assert contents(packets) == await client.read(table)


async def test_a_direct_read_over_tcp_has_the_right_size_and_the_wrong_content(
    start: Start,
) -> None:
    server = await start(users=2, records=3, profile="k40")
    client = await RawClient.connect(server)
    truth = await client.read(ATTENDANCE)
    packets = await client.ask_all(Command.ATTENDANCE_READ)
    answer = contents(packets)
    assert (answer[:4], len(answer)) == (truth[:4], len(truth))
    assert struct.unpack_from("<I", answer, 4)[0] >= 0x80000000, "no address of the kernel"
    assert answer[4:44] not in truth
    # The capture: a table of 124 bytes, closed with 124.
    assert (struct.unpack("<II", packets[0].data), packets[-1].session) == ((124, 1008), 124)


async def test_a_black_and_white_terminal_is_right_over_tcp_too(start: Start) -> None:
    client = await RawClient.connect(await start(records=3, user_width=28))
    packets = await client.ask_all(Command.ATTENDANCE_READ)
    assert contents(packets) == await client.read(ATTENDANCE)


@pytest.mark.parametrize(("form", "length"), [("full", 92), ("short", 80), ("long", 112)])
async def test_sizes_come_in_the_form_of_the_firmware(start: Start, form: str, length: int) -> None:
    client = await RawClient.connect(await start(users=3, records=7, templates=2, sizes=form))
    body = (await client.ask(Command.FREE_SIZES)).data
    counts = {offset: struct.unpack_from("<i", body, offset)[0] for offset in (16, 24, 32, 48, 52)}
    assert len(body) == length
    assert counts == {16: 3, 24: 2, 32: 7, 48: 1, 52: 0}


async def test_sizes_may_be_asked_for_one_by_one(start: Start) -> None:
    server = await start(users=3, records=7, templates=2, profile="wl10")
    client = await RawClient.connect(server)
    assert (await client.ask(Command.FREE_SIZES)).data == bytes(4)

    async def count(index: int) -> int:
        answer = await client.ask(Command.FREE_SIZES, struct.pack("<I", index))
        assert len(answer.data) == 4
        return int.from_bytes(answer.data, "little")

    assert [await count(index) for index in (1, 2, 3, 4, 6, 99)] == [1, 3, 2, 0, 7, 0]
    assert await count(8) - await count(2) == await count(11)
