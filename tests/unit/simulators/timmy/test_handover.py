"""sendlog and senduser: what is handed over, in what pieces, and what happens without an answer."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from services.devices.simulators.fleet import Fleet
from services.devices.simulators.machine import InputError
from services.devices.simulators.spec import DeviceSpec
from services.devices.simulators.timmy.enrolling import Asked
from shared.kit.clock import SystemClock
from tests.unit.simulators.timmy.conftest import SERIAL
from tests.unit.simulators.timmy.house import acknowledged, met, silent

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.simulators.timmy.conftest import Connect, Dial
    from tests.unit.simulators.timmy.house import House


async def test_a_punch_is_true_and_then_one_sendlog(house: House, connect: Connect) -> None:
    terminal = await connect(records=5)
    punches = [terminal.punch("1001", 0), terminal.punch("1002", 1), terminal.punch("77", 0)]
    logs = [await house.next("sendlog") for _ in punches]
    assert [log["count"] for log in logs] == [1, 1, 1]
    assert [log["logindex"] for log in logs] == [5, 6, 7]
    rows = [log["record"][0] for log in logs]
    assert [(row["enrollid"], row["inout"], row["mode"], row["event"]) for row in rows] == [
        (1001, 0, 8, 0),
        (1002, 1, 8, 0),
        (77, 0, 8, 0),
    ]
    assert [row["time"] for row in rows] == [str(punch.device_time) for punch in punches]
    await met(lambda: terminal.told.acknowledged == 3)
    assert terminal.device.unsent == []
    assert terminal.device.truth.punches[5:] == punches


async def test_a_backlog_goes_in_batches_and_what_comes_after_is_live(
    house: House, dial: Dial
) -> None:
    terminal = dial(records=10, backlog=120)
    sizes = [(await house.next("sendlog"))["count"] for _ in range(3)]
    terminal.punch("1001", 0)
    live = await house.next("sendlog")
    assert (sizes, live["count"], live["logindex"]) == ([50, 50, 20], 1, 130)
    terminal.backlog(60)
    assert [(await house.next("sendlog"))["count"] for _ in range(2)] == [50, 10]


@pytest.mark.parametrize("family", ["a", "b", "d"])
async def test_without_an_answer_the_same_is_sent_for_ever(
    house: House, dial: Dial, family: str
) -> None:
    house.answers["sendlog"] = silent
    terminal = dial(family=family, backlog=60, patience=0.1)
    logs = [await house.next("sendlog") for _ in range(3)]
    assert logs[0] == logs[1] == logs[2]
    assert (len(house.lines), len(terminal.device.unsent)) == (1, 60)


async def test_without_an_answer_the_newer_ones_hang_up(house: House, dial: Dial) -> None:
    house.answers["sendlog"] = silent
    terminal = dial(family="c", backlog=60, patience=0.1)
    first, second = await house.next("sendlog"), await house.next("sendlog")
    assert first == second
    assert len(house.lines) == 2
    await house.closed(house.lines[0])
    assert house.lines[0].close_code == 1006
    assert len(terminal.device.unsent) == 60


@pytest.mark.parametrize("wrong", [{"logindex": 9}, {"logindex": None}, {"ret": "senduser"}])
async def test_an_answer_to_something_else_does_not_count(
    house: House, dial: Dial, wrong: dict[str, Any]
) -> None:
    house.answers["sendlog"] = lambda message: {**acknowledged(message), **wrong}
    terminal = dial(family="b", backlog=60)
    await met(lambda: terminal.told.wrong_answers + terminal.told.stray >= 1)
    assert len(terminal.device.unsent) == 60
    house.answers["sendlog"] = acknowledged
    await met(lambda: not terminal.device.unsent)


async def test_a_record_before_2019_has_no_index(house: House, dial: Dial) -> None:
    terminal = dial(quirks=["no_index"], backlog=3)
    assert set(await house.next("sendlog")) == {"cmd", "sn", "record"}
    await met(lambda: not terminal.device.unsent)


async def test_what_is_rejected_is_repeated(house: House, dial: Dial) -> None:
    answers = iter([{"ret": "sendlog", "result": False, "reason": 1}])
    house.answers["sendlog"] = lambda message: next(answers, acknowledged(message))
    terminal = dial(backlog=3)
    assert await house.next("sendlog") == await house.next("sendlog")
    await met(lambda: not terminal.device.unsent)
    assert (terminal.told.rejected, terminal.told.repeated) == (1, 1)


async def test_what_the_answer_says_of_the_door_is_kept(house: House, connect: Connect) -> None:
    more = {"access": 1, "message": "welcome", "cloudtime": "2026-05-01 08:00:05"}
    house.answers["sendlog"] = lambda message: {**acknowledged(message), **more}
    terminal = await connect()
    terminal.punch("1001", 0)
    await met(lambda: terminal.told.acknowledged == 1)
    assert (terminal.told.access, terminal.told.shown) == (1, "welcome")
    assert terminal.told.cloudtime == "2026-05-01 08:00:05"


async def test_strangers_and_the_door_have_records_of_their_own(
    house: House, connect: Connect
) -> None:
    terminal = await connect()
    await house.ask("setdevinfo", stranger_photo=1)
    terminal.stranger()
    terminal.door(5)
    face, door = [(await house.next("sendlog"))["record"][0] for _ in range(2)]
    assert (face["enrollid"], face["event"], face["image"][:4]) == (99_999_999, 2, "/9j/")
    assert (door["enrollid"], door["event"], door["inout"]) == (0, 5, 0)
    assert [punch.entry().get("event") for punch in terminal.device.truth.punches] == [2, 5]


async def test_a_record_may_have_a_date_that_no_calendar_has(
    house: House, connect: Connect
) -> None:
    terminal = await connect()
    terminal.record("1001", "2026-02-31T07:00:00", 1, 3)
    row = (await house.next("sendlog"))["record"][0]
    assert (row["time"], row["mode"], row["inout"]) == ("2026-02-31 07:00:00", 3, 1)


async def test_a_person_is_a_number(build: Dial) -> None:
    terminal = build()
    with pytest.raises(InputError, match="user_id"):
        terminal.punch("A12", 0)
    assert terminal.device.truth.punches == []


async def test_what_was_acknowledged_is_known_after_a_restart(
    house: House, dial: Dial, tmp_path: Path
) -> None:
    terminal = dial(records=2, backlog=3)
    await met(lambda: not terminal.device.unsent)
    terminal.stop()
    terminal.punch("1001", 0)
    spec = DeviceSpec(serial=SERIAL, dialect=terminal.device.spec.dialect)
    again = Fleet([spec], tmp_path, SystemClock().now).terminals[SERIAL]
    assert again.device.truth.punches == terminal.device.truth.punches
    assert len(again.device.unsent) == 1
    again.device.clear_log()
    third = Fleet([spec], tmp_path, SystemClock().now).terminals[SERIAL]
    assert (len(third.device.unsent), third.device.truth.log_size) == (0, 0)
    for each in (again, third):
        each.device.truth.close()


async def test_the_newer_ones_tell_everybody_whom_no_server_acknowledged(
    house: House, dial: Dial
) -> None:
    house.answers["reg"] = lambda _: {"ret": "reg", "result": True}
    terminal = dial(family="c", users=3, templates=3)
    told = [await house.next("senduser") for _ in range(4)]
    assert [(user["enrollid"], user["backupnum"]) for user in told] == [
        (1001, 0),
        (1002, 0),
        (1003, 11),
        (1003, 0),
    ]
    assert (told[0]["name"], told[0]["admin"]) == (terminal.device.credentials.people[1001].name, 1)
    await met(lambda: not terminal.device.credentials.untold)
    await house.lines[0].close()
    await met(lambda: terminal.told.registrations == 2)
    terminal.punch("1001", 0)
    await house.next("sendlog")
    assert house.waiting("senduser") == 0


async def test_an_unanswered_person_ends_the_line_sooner_than_a_record(
    house: House, dial: Dial
) -> None:
    house.answers |= {"reg": lambda _: {"ret": "reg", "result": True}, "senduser": silent}
    terminal = dial(family="c", patience=2)
    await house.next("senduser")
    await house.closed(house.lines[0])
    assert terminal.device.credentials.untold


async def test_nobody_is_told_where_the_server_does_not_want_it(house: House, dial: Dial) -> None:
    terminal = dial(family="c", backlog=1)
    await house.next("sendlog")
    await house.ask("gettime")
    assert house.waiting("senduser") == 0
    assert terminal.device.credentials.untold


async def test_who_enrols_at_the_keypad_is_told(house: House, connect: Connect) -> None:
    house.answers["reg"] = lambda _: {"ret": "reg", "result": True}
    terminal = await connect(family="a")
    assert house.waiting("senduser") == 0
    terminal.enrol(Asked(42, 3, "Intan", 0))
    user = await house.next("senduser")
    assert (user["enrollid"], user["backupnum"], user["name"]) == (42, 3, "Intan")


async def test_after_clearing_the_log_some_tell_everybody_again(
    house: House, connect: Connect
) -> None:
    house.answers["reg"] = lambda _: {"ret": "reg", "result": True}
    await connect(family="b", users=2)
    await house.ask("cleanlog")
    assert [(await house.next("senduser"))["enrollid"] for _ in range(2)] == [1001, 1002]


async def test_the_truth_is_on_disk_before_anybody_hears_of_it(
    house: House, connect: Connect, tmp_path: Path
) -> None:
    terminal = await connect()
    terminal.punch("1001", 0)
    lines = (tmp_path / f"{SERIAL}.jsonl").read_text().splitlines()
    assert json.loads(lines[-1])["person"] == "1001"
    assert house.waiting("sendlog") == 0
