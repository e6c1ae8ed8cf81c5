"""What is done to terminals through /api, seen at the terminals themselves."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from services.devices.agent import actions
from services.devices.simulators.timmy.credentials import Person
from tests.component.gateway.conftest import refusal_of
from tests.conftest import Platform
from tests.e2e.demo import until
from tests.integration.timmy.house import House, house, timmy

SOURCE, TARGET, OLD, STRANGER, CLEAN = "SRC00001", "TGT00001", "OLD00001", "NEW00001", "CLN00001"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def home(
    platform: Platform, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[House]:
    # Of a family that takes fingers, too.
    having = {"family": "a", "templates": 4}
    terminals = [
        timmy(SOURCE, **having),
        timmy(TARGET, **having, users=0),
        timmy(OLD, **having, users=0, algorithm="thbio1.0"),
        timmy(STRANGER),
        timmy(CLEAN),
    ]
    async with house(platform, tmp_path_factory.mktemp("terminals"), terminals) as running:
        for serial in (SOURCE, TARGET, OLD, CLEAN):
            await running.register(serial)
        yield running


def held(home: House, serial: str) -> dict[int, Person]:
    """Whom a terminal itself holds."""
    return home.terminal(serial).device.credentials.people


async def users(home: House, serial: str, query: str = "") -> list[Any]:
    found: list[Any] = (await home.said("GET", f"/device/{serial}/users{query}"))["records"]
    return found


async def test_a_whole_list_is_read(home: House) -> None:
    rows = await users(home, SOURCE)
    there = {
        (who, slot) for who, person in held(home, SOURCE).items() for slot in person.records or (0,)
    }
    assert {(each["enrollid"], each["backupnum"]) for each in rows} == there
    names = {who: person.name for who, person in held(home, SOURCE).items()}
    assert {each["enrollid"]: each["name"] for each in rows} == names


async def test_records_are_read_when_asked_for(home: House) -> None:
    rows = await users(home, SOURCE, "?withRecords=1")
    # Who is known by nothing is listed with finger 0, and has no template.
    nothing = {who for who, each in held(home, SOURCE).items() if not each.records}
    assert {each["enrollid"] for each in rows if "record" not in each} == nothing
    fingers = [each for each in rows if each["backupnum"] < 10 and "record" in each]
    assert fingers
    for each in fingers:
        assert each["template"] == each["record"]
        assert len(base64.b64decode(each["record"])) == 810


async def transfer(home: House, to: str, *people: int, **more: Any) -> dict[int, Any]:
    body = {"fromSn": SOURCE, "toSn": to, "enrollIds": list(people), **more}
    said = await home.said("POST", "/transfer-users", body)
    return {each["enrollid"]: each for each in said["results"]}


async def outcomes(home: House, result: Any) -> list[str]:
    """How the steps of one person end."""
    ids = dict.fromkeys(each["opId"] for each in result["steps"])
    return [(await home.ended(op_id))["status"] for op_id in ids]


async def test_copying_leaves_the_source_as_it_is(home: House) -> None:
    people = list(held(home, SOURCE))[:2]
    before = {who: dict(held(home, SOURCE)[who].records) for who in people}
    results = await transfer(home, TARGET, *people)
    for who in people:
        slots = {step["backupnum"] for step in results[who]["steps"]}
        assert slots == set(before[who])
        assert set(await outcomes(home, results[who])) == {"success"}
        assert dict(held(home, TARGET)[who].records) == before[who]
        assert dict(held(home, SOURCE)[who].records) == before[who]


async def test_moving_deletes_what_was_read_back(home: House) -> None:
    who = list(held(home, SOURCE))[3]
    records = dict(held(home, SOURCE)[who].records)
    results = await transfer(home, TARGET, who, deleteFromSource=True)
    actions_ = [step["action"] for step in results[who]["steps"]]
    assert actions_[-1] == "delete_from_source"
    assert set(await outcomes(home, results[who])) == {"success"}
    assert dict(held(home, TARGET)[who].records) == records
    assert who not in held(home, SOURCE)


async def test_nothing_is_lost_to_another_algorithm(home: House) -> None:
    """Fingers of another family are of no use there: the source keeps everything."""
    who = next(
        who for who, each in held(home, SOURCE).items() if set(each.records) & set(range(10))
    )
    records = dict(held(home, SOURCE)[who].records)
    results = await transfer(home, OLD, who, deleteFromSource=True)

    async def over() -> bool:
        steps = (await transfer(home, OLD, who))[who]["steps"]
        return all(step["result"] != "pending" for step in steps)

    if results[who]["result"] == "pending":
        await outcomes(home, results[who])
    else:
        assert results[who]["result"] in {"incompatible", "partial"}
    await until(over, "the end of it")
    assert not set(held(home, OLD).get(who, Person()).records) & set(range(10))
    assert dict(held(home, SOURCE)[who].records) == records


async def test_people_are_deleted(home: House) -> None:
    await users(home, TARGET)
    who = next(iter(held(home, TARGET)))
    body = {"enrollIds": [who, 424242]}
    said = await home.said("POST", f"/device/{TARGET}/delete-users", body)
    there, absent = [await home.ended(each["opId"]) for each in said["results"]]
    assert (there["status"], absent["status"]) == ("success", "success")
    assert (there["type"], there["payload"]) == ("deleteuser", {"enrollid": who})
    assert "alreadyAbsent" not in there
    assert absent["alreadyAbsent"] is True
    assert who not in held(home, TARGET)


async def test_deleting_waits_for_a_terminal_that_is_away(home: House) -> None:
    who = next(iter(held(home, CLEAN)))
    home.terminal(CLEAN).stop()
    await home.connected(CLEAN, whether=False)
    said = await home.said("POST", f"/device/{CLEAN}/delete-users", {"enrollIds": [who]})
    (result,) = said["results"]
    assert result["status"] == "pending"
    for path in ("users", "add-user", "clean-log"):
        method = "GET" if path == "users" else "POST"
        body = {"enrollid": 7, "name": "N", "backupnum": 50} if path == "add-user" else None
        answer = await home.ask(method, f"/device/{CLEAN}/{path}", body)
        refusal_of(answer, 503, "device_offline_or_not_registered")
        unknown = await home.ask(method, f"/device/NOBODY/{path}", body)
        theirs = await home.ask(method, f"/device/{CLEAN}/{path}", body, home.other)
        assert answer.content == unknown.content == theirs.content
    home.terminal(CLEAN).start()
    assert (await home.ended(result["opId"]))["status"] == "success"
    assert who not in held(home, CLEAN)
    await home.connected(CLEAN)


async def test_enrolling_is_told_as_it_goes(home: House) -> None:
    person = {"enrollid": 10012, "name": "John Smith1", "aliasid": "JSMITH1", "backupnum": 50}
    said = await home.said("POST", f"/device/{CLEAN}/add-user", person)
    assert (said["status"], said["response"]["ret"]) == ("success", "adduser")
    seen: list[str] = []

    async def captured() -> bool:
        operation = await home.operation(said["opId"])
        seen.append(operation["enrollment"]["state"] if "enrollment" in operation else "")
        return seen[-1] == "captured"

    await until(captured, "the face is captured")
    assert (await home.operation(said["opId"]))["type"] == "adduserinfo"
    assert set(seen) <= {"", "started", "captured"}
    rows = [each for each in await users(home, CLEAN) if each["enrollid"] == 10012]
    assert [(each["backupnum"], each["name"]) for each in rows] == [(50, "John Smith1")]


async def test_a_posted_log_is_the_same_punches(home: House) -> None:
    """Whatever way a record comes, it is one punch."""
    await home.recorded(SOURCE, 20)
    punches = await home.data("GET", f"/attendance/device/{home.ids[SOURCE]}?limit=200")
    total = len(punches)
    record = [
        {"enrollid": int(each["user_id"]), "time": each["device_time"].replace("T", " ")}
        for each in punches[:3]
    ]
    body = {"sn": SOURCE, "record": record}
    answer = await home.http.post("/api/device-log", json=body)
    assert (answer.status_code, answer.json()["success"]) == (200, True)
    record.append({"enrollid": 7, "time": "2026-01-01T09:00:00"})
    answer = await home.http.post("/api/device-log", json=body)
    assert answer.status_code == 200
    await home.recorded(SOURCE, total + 1)
    found = await home.data("GET", f"/attendance/device/{home.ids[SOURCE]}?limit=200")
    assert len(found) == total + 1
    unknown = await home.http.post("/api/device-log", json={**body, "sn": "NOBODY"})
    refusal_of(unknown, 503, "device_offline_or_not_registered")


async def test_a_terminal_that_nobody_knows_waits_for_approval(home: House) -> None:
    async def waits() -> bool:
        return any(
            each["serial_number"] == STRANGER for each in await home.data("GET", "/devices/pending")
        )

    await until(waits, "it waits")
    answer = await home.ask("GET", "/v1/devices/pending", who=home.other)
    assert answer.json()["data"] == []
    theirs = await home.ask("POST", f"/v1/devices/{STRANGER}/approve", {}, home.other)
    assert theirs.status_code == 404
    made = await home.data("POST", f"/devices/{STRANGER}/approve", {"name": "Back Door"})
    assert (made["name"], made["serial_number"], made["dialect"]) == (
        "Back Door",
        STRANGER,
        "timmy",
    )
    home.ids[STRANGER] = made["id"]
    await home.connected(STRANGER)
    await home.recorded(STRANGER, 20)


async def test_doors_and_strangers_are_events(home: House) -> None:
    home.terminal(CLEAN).door(1)
    home.terminal(CLEAN).stranger()
    path = f"/devices/{home.ids[CLEAN]}/events"

    async def both() -> bool:
        return {each["kind"] for each in await home.data("GET", path)} == {"door", "stranger"}

    await until(both, "a door and a stranger")
    punches = await home.data("GET", f"/attendance/device/{home.ids[CLEAN]}?limit=200")
    assert not {each["user_id"] for each in punches} & {"0", "99999999"}


async def test_a_secret_path_is_told_once(home: House) -> None:
    path = f"/devices/{home.ids[OLD]}/path"
    made = await home.data("POST", path)
    assert made["path"] == f"/d/{made['token']}/pub/chat"
    assert (await home.data("POST", path))["token"] != made["token"]
    shown = await home.data("GET", f"/devices/{home.ids[OLD]}")
    assert shown["has_path_token"] is True
    assert made["token"] not in str(shown)
    # It still dials in by the path that anybody knows.
    home.terminal(OLD).restart()
    await home.connected(OLD, whether=False)


# The last one: attendance is away from here on.
async def test_a_log_that_is_not_stored_is_not_cleaned(
    home: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actions, "_RECEIPT_SECONDS", 0.5)
    await home.recorded(CLEAN, 20)
    cleaned = await home.said("POST", f"/device/{CLEAN}/clean-log")
    said = cleaned["response"]
    assert (cleaned["status"], said["ret"], said["result"]) == ("success", "cleanlog", True)
    await home.attendance.aclose()
    home.terminal(CLEAN).punch(str(next(iter(held(home, CLEAN)))), state=0)
    body = refusal_of(await home.ask("POST", f"/device/{CLEAN}/clean-log"), 409, "unsynced_logs")
    assert (body["missing"], body["status"]) == (1, "failed")
    assert home.terminal(CLEAN).device.truth.log_size == 1
