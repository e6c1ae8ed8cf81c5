"""Groups, time zones and combinations: the captured answers, and what was written is read."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import pytest

from services.devices.simulators.access import Group
from services.devices.simulators.zk import wire
from services.devices.simulators.zk.codes import Command, Reply
from tests.unit.simulators.raw import USERS, RawClient
from tests.unit.simulators.test_tables import vector

if TYPE_CHECKING:
    from tests.unit.simulators.conftest import Start, Vectors


def captured(vectors: Vectors, name: str) -> bytes:
    packet = wire.decode(vector(vectors, name)[0][8:])
    assert packet is not None
    return packet.data


async def test_a_group_is_read_as_captured(start: Start, vectors: Vectors) -> None:
    server = await start()
    server.device.access.groups[77] = Group((8, 7, 6), 0x8E)
    client = await RawClient.connect(server)
    answer = await client.ask(Command.GROUP_READ, bytes((77,)) + bytes(7))
    assert answer.data == captured(vectors, "zp-grp-rep")


async def test_a_combination_is_read_as_captured(start: Start, vectors: Vectors) -> None:
    server = await start()
    server.device.access.combinations[7] = bytes((1, 2, 0, 0, 0))
    client = await RawClient.connect(server)
    answer = await client.ask(Command.COMBINATION_READ, bytes((7,)) + bytes(7))
    assert answer.data == captured(vectors, "zp-ulg-rep")


async def test_a_style_is_written_as_captured(start: Start, vectors: Vectors) -> None:
    server = await start()
    client = await RawClient.connect(server)
    written = captured(vectors, "zp-verify-wrq")
    assert (await client.ask(Command.STYLE_WRITE, written)).code == Reply.OK
    assert server.device.access.styles == {13: 0x8D}
    assert (await client.ask(Command.STYLE_READ, struct.pack("<H", 13))).data == written


@pytest.mark.parametrize(
    ("write", "written", "read", "asked", "answer"),
    [
        (22, struct.pack("<IB", 2, 5), 21, struct.pack("<I", 2), b"\5"),
        (
            24,
            struct.pack("<5I", 2, 1, 8, 9, 10),
            23,
            struct.pack("<I", 2),
            struct.pack("<4H", 1, 8, 9, 10),
        ),
        (
            26,
            struct.pack("<B3HB", 4, 1, 2, 3, 0x81),
            25,
            bytes((4,)) + bytes(7),
            struct.pack("<B3HB", 4, 1, 2, 3, 0x81),
        ),
        (
            28,
            struct.pack("<I28s", 5, bytes(range(28))),
            27,
            struct.pack("<I", 5),
            b"\5\0" + bytes(range(28)) + bytes(2),
        ),
        (
            30,
            struct.pack("<B5sH", 3, bytes((1, 2, 3, 0, 0)), 3),
            29,
            bytes((3,)) + bytes(7),
            struct.pack("<B5sH", 3, bytes((1, 2, 3, 0, 0)), 3),
        ),
    ],
)
async def test_what_was_written_is_read(
    start: Start, write: int, written: bytes, read: int, asked: bytes, answer: bytes
) -> None:
    client = await RawClient.connect(await start(users=3))
    assert (await client.ask(read, asked)).data != answer
    assert (await client.ask(write, written)).code == Reply.OK
    assert (await client.ask(read, asked)).data == answer
    for command, form in ((write, written[:4]), (write, b""), (read, b"")):
        assert (await client.ask(command, form)).code == Reply.ERROR


async def test_group_and_zones_stand_in_the_user_record(start: Start) -> None:
    client = await RawClient.connect(await start(users=3))
    await client.ask(Command.USER_GROUP_WRITE, struct.pack("<IB", 2, 5))
    await client.ask(Command.USER_ZONES_WRITE, struct.pack("<5I", 2, 1, 8, 9, 10))
    record = (await client.read(USERS))[4 + 72 : 4 + 144]
    assert struct.unpack_from("<B4H", record, 39) == (5, 1, 8, 9, 10)
    shorter = struct.pack("<4I", 2, 1, 7, 6)
    assert (await client.ask(Command.USER_ZONES_WRITE, shorter)).code == Reply.OK
    zones = await client.ask(Command.USER_ZONES_READ, struct.pack("<I", 2))
    assert struct.unpack("<4H", zones.data) == (1, 7, 6, 0)
    nobody = struct.pack("<IB", 99, 5)
    assert (await client.ask(Command.USER_GROUP_WRITE, nobody)).code == Reply.ERROR


async def test_cleared_access_is_as_it_left_the_factory(start: Start) -> None:
    server = await start()
    server.device.access.groups[77] = Group((8, 7, 6), 0x8E)
    client = await RawClient.connect(server)
    assert (await client.ask(Command.CLEAR_ACCESS)).code == Reply.OK
    assert list(server.device.access.groups) == [1]
