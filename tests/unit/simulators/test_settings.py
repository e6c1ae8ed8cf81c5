"""A terminal's clock, options and display."""

from __future__ import annotations

import struct
from datetime import datetime
from typing import TYPE_CHECKING

from services.devices.simulators.device import OPTION
from services.devices.simulators.zk import wire
from services.devices.simulators.zk.codes import Command, Reply
from services.devices.simulators.zk.wire import encode_time
from tests.unit.simulators.raw import RawClient

if TYPE_CHECKING:
    from tests.unit.simulators.conftest import FakeNow, Start


async def test_options_are_read_and_written_with_or_without_nul(start: Start) -> None:
    client = await RawClient.connect(await start(serial="SIM0042"))
    serial = await client.ask(Command.OPTION_READ, b"~SerialNumber\0garbage")
    assert serial.data == b"~SerialNumber=SIM0042\0"
    assert (await client.ask(Command.OPTION_READ, b"NoSuchThing\0")).code == Reply.ERROR
    assert (await client.ask(Command.OPTION_WRITE, b"SDKBuild=1")).code == Reply.OK
    assert (await client.ask(Command.OPTION_READ, b"SDKBuild")).data == b"SDKBuild=1\0"
    assert (await client.ask(Command.OPTION_WRITE, b"nonsense")).code == Reply.ERROR


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


async def test_options_may_be_followed_by_what_lay_in_memory(start: Start) -> None:
    client = await RawClient.connect(await start(garbage=True))
    answer = (await client.ask(Command.OPTION_READ, b"WorkCode\0")).data
    assert answer.partition(b"\0")[0] == b"WorkCode=0"
    assert answer.partition(b"\0")[2]


async def test_the_width_of_pins_is_an_option(start: Start) -> None:
    server = await start()
    client = await RawClient.connect(server)
    assert (await client.ask(Command.PIN_WIDTH)).data == b"\x09"
    await client.ask(Command.OPTION_WRITE, b"~PIN2Width=14\0")
    assert (await client.ask(Command.PIN_WIDTH)).data == b"\x0e"
    assert server.device.operations[-1].op == OPTION


async def test_a_profile_says_what_it_is(start: Start) -> None:
    client = await RawClient.connect(await start(profile="ma300"))
    version = (await client.ask(Command.VERSION)).data
    assert version == b"Ver 6.21 Feb 27 2012\0"
    for name, value in ((b"~Platform", b"ZEM560"), (b"~UserExtFmt", b"0")):
        answer = (await client.ask(Command.OPTION_READ, name)).data
        assert answer.startswith(name + b"=" + value + b"\0")


async def test_a_line_is_written_on_the_display_and_cleared(start: Start) -> None:
    server = await start(encoding="cp1251")
    client = await RawClient.connect(server)
    line = struct.pack("<HB", 3, 0) + " Привет".encode("cp1251")
    assert (await client.ask(Command.DISPLAY_WRITE, line)).code == Reply.OK
    assert server.device.lines == {3: "Привет"}
    assert (await client.ask(Command.DISPLAY_WRITE, b"")).code == Reply.ERROR
    assert (await client.ask(Command.DISPLAY_CLEAR)).code == Reply.OK
    assert server.device.lines == {}


async def test_what_has_no_effect_is_acknowledged(start: Start) -> None:
    client = await RawClient.connect(await start())
    for command in (Command.REFRESH_DATA, Command.REFRESH_OPTION, Command.TEST_VOICE):
        assert (await client.ask(command, bytes(4))).code == Reply.OK
    assert (await client.ask(Command.DOOR_STATE)).data == b"\0"
