"""The fleet control: what it shows, what it does, and how it names bad input."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import httpx
import pytest

from services.devices.simulators import control
from services.devices.simulators.faults import Fault
from services.devices.simulators.fingers import Template
from services.devices.simulators.fleet import Fleet
from services.devices.simulators.people import User
from services.devices.simulators.quirks import Enrols
from services.devices.simulators.spec import DeviceSpec
from services.devices.simulators.zk.codes import Command, Reply
from shared.kit.clock import SystemClock
from tests.unit.simulators.raw import ATTENDANCE, RawClient

if TYPE_CHECKING:
    from pathlib import Path


async def test_it_lists_the_devices(http: httpx.AsyncClient, fleet: Fleet) -> None:
    east, west = (await http.get("/devices")).json()
    assert east["serial"] == "EAST"
    assert east["port"] == fleet.servers["EAST"].port
    noted = ("dialect", "host", "zone", "users", "punches", "records", "unlocks", "connections")
    assert [east[field] for field in noted] == ["zk", "127.0.92.1", "Asia/Jakarta", 5, 50, 50, 0, 0]
    client = await RawClient.connect(fleet.servers["WEST"])
    again = (await http.get("/devices/WEST")).json()
    assert {**again, "clock": ""} == {**west, "clock": "", "connections": 1}
    client.close()


async def test_it_shows_the_state_of_a_device(http: httpx.AsyncClient, fleet: Fleet) -> None:
    server = fleet.servers["EAST"]
    seen = (await http.get("/devices/EAST")).json()
    state = ("enabled", "powered", "enrolling", "templates", "operations", "transport", "profile")
    assert [seen[field] for field in state] == [True, True, False, 0, 1, "both", "zmm220"]
    shown = datetime.fromisoformat(seen["clock"]).replace(tzinfo=ZoneInfo("Asia/Jakarta"))
    assert abs(shown - SystemClock().now()).total_seconds() < 5
    client = await RawClient.connect(server)
    await client.ask(Command.DISABLE)
    await client.ask(Command.DISPLAY_WRITE, b"\1\0\0Hello")
    await client.ask(Command.POWER_OFF)
    seen = (await http.get("/devices/EAST")).json()
    assert [seen[field] for field in state[:2]] == [False, False]
    assert seen["display"] == {"1": "Hello"}
    assert (await http.post("/devices/EAST/punch", json={"user_id": 1})).status_code == 409
    seen = (await http.post("/devices/EAST/fault", json={"kind": "none"})).json()
    assert [seen[field] for field in state[:2]] == [True, True]


async def test_it_shows_the_people_as_the_device_holds_them(
    http: httpx.AsyncClient, fleet: Fleet
) -> None:
    device = fleet.servers["WEST"].device
    device.people.put(User(2, "77", b"\xffed".decode(errors="surrogateescape"), 6, 9, 3, "12"))
    device.fingers.put(Template(2, 4, 1, b"x"))
    people = (await http.get("/devices/WEST/users")).json()
    assert [person["uid"] for person in people] == [1, 2, 3]
    assert people[1] == {
        "uid": 2,
        "user_id": "77",
        "name": "\N{REPLACEMENT CHARACTER}ed",
        "privilege": 6,
        "card": 9,
        "group": 3,
        "has_password": True,
        "fingers": [4],
    }


async def test_a_record_may_have_a_date_that_no_calendar_has(
    http: httpx.AsyncClient, fleet: Fleet
) -> None:
    client = await RawClient.connect(fleet.servers["WEST"])
    await client.ask(Command.REGISTER_EVENTS, b"\1\0\0\0")
    body = {"user_id": "1001", "device_time": "2024-02-31T00:00:00", "state": 1, "verify": 15}
    answer = await http.post("/devices/WEST/record", json=body)
    assert answer.json() == (await http.get("/devices/WEST/truth")).json()[-1]
    assert answer.json()["device_time"] == "2024-02-31T00:00:00"
    table = await client.read(ATTENDANCE)
    assert (table[4 + 26], table[4 + 27 : 4 + 31].hex(), table[4 + 31]) == (15, "80bb4a2e", 1)
    assert await client.hears_nothing()


async def test_a_finger_is_laid_when_a_client_asked_for_it(
    http: httpx.AsyncClient, tmp_path: Path
) -> None:
    idle = await http.post("/devices/WEST/finger", json={"results": ["good"]})
    assert (idle.status_code, idle.json()["error"]) == (409, "nobody_enrols")
    spec = DeviceSpec(serial="IDLE", host="127.0.92.3", port=0, users=1, enrols=Enrols.NOBODY)
    fleet = Fleet([spec], tmp_path / "idle", SystemClock().now)
    await fleet.start()
    client = await RawClient.connect(fleet.servers["IDLE"])
    await client.ask(Command.START_ENROL, b"1001".ljust(24, b"\0") + b"\0\1")
    transport = httpx.ASGITransport(app=control.build(fleet))
    async with httpx.AsyncClient(transport=transport, base_url="http://fleet") as idle_fleet:
        body = {"results": ["bad", "good", "good", "good"]}
        answer = await idle_fleet.post("/devices/IDLE/finger", json=body)
    events = [await client.receive() for _ in range(9)]
    assert answer.json()["enrolling"] is True
    assert [event.data for event in events[1:8:2]] == [b"\0", b"\x64", b"\x64", b"\x64"]
    assert len(fleet.servers["IDLE"].device.fingers) == 1
    fleet.stop()


async def test_a_fault_may_wait_for_bytes_of_a_table(http: httpx.AsyncClient, fleet: Fleet) -> None:
    server = fleet.servers["EAST"]
    client = await RawClient.connect(server)
    await http.post("/devices/EAST/fault", json={"kind": "cut", "after": 1_000})
    assert (server.firmware.fault, server.firmware.left) == (Fault.CUT, 1_000)
    with pytest.raises(ConnectionResetError):
        await client.read(ATTENDANCE)


async def test_the_truth_is_what_was_accepted_in_order(http: httpx.AsyncClient) -> None:
    truth = (await http.get("/devices/EAST/truth")).json()
    assert len(truth) == 50
    assert set(truth[0]) == {"person", "device_time", "instant", "state", "verify"}
    for punch in truth:
        instant = datetime.fromisoformat(punch["instant"])
        wall = instant.astimezone(ZoneInfo("Asia/Jakarta")).replace(tzinfo=None)
        assert punch["device_time"] == wall.isoformat()
    assert [punch["instant"] for punch in truth] == sorted(punch["instant"] for punch in truth)


async def test_a_punch_is_true_and_then_live(http: httpx.AsyncClient, fleet: Fleet) -> None:
    client = await RawClient.connect(fleet.servers["EAST"])
    await client.ask(Command.REGISTER_EVENTS, b"\1\0\0\0")
    answer = await http.post("/devices/EAST/punch", json={"user_id": "1002", "state": 1})
    event = await client.receive()
    truth = (await http.get("/devices/EAST/truth")).json()
    assert answer.json() == truth[-1]
    assert (truth[-1]["person"], truth[-1]["state"]) == ("1002", 1)
    assert event.data[:4] == b"1002"


async def test_a_number_is_a_user_id_too(http: httpx.AsyncClient) -> None:
    answer = await http.post("/devices/WEST/punch", json={"user_id": 1001})
    assert (answer.json()["person"], answer.json()["state"]) == ("1001", 0)


async def test_a_backlog_is_true_and_silent(http: httpx.AsyncClient, fleet: Fleet) -> None:
    client = await RawClient.connect(fleet.servers["WEST"])
    await client.ask(Command.REGISTER_EVENTS, b"\1\0\0\0")
    answer = await http.post("/devices/WEST/backlog", json={"records": 300})
    assert answer.json()["records"] == 300
    truth = (await http.get("/devices/WEST/truth")).json()
    assert len({punch["device_time"] for punch in truth}) == 300
    assert await client.is_silent()


async def test_unlocks_show_when_and_how_long(http: httpx.AsyncClient, fleet: Fleet) -> None:
    client = await RawClient.connect(fleet.servers["WEST"])
    await client.ask(Command.UNLOCK, b"\x1e\0\0\0")
    (unlock,) = (await http.get("/devices/WEST/unlocks")).json()
    assert unlock["delay"] == 30
    assert unlock["at"].endswith("Z")


async def test_a_fault_is_put_in_force_and_healed(http: httpx.AsyncClient, fleet: Fleet) -> None:
    answer = await http.post("/devices/WEST/fault", json={"kind": "refuse"})
    assert answer.json()["fault"] == "refuse"
    client = await RawClient.dial(fleet.servers["WEST"])
    assert (await client.ask(Command.CONNECT)).code == Reply.REFUSED
    assert (await http.post("/devices/WEST/fault", json={"kind": "none"})).json()["fault"] == "none"
    await RawClient.connect(fleet.servers["WEST"])


async def test_a_disabled_device_accepts_no_punch(http: httpx.AsyncClient, fleet: Fleet) -> None:
    fleet.servers["WEST"].device.disable(None)
    answer = await http.post("/devices/WEST/punch", json={"user_id": "1001", "state": 0})
    assert (answer.status_code, answer.json()["error"]) == (409, "device_disabled")
    assert (await http.get("/devices/WEST/truth")).json() == []


@pytest.mark.parametrize("path", ["", "/truth", "/users", "/unlocks"])
async def test_an_unknown_device_is_404(http: httpx.AsyncClient, path: str) -> None:
    answer = await http.get(f"/devices/NOBODY{path}")
    assert (answer.status_code, answer.json()["error"]) == (404, "unknown_device")


@pytest.mark.parametrize("path", ["punch", "backlog", "fault"])
async def test_an_unknown_device_is_404_to_deeds(http: httpx.AsyncClient, path: str) -> None:
    body = {"punch": {"user_id": "1"}, "backlog": {"records": 1}, "fault": {"kind": "none"}}[path]
    answer = await http.post(f"/devices/NOBODY/{path}", json=body)
    assert answer.status_code == 404


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("punch", {}, "user_id"),
        ("punch", {"user_id": ""}, "user_id"),
        ("punch", {"user_id": "x" * 25}, "user_id"),
        ("punch", {"user_id": "a b"}, "user_id"),
        ("punch", {"user_id": True}, "user_id"),
        ("punch", {"user_id": "1", "state": "in"}, "state"),
        ("punch", {"user_id": "1", "state": 256}, "state"),
        ("punch", {"user_id": "1", "stat": 1}, "stat"),
        ("backlog", {"records": 0}, "records"),
        ("backlog", {}, "records"),
        ("fault", {}, "kind"),
        ("fault", {"kind": "fire"}, "kind"),
        ("fault", {"kind": "cut", "after": -1}, "after"),
        ("record", {"user_id": "1"}, "device_time"),
        ("record", {"user_id": "1", "device_time": "2024-02-32T00:00:00"}, "device_time"),
        ("record", {"user_id": "1", "device_time": "1999-01-01T00:00:00"}, "device_time"),
        ("finger", {"results": []}, "results"),
        ("finger", {"results": ["perfect"]}, "results.0"),
    ],
)
async def test_bad_input_names_the_field_and_changes_nothing(
    http: httpx.AsyncClient, path: str, body: dict[str, object], field: str
) -> None:
    answer = await http.post(f"/devices/WEST/{path}", json=body)
    assert (answer.status_code, answer.json()["field"]) == (400, field)
    assert (await http.get("/devices/WEST")).json()["punches"] == 0


async def test_an_unknown_fault_is_told_the_known_ones(http: httpx.AsyncClient) -> None:
    answer = await http.post("/devices/WEST/fault", json={"kind": "fire"})
    assert all(kind in answer.json()["message"] for kind in Fault)


async def test_broken_json_is_400(http: httpx.AsyncClient) -> None:
    headers = {"content-type": "application/json"}
    answer = await http.post("/devices/WEST/punch", content=b'{"user_id"', headers=headers)
    assert (answer.status_code, answer.json()["error"]) == (400, "bad_input")
