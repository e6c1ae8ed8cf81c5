"""Devices and the jobs that read their logs, over HTTP, through the real registry."""

from __future__ import annotations

import json
import re

import pytest

from shared.contracts.errors import Code
from shared.contracts.operations import Outcome, Progress
from shared.kit.clock import SystemClock
from shared.kit.errors import MusterError
from tests.component.auth.conftest import eventually
from tests.component.gateway.conftest import Api, error_of, fields_of
from tests.conftest import OWNER

SECONDS = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


@pytest.mark.parametrize("path", ["/api/v1/devices", "/api/v1/device"])
async def test_registering_is_as_the_document_shows(api: Api, path: str) -> None:
    body = {
        "name": "Main Entrance Reader",
        "ip": f"192.168.1.{len(path)}",
        "port": 4370,
        "password": "",
        "location": "Building A - Main Entrance",
        "serial_number": f"ZKT-001-{len(path)}",
    }
    answer = await api.http.post(path, json=body, headers=api.admin)
    assert answer.status_code == 201, answer.text
    assert answer.json()["message"] == "Device registered successfully"
    data = answer.json()["data"]
    assert {name: data[name] for name in body if name != "password"} == {
        name: value for name, value in body.items() if name != "password"
    }
    assert (data["status"], data["is_connected"]) == ("active", True)
    assert SECONDS.fullmatch(data["created_at"])
    assert "password" not in answer.text
    assert "comm_key" not in answer.text
    answer = await api.http.get(f"/api/v1/devices/{data['id']}", headers=api.user)
    assert answer.json()["data"]["name"] == body["name"]
    error_of(await api.http.post(path, json=body, headers=api.admin), 409, "IP_TAKEN")


@pytest.mark.parametrize(("password", "key"), [("", 0), ("0042", 42), (7, 7), (" 5 ", 5)])
async def test_the_password_is_the_comm_key(api: Api, password: object, key: int) -> None:
    await api.new_device(password=password)
    assert getattr(api.agent.asked[-1][1], "comm_key", None) == key


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({}, {"name", "ip"}),
        ({"name": " ", "ip": "10.9.9.1"}, {"name"}),
        ({"name": "d", "ip": "999.1.1.1"}, {"ip"}),
        ({"name": "d", "ip": "10.9.9.1", "port": 0}, {"port"}),
        ({"name": "d", "ip": "10.9.9.1", "port": 65_536}, {"port"}),
        ({"name": "d", "ip": "10.9.9.1", "password": "secret!"}, {"password"}),
        ({"name": "d", "ip": "10.9.9.1", "password": "-1"}, {"password"}),
        ({"name": "d", "ip": "10.9.9.1", "password": True}, {"password"}),
        ({"name": "d", "ip": "10.9.9.1", "password": str(2**32)}, {"password"}),
        ({"name": "d", "ip": "10.9.9.1", "dialect": "fax"}, {"dialect"}),
        ({"name": "d", "ip": "10.9.9.1", "site": "Not A Site"}, {"site"}),
        ({"name": "d", "ip": "10.9.9.1", "zone": "Moon/Base"}, {"zone"}),
        ({"name": "d\0", "ip": "10.9.9.1"}, {"name"}),
    ],
)
async def test_bad_devices_name_their_fields(
    api: Api, body: dict[str, object], named: set[str]
) -> None:
    answer = await api.http.post("/api/v1/devices", json=body, headers=api.admin)
    assert fields_of(answer) == named
    assert "secret!" not in answer.text


async def test_an_unreachable_device_is_not_stored(api: Api) -> None:
    api.agent.problem = MusterError(Code.DEVICE_UNREACHABLE)
    try:
        body = {"name": "Door", "ip": "10.8.8.8"}
        answer = await api.http.post("/api/v1/devices", json=body, headers=api.admin)
        error_of(answer, 400, "DEVICE_UNREACHABLE")
    finally:
        api.agent.problem = None
    await api.new_device(ip="10.8.8.8")


async def test_another_serial_than_registered_is_a_warning(api: Api) -> None:
    api.agent.serials["10.8.8.20"] = "REAL-20"
    made = await api.new_device(ip="10.8.8.20", serial_number="LABEL-20")
    assert (made["serial_number"], made["device_serial"]) == ("LABEL-20", "REAL-20")
    assert "REAL-20" in made["warning"]
    assert "LABEL-20" in made["warning"]
    assert "warning" not in await api.new_device(serial_number="LABEL-21")


async def test_without_an_agent_it_says_so(api: Api) -> None:
    body = {"name": "Door", "ip": "10.8.8.9", "site": "annex"}
    answer = await api.http.post("/api/v1/devices", json=body, headers=api.admin)
    error_of(answer, 503, "NO_AGENT")


async def test_users_read_devices_and_make_none(api: Api) -> None:
    body = {"name": "Door", "ip": "10.8.8.10"}
    answer = await api.http.post("/api/v1/devices", json=body, headers=api.user)
    error_of(answer, 403, "FORBIDDEN")
    assert (await api.http.get("/api/v1/devices", headers=api.user)).status_code == 200


async def test_lists_are_paged(api: Api) -> None:
    made = [await api.new_device() for _ in range(3)]
    answer = await api.http.get("/api/v1/devices?limit=2&page=1", headers=api.admin)
    body = answer.json()
    assert len(body["data"]) == 2
    metadata = body["metadata"]
    assert (metadata["page"], metadata["limit"]) == (1, 2)
    assert metadata["total"] >= 3
    assert metadata["total_pages"] == -(-metadata["total"] // 2)
    pages = range(1, metadata["total_pages"] + 1)
    ids = {
        each["id"]
        for page in pages
        for each in (
            await api.http.get(f"/api/v1/devices?limit=2&page={page}", headers=api.admin)
        ).json()["data"]
    }
    assert len(ids) == metadata["total"]
    assert {each["id"] for each in made} <= ids


async def test_another_owners_things_are_not_there(api: Api) -> None:
    device = (await api.new_device())["id"]
    job = await api.http.post(f"/api/v1/attendance/sync/{device}", headers=api.admin)
    job_id = job.json()["data"]["job_id"]
    for method, path in [
        ("GET", f"/devices/{device}"),
        ("POST", f"/attendance/sync/{device}"),
        ("POST", f"/devices/{device}/door/unlock"),
        ("GET", f"/queue/jobs/{job_id}"),
        ("GET", f"/attendance/device/{device}"),
        ("GET", f"/devices/{device}/attendance"),
        ("GET", "/attendance/device/2147483000"),
    ]:
        answer = await api.http.request(method, f"/api/v1{path}", headers=api.other)
        error_of(answer, 404, "NOT_FOUND")
    answer = await api.http.get("/api/v1/devices", headers=api.other)
    assert answer.json()["data"] == []
    answer = await api.http.get(f"/api/v1/attendance?device_id={device}", headers=api.other)
    assert answer.json()["data"] == []


async def test_a_sync_is_queued_once_and_followed_to_its_end(api: Api) -> None:
    device = (await api.new_device())["id"]
    answer = await api.http.post(f"/api/v1/attendance/sync/{device}", headers=api.user)
    assert answer.status_code == 202
    assert answer.json()["message"] == "Sync job queued successfully"
    data = answer.json()["data"]
    assert set(data) == {"job_id", "device_id", "status", "queued_at", "poll"}
    assert (data["device_id"], data["status"]) == (device, "queued")
    assert SECONDS.fullmatch(data["queued_at"])
    stamp = re.sub(r"\D", "", data["queued_at"])
    assert data["job_id"] == f"sync-device-{device}-{stamp}"
    for path, body in [
        (f"/devices/{device}/attendance/sync", None),
        ("/attendance/sync", {"device_id": device}),
    ]:
        again = await api.http.post(f"/api/v1{path}", headers=api.user, json=body)
        assert (again.status_code, again.json()["data"]["job_id"]) == (202, data["job_id"])
    path = data["poll"]
    assert path == f"/api/v1/queue/jobs/{data['job_id']}"
    waiting = (await api.http.get(path, headers=api.user)).json()["data"]
    assert (waiting["status"], waiting["outcome"]) == ("queued", None)
    assert set(waiting["progress"].values()) == {0}
    await _ends(api, device)

    async def ended() -> bool:
        job = (await api.http.get(path, headers=api.user)).json()["data"]
        return bool(job["outcome"] == "completed" and job["finished_at"])

    await eventually(ended)
    job = (await api.http.get(path, headers=api.user)).json()["data"]
    counted = {name: job["progress"][name] for name in ("read", "receipted", "recorded")}
    assert counted == {"read": 9, "receipted": 9, "recorded": 4}
    assert job["progress"]["percent"] == 100
    await _stats_add_up(api)


async def _ends(api: Api, device: int) -> None:
    """Say, as the agent, that the device's log was read."""
    message = await api.broker.js.get_last_msg("OPERATION_hq", f"cmd.hq.{device}.read_log")
    operation = json.loads(message.data or b"")["operation_id"]
    await api.agent.says(
        Outcome(
            operation_id=operation,
            owner=OWNER,
            site="hq",
            device_id=device,
            status="success",
            at=SystemClock().now(),
            progress=Progress(read=9, receipted=9, recorded=4),
        )
    )


async def _stats_add_up(api: Api) -> None:
    answer = await api.http.get("/api/v1/queue/stats", headers=api.user)
    body = answer.json()
    assert set(body) == {"status", "data"}
    data = body["data"]
    assert {"attendance-sync", "user-sync"} <= set(data["queues"])
    for state in ("active", "waiting", "completed", "failed"):
        assert data[state] == sum(queue[state] for queue in data["queues"].values())
    states = ("active", "waiting", "completed", "failed")
    assert data["total_jobs"] == sum(data[state] for state in states)
    assert data["completed"] >= 1
    assert SECONDS.fullmatch(data["last_updated"])


async def test_an_unknown_job_is_not_found(api: Api) -> None:
    answer = await api.http.get("/api/v1/queue/jobs/sync-device-1-20000101000000", headers=api.user)
    error_of(answer, 404, "NOT_FOUND")
