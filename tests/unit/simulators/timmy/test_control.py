"""The fleet control of terminals that dial, and beside terminals that listen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

from services.devices.simulators import control
from services.devices.simulators.fleet import Fleet
from services.devices.simulators.spec import DeviceSpec, SpecError, parse_option
from shared.kit.clock import SystemClock
from tests.unit.simulators.timmy.conftest import SERIAL
from tests.unit.simulators.timmy.house import met

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.unit.simulators.timmy.house import House


@pytest.fixture
async def fleet(house: House, tmp_path: Path) -> AsyncIterator[Fleet]:
    specs = [
        DeviceSpec(serial="WEST", host="127.0.92.9", port=0),
        parse_option(
            f"serial={SERIAL},dialect=timmy,family=b,server={house.url},users=2,records=4"
        ),
    ]
    fleet = Fleet(specs, tmp_path, SystemClock().now)
    await fleet.start()
    await met(fleet.terminals[SERIAL].connected.is_set)
    yield fleet
    fleet.stop()


@pytest.fixture
async def http(fleet: Fleet) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=control.build(fleet))
    async with httpx.AsyncClient(transport=transport, base_url="http://fleet") as client:
        yield client


async def test_both_kinds_are_listed(http: httpx.AsyncClient, house: House) -> None:
    west, timmy = (await http.get("/devices")).json()
    assert (west["serial"], west["dialect"]) == ("WEST", "zk")
    seen = ("serial", "dialect", "server", "family", "users", "records", "unsent", "connected")
    assert [timmy[name] for name in seen] == [
        SERIAL,
        "timmy",
        f"{house.url}/pub/chat",
        "b",
        2,
        4,
        0,
        True,
    ]
    assert timmy["told"]["registrations"] == 1


async def test_people_do_things_at_it(http: httpx.AsyncClient, house: House) -> None:
    place = f"/devices/{SERIAL}"
    punch = (await http.post(f"{place}/punch", json={"user_id": 1001, "state": 1})).json()
    stranger = (await http.post(f"{place}/stranger")).json()
    door = (await http.post(f"{place}/door", json={"event": 5})).json()
    body = {"user_id": "1002", "device_time": "2026-02-31T07:00:00", "state": 0, "verify": 8}
    record = (await http.post(f"{place}/record", json=body)).json()
    told = [(await house.next("sendlog"))["record"][0]["enrollid"] for _ in range(4)]
    assert told == [1001, 99_999_999, 0, 1002]
    truth = (await http.get(f"{place}/truth")).json()
    assert truth[4:] == [punch, stranger, door, record]
    assert (stranger["event"], door["event"], "event" in punch) == (2, 5, False)


async def test_a_backlog_is_handed_over_in_batches(http: httpx.AsyncClient, house: House) -> None:
    answer = await http.post(f"/devices/{SERIAL}/backlog", json={"records": 70})
    assert answer.json()["records"] == 74
    assert [(await house.next("sendlog"))["count"] for _ in range(2)] == [50, 20]


async def test_somebody_enrols_at_the_keypad(http: httpx.AsyncClient) -> None:
    body = {"user_id": 7, "name": "Hadi", "slot": 50}
    people = (await http.post(f"/devices/{SERIAL}/users", json=body)).json()
    assert people == (await http.get(f"/devices/{SERIAL}/users")).json()
    assert people[-1] == {
        "user_id": "7",
        "name": "Hadi",
        "admin": 0,
        "enabled": True,
        "slots": [50],
    }


async def test_a_finger_is_laid_when_a_server_asked_for_it(
    http: httpx.AsyncClient, house: House
) -> None:
    body = {"results": ["good"]}
    idle = await http.post(f"/devices/{SERIAL}/finger", json=body)
    assert (idle.status_code, idle.json()["error"]) == (409, "nobody_enrols")
    await house.ask("adduser", enrollid=7, backupnum=50, name="", admin=0, flag=10)
    assert (await http.post(f"/devices/{SERIAL}/finger", json=body)).json()["enrolling"] is True


async def test_doors_disabling_and_faults_show(http: httpx.AsyncClient, house: House) -> None:
    await house.ask("opendoor", doornum=2)
    (opening,) = (await http.get(f"/devices/{SERIAL}/unlocks")).json()
    assert (opening["door"], opening["at"][-1]) == (2, "Z")
    await house.ask("disabledevice")
    answer = await http.post(f"/devices/{SERIAL}/punch", json={"user_id": 1001})
    assert (answer.status_code, answer.json()["error"]) == (409, "device_disabled")
    body = {"kind": "refuse_user", "number": 12}
    seen = (await http.post(f"/devices/{SERIAL}/fault", json=body)).json()
    assert seen["fault"] == "refuse_user"
    reply = await house.ask("setuserinfo", enrollid=7, name="", backupnum=10, record=1)
    assert reply["reason"] == 12


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        (f"{SERIAL}/punch", {"user_id": "A12"}, "user_id"),
        (f"{SERIAL}/fault", {"kind": "wrong_key"}, "kind"),
        ("WEST/fault", {"kind": "half_open"}, "kind"),
        (f"{SERIAL}/door", {"event": 99}, "event"),
        (f"{SERIAL}/users", {"user_id": 0}, "user_id"),
    ],
)
async def test_bad_input_names_the_field(
    http: httpx.AsyncClient, path: str, body: dict[str, object], field: str
) -> None:
    answer = await http.post(f"/devices/{path}", json=body)
    assert (answer.status_code, answer.json()["field"]) == (400, field)


@pytest.mark.parametrize("path", ["stranger", "door", "users"])
async def test_a_terminal_of_another_dialect_has_none_of_this(
    http: httpx.AsyncClient, path: str
) -> None:
    answer = await http.post(f"/devices/WEST/{path}", json={"user_id": 1})
    assert answer.status_code == 404


async def test_everybody_keeps_punching_at_both_kinds(fleet: Fleet) -> None:
    fleet.servers["WEST"].punch("1001", 0)
    assert [type(terminal).__name__ for terminal in fleet] == ["ZkServer", "TimmyTerminal"]
    assert fleet.find(SERIAL) is fleet.terminals[SERIAL]
    assert fleet.find("NOBODY") is None


def test_a_family_has_its_own_firmware_and_what_is_given_is_stronger() -> None:
    spec = parse_option("serial=A1,dialect=timmy,family=a,quirks=no_sn+padded,deletes=12")
    assert (spec.firmware, spec.platform, spec.deletes) == ("TH600W_v6.1", "tfs30", 12)
    assert sorted(spec.quirks) == ["no_sn", "padded"]
    assert parse_option("serial=A1,dialect=timmy,family=a").quirks == {"no_pong"}


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("dialect=morse", "dialect"),
        ("dialect=timmy,family=e", "family"),
        ("dialect=timmy,server=http://127.0.0.1", "server"),
        ("dialect=timmy,paging=p4", "paging"),
        ("dialect=timmy,quirks=storm", "quirks"),
        ("dialect=timmy,deletes=14", "deletes"),
        ("dialect=timmy,algorithm=zk", "algorithm"),
        ("dialect=timmy,patience=0", "patience"),
    ],
)
def test_a_wrong_option_is_named(text: str, word: str) -> None:
    with pytest.raises(SpecError, match=word):
        parse_option(f"serial=A1,{text}")
