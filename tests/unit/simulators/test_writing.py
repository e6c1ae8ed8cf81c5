"""Writing people and fingers, deleting and clearing: what the terminal holds afterwards."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import pytest

from services.devices.simulators.device import (
    CLEAR_ADMINS,
    CLEAR_ATTENDANCE,
    CLEAR_DATA,
    DELETE_FINGER,
    DELETE_USER,
    ENROL_FINGER,
    PUT_USER,
)
from services.devices.simulators.people import User
from services.devices.simulators.zk import users
from services.devices.simulators.zk.codes import Command, Reply
from tests.unit.simulators.conftest import until
from tests.unit.simulators.raw import OPERATIONS, USERS, RawClient

if TYPE_CHECKING:
    from services.devices.simulators.zk.server import ZkServer
    from tests.unit.simulators.conftest import Start

ZOE = User(9, "77", "Zoe", 6, 4711, 3, "12")
TEMPLATE = bytes.fromhex("4dfd53533231") + bytes(range(256)) * 9


async def upload(client: RawClient, content: bytes) -> None:
    assert (await client.ask(Command.PREPARE_DATA, struct.pack("<I", len(content)))).code == 2000
    for start in range(0, len(content), 1024):
        assert (await client.ask(Command.DATA, content[start : start + 1024])).code == Reply.OK


def noted(server: ZkServer) -> list[int]:
    return [operation.op for operation in server.device.operations[1:]]


@pytest.mark.parametrize("width", [28, 72])
async def test_a_user_is_written_to_a_slot_whoever_was_in_it(start: Start, width: int) -> None:
    server = await start(users=9, user_width=width)
    client = await RawClient.connect(server)
    record = users.pack(ZOE, server.device.spec)
    assert (await client.ask(Command.USER_WRITE, record)).code == Reply.OK
    assert record in await client.read(USERS)
    assert server.device.people.at(9) == ZOE
    assert server.device.people.find("1009") is None
    assert noted(server) == [PUT_USER]


@pytest.mark.parametrize("record", [b"", bytes(28), bytes(72), bytes(73)])
async def test_a_record_that_does_not_fit_is_refused(start: Start, record: bytes) -> None:
    server = await start(users=2)
    client = await RawClient.connect(server)
    assert (await client.ask(Command.USER_WRITE, record)).code == Reply.ERROR
    assert (len(server.device.people), noted(server)) == (2, [])


async def test_what_a_client_wrote_survives_a_restart(start: Start) -> None:
    server = await start(users=2)
    client = await RawClient.connect(server)
    await client.ask(Command.USER_WRITE, users.pack(ZOE, server.device.spec))
    await client.ask(Command.OPTION_WRITE, b"Language=73\0")
    await client.ask(Command.RESTART)

    async def is_back() -> bool:
        return not server.away

    await until(is_back)
    again = await RawClient.connect(server)
    assert users.pack(ZOE, server.device.spec) in await again.read(USERS)
    assert (await again.ask(Command.OPTION_READ, b"Language\0")).data == b"Language=73\0"


async def test_a_deleted_user_takes_the_fingers_along(start: Start) -> None:
    server = await start(users=3, templates=6)
    client = await RawClient.connect(server)
    assert (await client.ask(Command.USER_DELETE, struct.pack("<H", 2))).code == Reply.OK
    assert [user.uid for user in server.device.users] == [1, 3]
    assert (server.device.fingers.of(2), len(server.device.fingers)) == ([], 4)
    for nobody in (struct.pack("<H", 2), b"\1"):
        assert (await client.ask(Command.USER_DELETE, nobody)).code == Reply.ERROR
    assert noted(server) == [DELETE_USER]


async def test_a_finger_is_deleted_by_slot_or_by_user_id(start: Start) -> None:
    server = await start(users=2, templates=4)
    client = await RawClient.connect(server)
    by_slot, by_id = struct.pack("<HB", 1, 0), struct.pack("<24sB", b"1002", 1)
    for command, data in (
        (Command.TEMPLATE_DELETE, by_slot),
        (Command.TEMPLATE_DELETE_BY_ID, by_id),
    ):
        assert (await client.ask(command, data)).code == Reply.OK
        assert (await client.ask(command, data)).code == Reply.ERROR, "deleted twice"
        assert (await client.ask(command, data[:-1])).code == Reply.ERROR
    assert [server.device.fingers.of(slot) for slot in (1, 2)] == [[1], [0]]
    assert noted(server) == [DELETE_FINGER, DELETE_FINGER]


@pytest.mark.parametrize(
    ("argument", "left"),
    [
        (b"\1", (3, 3, 0, True)),
        (b"\2", (3, 0, 7, True)),
        (b"\3", (3, 3, 7, True)),
        (b"\4", (3, 3, 7, False)),
        (b"\5", (0, 0, 7, True)),
        (b"", (0, 0, 0, False)),
    ],
)
async def test_clear_data_clears_what_is_named_or_everything(
    start: Start, argument: bytes, left: tuple[int, int, int, bool]
) -> None:
    server = await start(users=3, templates=3, records=7)
    client = await RawClient.connect(server)
    assert (await client.ask(Command.CLEAR_DATA, argument)).code == Reply.OK
    device = server.device
    counts = (len(device.people), len(device.fingers), device.truth.log_size)
    assert (*counts, device.operations[0].op == 0) == left
    assert device.operations[-1].op == CLEAR_DATA
    assert len(device.truth.punches) == 7, "the truth stays"


async def test_clear_data_refuses_what_there_is_not(start: Start) -> None:
    server = await start(records=7)
    client = await RawClient.connect(server)
    assert (await client.ask(Command.CLEAR_DATA, b"\6")).code == Reply.ERROR
    assert server.device.truth.log_size == 7


async def test_a_cleared_log_is_noted_as_operation_23(start: Start) -> None:
    server = await start(records=7)
    client = await RawClient.connect(server)
    assert (await client.ask(Command.CLEAR_ATTENDANCE)).code == Reply.OK
    table = await client.read(OPERATIONS)
    assert [table[at + 2] for at in range(4, len(table), 16)] == [0, CLEAR_ATTENDANCE]
    assert (await client.ask(Command.CLEAR_OPERATIONS)).code == Reply.OK
    assert await client.read(OPERATIONS) == bytes(4)


async def test_administrators_are_cleared(start: Start) -> None:
    server = await start(users=3)
    server.device.people.put(ZOE._replace(privilege=15))
    client = await RawClient.connect(server)
    assert (await client.ask(Command.CLEAR_ADMINS)).code == Reply.OK
    assert [user.privilege for user in server.device.users] == [0, 0, 0, 1]
    assert noted(server) == [CLEAR_ADMINS]


async def test_a_template_is_uploaded_in_pieces_and_committed(start: Start) -> None:
    server = await start(users=2)
    client = await RawClient.connect(server)
    await upload(client, TEMPLATE)
    checksum = await client.ask(Command.CHECKSUM)
    assert (checksum.code, len(checksum.data)) == (Reply.OK, 4)
    commit = struct.pack("<HBBH", 2, 6, 1, len(TEMPLATE))
    assert (await client.ask(Command.TEMPLATE_WRITE, commit)).code == Reply.OK
    assert server.device.fingers.all() == [(2, 6, 1, TEMPLATE)]
    assert (await client.ask(Command.FREE_BUFFER)).code == Reply.OK
    assert (await client.ask(Command.TEMPLATE_WRITE, commit)).code == Reply.ERROR, "nothing there"
    assert noted(server) == [ENROL_FINGER]


@pytest.mark.parametrize(
    "commit", [(3, 0, 1, 9), (1, 10, 1, 9), (1, 0, 1, 0), (1, 0, 1, len(TEMPLATE) + 1)]
)
async def test_a_template_of_nobody_or_of_another_size_is_refused(
    start: Start, commit: tuple[int, int, int, int]
) -> None:
    server = await start(users=2)
    client = await RawClient.connect(server)
    await upload(client, TEMPLATE)
    answer = await client.ask(Command.TEMPLATE_WRITE, struct.pack("<HBBH", *commit))
    assert (answer.code, len(server.device.fingers)) == (Reply.ERROR, 0)


def bulk(person: bytes, index: bytes, templates: bytes) -> bytes:
    lengths = struct.pack("<III", len(person), len(index), len(templates))
    return lengths + person + index + templates


BULK = struct.pack("<IHH", 12, 0, 8)
SIZED = struct.pack("<H", len(TEMPLATE)) + TEMPLATE
INDEX = struct.pack("<BHBI", 2, 9, 0x10 + 3, 0)
KNOWN = struct.pack("<BHBI", 2, 1, 0x10 + 3, 0)


@pytest.mark.parametrize("width", [28, 72])
async def test_people_and_templates_are_uploaded_in_bulk(start: Start, width: int) -> None:
    server = await start(users=2, user_width=width)
    client = await RawClient.connect(server)
    second = struct.pack("<BHBI", 2, 1, 0x10, len(SIZED))
    person = b"\2" + users.pack(ZOE, server.device.spec)
    await upload(client, bulk(person, INDEX + second, SIZED * 2))
    assert (await client.ask(Command.SAVE_TEMPLATES, BULK)).code == Reply.OK
    assert server.device.people.at(9) == ZOE
    assert server.device.fingers.all() == [(1, 0, 1, TEMPLATE), (9, 3, 1, TEMPLATE)]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        bulk(b"\2" + bytes(71), KNOWN, SIZED),
        bulk(b"\3" + bytes(72), KNOWN, SIZED),
        bulk(b"", KNOWN, SIZED[:-1]),
        bulk(b"", KNOWN[:-1], SIZED),
        bulk(b"", INDEX, SIZED),
        bulk(b"", struct.pack("<BHBI", 2, 1, 3, 0), SIZED),
        bulk(b"", KNOWN, SIZED) + b"more",
    ],
)
async def test_a_bulk_that_contradicts_itself_changes_no_finger(
    start: Start, content: bytes
) -> None:
    server = await start(users=2)
    client = await RawClient.connect(server)
    await upload(client, content)
    assert (await client.ask(Command.SAVE_TEMPLATES, BULK)).code == Reply.ERROR
    assert (len(server.device.people), len(server.device.fingers)) == (2, 0)
