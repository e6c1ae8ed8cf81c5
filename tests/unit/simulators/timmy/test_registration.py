"""reg: when it is said, what it says, and what a terminal takes from the answer."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import pytest

from tests.unit.simulators.timmy.conftest import SERIAL
from tests.unit.simulators.timmy.house import CLOUDTIME, accepted, met, silent

if TYPE_CHECKING:
    from tests.unit.simulators.timmy.conftest import Connect, Dial
    from tests.unit.simulators.timmy.house import House


async def test_it_says_reg_at_once_on_the_usual_path(house: House, dial: Dial) -> None:
    terminal = dial(users=4, templates=5, records=7, backlog=2)
    started = asyncio.get_running_loop().time()
    reg = await house.next("reg")
    assert asyncio.get_running_loop().time() - started < 0.3
    assert house.paths == ["/pub/chat"]
    assert reg["sn"] == SERIAL
    info = reg["devinfo"]
    counts = ("useduser", "usedfp", "usedface", "usedcard", "usedlog", "usednewlog", "fpalgo")
    assert [info[name] for name in counts] == [4, 4, 1, 1, 9, 2, "thbio3.0"]
    await met(terminal.connected.is_set)


async def test_it_asks_for_the_path_it_is_given(house: House, dial: Dial) -> None:
    dial(server=f"{house.url}/d/abc/pub/chat")
    await house.next("reg")
    assert house.paths == ["/d/abc/pub/chat"]


@pytest.mark.parametrize(("family", "faces"), [("a", False), ("b", True), ("c", True)])
async def test_families_tell_of_different_sensors(
    house: House, dial: Dial, family: str, faces: bool
) -> None:
    dial(family=family)
    info = (await house.next("reg"))["devinfo"]
    assert ("facesize" in info) is faces
    assert bool(info["fpsize"]) is (family != "b")


async def test_reg_is_repeated_on_the_same_line_until_it_is_answered(
    house: House, dial: Dial
) -> None:
    house.answers["reg"] = silent
    terminal = dial(patience=0.1)
    for _ in range(3):
        await house.next("reg")
    assert not terminal.connected.is_set()
    house.answers["reg"] = accepted
    await house.next("reg")
    await met(terminal.connected.is_set)
    assert len(house.lines) == 1


async def test_a_refusal_is_shown_and_the_terminal_comes_again(house: House, dial: Dial) -> None:
    house.answers["reg"] = lambda _: {"ret": "reg", "result": False, "reason": "not approved"}
    terminal = dial()
    await house.next("reg")
    await met(lambda: terminal.told.refusals == 1)
    assert (terminal.told.shown, terminal.connected.is_set()) == ("not approved", False)
    house.answers["reg"] = accepted
    await house.lines[0].close(1008, "not approved")
    await house.next("reg")
    await met(terminal.connected.is_set)
    assert terminal.told.farewell == "1008 not approved"
    assert terminal.told.shown == ""


async def test_cloudtime_sets_the_clock(house: House, connect: Connect) -> None:
    house.answers["reg"] = lambda _: {"ret": "reg", "result": True, "cloudtime": CLOUDTIME}
    terminal = await connect(zone="Asia/Jakarta")
    await house.next("reg")
    assert f"{terminal.device.wall_clock.shown()}"[:16] == CLOUDTIME[:16]
    punch = terminal.punch("1001", 0)
    assert f"{punch.device_time}"[:16] == CLOUDTIME[:16]


@pytest.mark.parametrize("time", ["2026-05-01T08:00:05Z", "2026-02-31 08:00:05", 17])
async def test_another_form_of_time_is_not_understood(
    house: House, connect: Connect, time: object
) -> None:
    house.answers["reg"] = lambda _: {"ret": "reg", "result": True, "cloudtime": time}
    terminal = await connect()
    assert (terminal.told.wrong_times, terminal.told.cloudtime) == (1, "")
    reply = await house.ask("settime", cloudtime=time)
    assert (reply["result"], reply["reason"]) == (False, 1)


async def test_it_dials_for_ever(house: House, dial: Dial) -> None:
    terminal = dial()
    for _ in range(3):
        await house.next("reg")
        await house.lines[-1].close()
    await house.next("reg")
    assert terminal.told.dials == len(house.lines) == 4


async def test_a_server_that_is_away_is_dialed_until_it_comes(house: House, build: Dial) -> None:
    terminal = build(server="ws://127.0.0.1:1")
    terminal.start()
    await met(lambda: terminal.told.dials >= 3)
    terminal.dialing.server = house.url + "/pub/chat"
    await house.next("reg")


async def test_an_upgrade_that_is_refused_is_told(house: House, build: Dial) -> None:
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(refuse, "127.0.0.1", 0)
    terminal = build(server=f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    terminal.start()
    await met(lambda: "404" in terminal.told.farewell)
    assert not terminal.connected.is_set()
    server.close()


async def test_reg_may_come_again_on_the_same_line(house: House, connect: Connect) -> None:
    terminal = await connect()
    await house.next("reg")
    terminal.register()
    await house.next("reg")
    await met(lambda: terminal.told.registrations == 2)
    assert len(house.lines) == 1


async def test_what_is_no_message_is_counted(house: House, connect: Connect) -> None:
    terminal = await connect()
    for text in ("{", "[]", json.dumps({"hello": 1}), json.dumps({"ret": "sendlog"})):
        await house.lines[0].send(text)
    await met(lambda: terminal.told.stray == 4)
