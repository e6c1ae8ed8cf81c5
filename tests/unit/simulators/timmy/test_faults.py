"""What goes wrong with terminals, and how it looks to their server."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import pytest

from services.devices.simulators.faults import Fault
from services.devices.simulators.machine import InputError
from tests.unit.simulators.timmy.house import met

if TYPE_CHECKING:
    from tests.unit.simulators.timmy.conftest import Connect
    from tests.unit.simulators.timmy.house import House

MOMENT = 0.15


@pytest.mark.parametrize(
    ("quirk", "text"),
    [
        ("no_sn", '{"ret":"getusername","result":true,"record":"NAME"}'),
        ("no_result", '{"ret":"getusername","sn":"ZXRE06022863","record":"NAME"}'),
        (
            "padded",
            '{"ret ":"getusername ","sn ":"ZXRE06022863","result ":true,"record ":"NAME"}',
        ),
        (
            "wrong_sn",
            '{"ret":"getusername","sn":"ZX0000000000","result":true,"record":"NAME"}',
        ),
    ],
)
async def test_a_quirk_shows_in_every_answer(
    house: House, connect: Connect, quirk: str, text: str
) -> None:
    terminal = await connect()
    await terminal.set_fault(Fault(quirk))
    name = terminal.device.credentials.people[1001].name
    before = len(house.texts)
    await house.say(cmd="getusername", enrollid=1001)
    await met(lambda: len(house.texts) > before)
    assert house.texts[-1] == text.replace("NAME", name)


async def test_numbers_may_be_strings_and_lists_no_json(house: House, connect: Connect) -> None:
    terminal = await connect(users=2)
    await terminal.set_fault(Fault.STRING_NUMBERS)
    row = (await house.ask("getuserlist", stn=True))["record"][0]
    assert row == {"enrollid": "1001", "admin": "1", "backupnum": "0"}
    await terminal.set_fault(Fault.TRAILING_COMMAS)
    before = len(house.texts)
    await house.say(cmd="getuserlist", stn=True)
    await met(lambda: len(house.texts) > before)
    assert house.texts[-1].endswith("},]}")


async def test_pings_are_answered_or_not(house: House, connect: Connect) -> None:
    terminal = await connect()
    async with asyncio.timeout(1):
        await (await house.lines[0].ping())
    await terminal.set_fault(Fault.NO_PONG)
    pong = asyncio.ensure_future(await house.lines[0].ping())
    await house.ask("gettime")
    assert not pong.done()
    fingers = await connect(serial="AYSH29096497", family="a")
    assert fingers.firmware.has(Fault.NO_PONG)


async def test_an_answer_may_come_twice_or_late(house: House, connect: Connect) -> None:
    terminal = await connect()
    await terminal.set_fault(Fault.DUPLICATE_RET)
    assert await house.ask("gettime") == await house.answer("gettime")
    await terminal.set_fault(Fault.LATE, 1)
    asked = asyncio.get_running_loop().time()
    await house.ask("gettime")
    assert asyncio.get_running_loop().time() - asked > 0.9


async def test_messages_may_come_in_pieces_and_be_huge(house: House, connect: Connect) -> None:
    terminal = await connect()
    await terminal.set_fault(Fault.HUGE_IMAGE, 300_000)
    terminal.punch("1001", 0)
    assert len((await house.next("sendlog"))["record"][0]["image"]) == 300_000
    await terminal.set_fault(Fault.FRAGMENTED)
    await house.ask("setuserinfo", enrollid=5, name="x" * 9_000, backupnum=10, record=1)
    assert len((await house.ask("getusername", enrollid=5))["record"]) == 9_000


async def test_it_hangs_and_goes_on(house: House, connect: Connect) -> None:
    terminal = await connect(patience=0.05)
    await terminal.set_fault(Fault.HANG)
    await house.say(cmd="gettime")
    terminal.punch("1001", 0)
    await asyncio.sleep(MOMENT)
    assert (house.waiting("gettime"), house.waiting("sendlog")) == (0, 0)
    assert (len(house.lines), house.lines[0].state.name) == (1, "OPEN")
    await terminal.set_fault(Fault.NONE)
    await house.next("gettime")
    await met(lambda: not terminal.device.unsent)


async def test_a_line_may_be_left_half_open(house: House, connect: Connect) -> None:
    terminal = await connect()
    await house.next("reg")
    await terminal.set_fault(Fault.HALF_OPEN)
    await house.next("reg")
    await terminal.connected.wait()
    assert [line.state.name for line in house.lines] == ["OPEN", "OPEN"]
    terminal.stop()
    await house.closed(house.lines[0])


async def test_it_goes_away_and_comes_back(house: House, connect: Connect) -> None:
    terminal = await connect()
    await terminal.set_fault(Fault.UNREACHABLE)
    await house.closed(house.lines[0])
    terminal.punch("1001", 0)
    await asyncio.sleep(MOMENT)
    assert (len(house.lines), terminal.connected.is_set()) == (1, False)
    await terminal.set_fault(Fault.NONE)
    assert (await house.next("sendlog"))["count"] == 1
    await terminal.set_fault(Fault.DROP)
    await house.closed(house.lines[1])
    await met(terminal.connected.is_set)


async def test_a_clone_says_the_same_serial_and_hands_nothing_over(
    house: House, connect: Connect
) -> None:
    terminal = await connect()
    first = await house.next("reg")
    await terminal.set_fault(Fault.CLONE)
    second = await house.next("reg")
    assert (second["sn"], second["cpusn"]) == (first["sn"], first["cpusn"])
    assert len(house.lines) == 2
    terminal.punch("1001", 0)
    await house.next("sendlog")
    await house.lines[1].close()
    await house.next("reg")
    await terminal.set_fault(Fault.NONE)
    await house.closed(house.lines[2])
    assert (house.lines[0].state.name, house.waiting("sendlog")) == ("OPEN", 0)


async def test_hardware_may_change(house: House, connect: Connect) -> None:
    terminal = await connect()
    first = await house.next("reg")
    await terminal.set_fault(Fault.OTHER_HARDWARE)
    second = await house.next("reg")
    await terminal.set_fault(Fault.NONE)
    third = await house.next("reg")
    boards = [(reg["cpusn"], reg["devinfo"]["mac"]) for reg in (first, second, third)]
    assert boards[0] == boards[2]
    assert boards[0][0] != boards[1][0]
    assert boards[0][1] != boards[1][1]
    assert second["sn"] == first["sn"]


async def test_a_storm_of_connections(house: House, connect: Connect) -> None:
    terminal = await connect(heartbeat=60)
    await terminal.set_fault(Fault.STORM)
    await met(lambda: len(house.lines) >= 5)


async def test_another_makers_terminal_speaks_xml(house: House, connect: Connect) -> None:
    terminal = await connect()
    await terminal.set_fault(Fault.FOREIGN)
    await met(lambda: house.texts[-1].startswith("<"))


async def test_a_fault_of_another_dialect_is_refused(house: House, connect: Connect) -> None:
    terminal = await connect()
    with pytest.raises(InputError, match=r"kind: 'wrong_key' is none of .*half_open"):
        await terminal.set_fault(Fault.WRONG_KEY)


async def test_events_keep_their_order_while_answers_are_late(
    house: House, connect: Connect
) -> None:
    terminal = await connect()
    await terminal.set_fault(Fault.LATE, 1)
    await house.say(cmd="gettime")
    terminal.punch("1001", 0)
    await house.next("sendlog")
    assert house.waiting("gettime") == 0
    assert json.loads(house.texts[-1])["cmd"] == "sendlog"
