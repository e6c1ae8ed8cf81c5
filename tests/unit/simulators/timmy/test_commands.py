"""Everything else that a server may ask: lists, the log, the clock, the door, enrolment, power."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from services.devices.simulators.enrolment import Laying
from services.devices.simulators.faults import Fault
from services.devices.simulators.machine import DisabledError, NobodyEnrolsError
from services.devices.simulators.timmy import templates
from tests.unit.simulators.timmy.house import met

if TYPE_CHECKING:
    from services.devices.simulators.timmy.terminal import TimmyTerminal
    from tests.unit.simulators.timmy.conftest import Connect
    from tests.unit.simulators.timmy.house import House


async def pages(house: House, cmd: str, **fields: object) -> list[dict[str, Any]]:
    """Return every page of a list, until one is empty."""
    found = [await house.ask(cmd, stn=True, **fields)]
    while found[-1]["record"]:
        found.append(await house.ask(cmd, stn=False))
    return found


def header(page: dict[str, Any]) -> tuple[int, int, int, int]:
    return page["count"], page["from"], page["to"], len(page["record"])


@pytest.mark.parametrize(
    ("paging", "headers"),
    [
        ("p1", [(9, 0, 4, 4), (9, 4, 8, 4), (9, 8, 9, 1), (0, 0, 0, 0)]),
        ("p2", [(4, 0, 3, 4), (4, 4, 7, 4), (1, 8, 8, 1), (0, 0, 0, 0)]),
        ("p3", [(9, 0, 3, 4), (9, 4, 7, 4), (9, 8, 8, 1), (0, 0, 0, 0)]),
    ],
)
async def test_pages_count_in_three_ways(
    house: House, connect: Connect, paging: str, headers: list[tuple[int, int, int, int]]
) -> None:
    await connect(users=9, paging=paging, page_size=4)
    found = await pages(house, "getuserlist")
    assert [header(page) for page in found] == headers
    listed = [row["enrollid"] for page in found for row in page["record"]]
    assert listed == list(range(1001, 1010))


async def test_usual_pages_have_40_people_and_50_records(house: House, connect: Connect) -> None:
    await connect(users=41, records=51)
    assert [len(page["record"]) for page in await pages(house, "getuserlist")] == [40, 1, 0]
    assert [len(page["record"]) for page in await pages(house, "getalllog")] == [50, 1, 0]


async def test_a_list_may_be_hidden_or_refused(house: House, connect: Connect) -> None:
    terminal = await connect()
    await terminal.set_fault(Fault.EMPTY_LIST)
    assert header(await house.ask("getuserlist", stn=True)) == (0, 0, 0, 0)
    whole = [await house.ask("getallusers", stn=stn) for stn in (True, False, False)]
    assert [(each["index"], each["count"], each["enrollid"]) for each in whole] == [
        (0, 3, 1001),
        (1, 3, 1002),
        (2, 3, 1003),
    ]
    await terminal.set_fault(Fault.NO_DATA)
    reply = await house.ask("getalllog", stn=True)
    assert (reply["result"], reply["msg"]) == (False, "can not find logs")


async def test_the_log_can_be_asked_for_by_day(house: House, connect: Connect) -> None:
    terminal = await connect()
    for day in (1, 2, 3):
        terminal.record("1001", f"2026-05-0{day}T12:00:00", 0, 1)
    reply = await house.ask("getalllog", stn=True, **{"from": "2026-5-2", "to": "2026-05-03"})
    assert [row["time"][:10] for row in reply["record"]] == ["2026-05-02", "2026-05-03"]
    limits = {"from": "2026-05-02 12:00:01", "to": "2026-05-09 00:00:00"}
    reply = await house.ask("getalllog", stn=True, **limits)
    assert [row["time"][:10] for row in reply["record"]] == ["2026-05-03"]


async def test_new_records_that_were_read_are_handed_over(house: House, connect: Connect) -> None:
    house.answers["sendlog"] = lambda _: None
    terminal = await connect(family="b", records=4, backlog=60)
    assert [len(page["record"]) for page in await pages(house, "getnewlog")] == [50, 10, 0]
    assert terminal.device.unsent == []


async def test_the_log_can_be_cleared(house: House, connect: Connect) -> None:
    terminal = await connect(records=4)
    assert await house.ask("cleanlog") == {"result": True}
    assert (await house.ask("getalllog", stn=True))["record"] == []
    assert len(terminal.device.truth.punches) == 4
    terminal.punch("1001", 0)
    assert (await house.next("sendlog"))["logindex"] == 0


async def test_an_unknown_command_is_explained_or_met_with_silence(
    house: House, connect: Connect
) -> None:
    await connect(family="b")
    reply = await house.ask("fly")
    assert reply == {"result": False, "reason": 1, "msg": "can not find this command"}
    await connect(serial="AYSH29096497", family="a")
    await house.say(cmd="fly")
    # What is answered next shows that nothing was said about the one before.
    assert "result" not in await house.ask("gettime")
    assert house.waiting("fly") == 0


async def test_the_clock_can_be_asked_and_set(house: House, connect: Connect) -> None:
    await connect(drift=3600)
    assert (await house.ask("settime", cloudtime="2026-05-01 08:00:05"))["result"] is True
    reply = await house.ask("gettime")
    assert (reply["time"][:16], reply["result"]) == ("2026-05-01 08:00", True)


async def test_settings_are_kept(house: House, connect: Connect) -> None:
    await connect()
    await house.ask("setdevinfo", volume=3, server_verify=1)
    await house.ask("setdevlock", opendelay=9)
    info = await house.ask("getdevinfo")
    assert (info["volume"], info["server_verify"], info["userfpnum"]) == (3, 1, 3)
    assert (await house.ask("getdevlock"))["opendelay"] == 9


async def test_the_door_is_opened_and_that_is_on_record(house: House, connect: Connect) -> None:
    terminal = await connect()
    await house.ask("opendoor")
    await house.ask("opendoor", doornum=2)
    assert [opening.door for opening in terminal.device.unlocks] == [0, 2]


async def test_nobody_punches_at_a_disabled_terminal(house: House, connect: Connect) -> None:
    terminal = await connect()
    await house.ask("disabledevice")
    with pytest.raises(DisabledError):
        terminal.punch("1001", 0)
    await house.ask("enabledevice")
    terminal.punch("1001", 0)


async def test_a_restart_drops_the_line_and_comes_back(house: House, connect: Connect) -> None:
    terminal = await connect()
    await house.ask("disabledevice")
    await house.next("reg")
    await house.say(cmd="reboot")
    await house.closed(house.lines[0])
    await house.next("reg")
    assert terminal.device.enabled
    assert house.waiting("reboot") == 0


async def test_initsys_keeps_nothing_but_settings(house: House, connect: Connect) -> None:
    terminal = await connect(records=3)
    await house.ask("setdevinfo", volume=3)
    await house.ask("initsys")
    assert (len(terminal.device.credentials), terminal.device.truth.log_size) == (0, 0)
    assert terminal.device.settings["volume"] == 3


async def test_somebody_enrols_and_the_server_is_told(house: House, connect: Connect) -> None:
    house.answers["reg"] = lambda _: {"ret": "reg", "result": True}
    terminal = await connect(users=0, enrols="nobody")
    asked = {"enrollid": 10012, "backupnum": 0}
    reply = await house.ask("adduser", **asked, name="Gita", admin=0, flag=10)
    assert reply == {"result": True, **asked}
    seen = [(await house.ask("checkregstatus"))["status"]]
    for _ in range(3):
        terminal.lay([Laying.GOOD])
        await met(lambda: terminal.device.enrolling is not None and _status(terminal) > seen[-1])
        seen.append((await house.ask("checkregstatus"))["status"])
    user = await house.next("senduser")
    assert seen == [0, 1, 2, 3]
    assert (await house.ask("checkregstatus"))["status"] == 100
    assert (user["enrollid"], user["backupnum"], user["name"]) == (10012, 0, "Gita")
    assert templates.read(user["record"], "thbio3.0")


@pytest.mark.parametrize(("enrols", "status"), [("ok", 100), ("fail", -1), ("duplicate", -12)])
async def test_an_enrolment_ends_as_the_spec_says(
    house: House, connect: Connect, enrols: str, status: int
) -> None:
    terminal = await connect(enrols=enrols)
    await house.ask("adduser", enrollid=9, backupnum=50, name="", admin=0, flag=10)
    busy = await house.ask("adduser", enrollid=8, backupnum=50, name="", admin=0, flag=10)
    assert busy["reason"] == 3
    await met(lambda: terminal.device.enrolling is not None and terminal.device.enrolling.over)
    assert (await house.ask("checkregstatus"))["status"] == status
    assert (9 in terminal.device.credentials.people) is (status == 100)


async def test_an_enrolment_can_be_cancelled(house: House, connect: Connect) -> None:
    terminal = await connect(enrols="nobody")
    await house.ask("adduser", enrollid=9, backupnum=50, name="", admin=0, flag=10)
    await house.ask("adduser", cancel=True)
    assert (await house.ask("checkregstatus"))["result"] is False
    with pytest.raises(NobodyEnrolsError):
        terminal.lay([Laying.GOOD])


def _status(terminal: TimmyTerminal) -> int:
    assert terminal.device.enrolling is not None
    return terminal.device.enrolling.status
