"""What devices say of themselves, what is done to them, and the jobs that this makes."""

from __future__ import annotations

from typing import Any

import pytest

from services.gateway.handlers import operations
from shared.contracts.actions import ClearLog, WriteOption
from shared.contracts.devices import ChangeDevice
from shared.contracts.errors import Code
from shared.contracts.operations import CancelJob, Operate, RetryJob
from shared.kit.errors import MusterError
from tests.component.gateway import samples
from tests.component.gateway.conftest import Api, Json, error_of

DEVICE = "/api/v1/devices/1"


@pytest.fixture(autouse=True)
def _well(scripted: Api) -> None:
    scripted.registry.failed = scripted.registry.problem = None
    scripted.registry.asked.clear()


# ── said ─────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", ["info", "status"])
async def test_info_is_the_device_and_what_it_says(scripted: Api, name: str) -> None:
    answer = await scripted.http.get(f"{DEVICE}/{name}", headers=scripted.user)
    data = answer.json()["data"]
    assert (data["id"], data["serial_number"], data["firmware"]) == (1, "SN-1", "Ver 6.60")
    assert (data["counts"]["users"], data["counts"]["records"]) == (2, 9)
    assert data["capacity"]["users"] == 10_000
    assert (data["device_time"], data["drift_ms"]) == ("2024-02-05T21:29:58", -2000)
    # It just answered, whatever the registry last heard of it.
    assert (data["is_connected"], data["problem"]) == (True, None)


async def test_the_clock_before_and_after(scripted: Api) -> None:
    answer = await scripted.http.post(f"{DEVICE}/sync-time", headers=scripted.admin)
    data = answer.json()["data"]
    assert set(data) == {"device_id", "before", "after", "drift_ms", "at"}
    assert (data["before"], data["after"]) == ("2024-02-05T21:29:58", "2024-02-05T21:30:00")
    assert len(data["at"]) == len("2024-02-05T14:30:00Z")


async def test_a_connection_that_works(scripted: Api) -> None:
    answer = await scripted.http.get(f"{DEVICE}/test-connection", headers=scripted.user)
    assert answer.json()["data"] == {
        "device_id": 1,
        "is_connected": True,
        "device_time": "2024-02-05T21:29:58",
        "drift_ms": -2000,
    }


async def test_options_are_read_and_changed(scripted: Api) -> None:
    path = f"{DEVICE}/options/VOLUME"
    read = await scripted.http.get(path, headers=scripted.admin)
    assert read.json()["data"] == {"device_id": 1, "name": "VOLUME", "value": "67"}
    changed = await scripted.http.put(path, json={"value": "80"}, headers=scripted.admin)
    assert changed.json()["data"]["value"] == "80"
    (asked,) = (each.action for each in operates(scripted) if each.action.kind == "write_option")
    assert asked == WriteOption(name="VOLUME", value="80")


@pytest.mark.parametrize("name", ["1ST", "A-B", "x" * 65, "%00"])
async def test_an_option_has_a_plain_name(scripted: Api, name: str) -> None:
    answer = await scripted.http.get(f"{DEVICE}/options/{name}", headers=scripted.admin)
    assert [each["field"] for each in error_of(answer, 400, "VALIDATION_ERROR")["fields"]] == [
        "name"
    ]


async def test_alarms_are_listed(scripted: Api) -> None:
    answer = await scripted.http.get(f"{DEVICE}/alarms", headers=scripted.user)
    (alarm,) = answer.json()["data"]
    assert (alarm["code"], alarm["size"]) == ("UNKNOWN_FORM", 40)


# ── done ─────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("verb", ["restart", "reboot", "power-off"])
async def test_what_is_done_to_a_device_is_a_job_that_ended(scripted: Api, verb: str) -> None:
    answer = await scripted.http.post(f"{DEVICE}/{verb}", headers=scripted.admin)
    data = answer.json()["data"]
    assert (data["status"], data["outcome"], data["result"]) == (
        "completed",
        "completed",
        {"kind": "done"},
    )


@pytest.mark.parametrize("path", ["/attendance/device/1", "/attendance/clear/1"])
async def test_a_log_is_cleared(scripted: Api, path: str) -> None:
    answer = await scripted.http.delete(f"/api/v1{path}", headers=scripted.admin)
    assert answer.status_code == 200
    data = answer.json()["data"]
    assert (data["records"], data["noted"]) == (9, True)
    assert [each.action for each in operates(scripted)] == [ClearLog()]


async def test_a_log_with_records_that_nobody_has_is_kept(scripted: Api) -> None:
    scripted.registry.failed = MusterError(Code.UNRECEIPTED_RECORDS, "3 of 9 records")
    answer = await scripted.http.delete("/api/v1/attendance/device/1", headers=scripted.admin)
    assert error_of(answer, 409, "UNRECEIPTED_RECORDS")["details"] == "3 of 9 records"


async def test_a_result_of_another_kind_is_a_defect(scripted: Api) -> None:
    good, samples.RESULTS["read_info"] = samples.RESULTS["read_info"], samples.RESULTS["set_time"]
    try:
        answer = await scripted.http.get(f"{DEVICE}/info", headers=scripted.admin)
    finally:
        samples.RESULTS["read_info"] = good
    error_of(answer, 500, "INTERNAL_ERROR")


async def test_the_registrys_last_word_is_waited_for(
    scripted: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(operations, "WAIT", 0.2)
    monkeypatch.setattr(scripted.registry, "late", 1.0)
    monkeypatch.setattr(scripted.registry, "open_jobs", True)
    answer = await scripted.http.get(f"{DEVICE}/info", headers=scripted.user)
    assert answer.status_code == 202, answer.text


# ── changed ──────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("method", "body", "wanted"),
    [
        (
            "PUT",
            {"name": "Door", "ip": "10.0.0.2"},
            {
                "name": "Door",
                "ip": "10.0.0.2",
                "port": 4370,
                "location": "",
                "serial_number": "",
                "driver": "native",
                "transport": "tcp",
                "encoding": "utf-8",
                "unlock_factor": 10,
                "log_layout": "auto",
            },
        ),
        ("PATCH", {"password": "0042"}, {"comm_key": 42}),
        ("PATCH", {"password": ""}, {"comm_key": 0}),
        ("PATCH", {"password": 7, "name": None}, {"comm_key": 7}),
        (
            "PATCH",
            {"driver": "pyzk", "transport": "udp", "encoding": "windows-1256"},
            {"driver": "pyzk", "transport": "udp", "encoding": "cp1256"},
        ),
        ("PATCH", {"port": 4371.0}, {"port": 4371}),
        ("PATCH", {}, {}),
    ],
)
async def test_whole_and_partial_changes(
    scripted: Api, method: str, body: Json, wanted: Json
) -> None:
    answer = await scripted.http.request(method, DEVICE, json=body, headers=scripted.admin)
    assert answer.status_code == 200, answer.text
    (change,) = (each for each in scripted.registry.asked if isinstance(each, ChangeDevice))
    # A password is never shown: who writes back what they read must not lose it.
    assert change.model_dump(exclude_none=True) == {"device_id": 1, **wanted}
    assert "password" not in answer.text
    assert "comm_key" not in answer.text


async def test_a_change_of_an_unreachable_device_is_refused(scripted: Api) -> None:
    scripted.registry.problem = MusterError(Code.DEVICE_UNREACHABLE, status=400)
    answer = await scripted.http.patch(DEVICE, json={"ip": "10.0.0.3"}, headers=scripted.admin)
    error_of(answer, 400, "DEVICE_UNREACHABLE")


async def test_a_removed_device_is_shown_once_more(scripted: Api) -> None:
    answer = await scripted.http.delete(DEVICE, headers=scripted.admin)
    assert (answer.status_code, answer.json()["data"]["id"]) == (200, 1)


# ── jobs ─────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("verb", "status", "question"), [("cancel", 200, CancelJob), ("retry", 202, RetryJob)]
)
async def test_jobs_are_canceled_and_tried_again(
    scripted: Api, verb: str, status: int, question: type[Any]
) -> None:
    path = f"/api/v1/queue/jobs/a-job/{verb}"
    answer = await scripted.http.post(path, headers=scripted.admin)
    assert (answer.status_code, answer.json()["data"]["job_id"]) == (status, "a-job")
    assert [type(each) for each in scripted.registry.asked] == [question]
    error_of(await scripted.http.post(path, headers=scripted.other), 404, "NOT_FOUND")
    for code in (Code.CONFLICT, Code.FORBIDDEN):
        scripted.registry.problem = MusterError(code)
        answer = await scripted.http.post(path, headers=scripted.user)
        error_of(answer, answer.status_code, code)


async def test_stats_of_every_queue_add_up(scripted: Api) -> None:
    body = (await scripted.http.get("/api/v1/queue/stats", headers=scripted.user)).json()
    assert set(body) == {"status", "data"}
    data = body["data"]
    assert list(data["queues"]) == ["attendance-sync", "user-sync", "enrolment"]
    states = ("active", "waiting", "completed", "failed")
    assert [data[state] for state in states] == [2, 4, 6, 8]
    assert data["total_jobs"] == 20


def operates(api: Api) -> list[Operate]:
    """What was asked of devices."""
    return [each for each in api.registry.asked if isinstance(each, Operate)]
