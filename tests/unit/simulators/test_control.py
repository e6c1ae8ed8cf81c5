"""The fleet control: what it shows, what it does, and how it names bad input."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from services.devices.simulators.faults import Fault
from services.devices.simulators.zk.codes import Command, Reply
from tests.unit.simulators.conftest import RawClient

if TYPE_CHECKING:
    import httpx

    from services.devices.simulators.fleet import Fleet


async def test_it_lists_the_devices(http: httpx.AsyncClient, fleet: Fleet) -> None:
    east, west = (await http.get("/devices")).json()
    assert east["serial"] == "EAST"
    assert east["port"] == fleet.servers["EAST"].port
    noted = ("dialect", "host", "zone", "users", "punches", "records", "unlocks", "connections")
    assert [east[field] for field in noted] == ["zk", "127.0.92.1", "Asia/Jakarta", 5, 50, 50, 0, 0]
    client = await RawClient.connect(fleet.servers["WEST"])
    assert (await http.get("/devices/WEST")).json() == {**west, "connections": 1}
    client.close()


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


@pytest.mark.parametrize("path", ["", "/truth", "/unlocks"])
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
