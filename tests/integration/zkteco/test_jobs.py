"""Jobs that are still open when nobody waits any more: followed, canceled, tried again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio

from services.devices.simulators.enrolment import Laying
from services.devices.simulators.faults import Fault
from services.devices.simulators.quirks import Enrols
from services.gateway.handlers import operations
from tests.component.gateway.conftest import error_of
from tests.conftest import Platform
from tests.e2e.demo import until
from tests.integration.zkteco.asking import asked, route_of
from tests.integration.zkteco.house import House, Json, house, spec
from tests.integration.zkteco.rows import ROWS, Row

WAITING = {
    f"SLOW{number}": row for number, row in enumerate(ROWS) if len(route_of(row).answers) > 1
}
"""What is asked of each silent terminal."""
GONE = (404, "NOT_FOUND")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def home(
    platform: Platform, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[House]:
    serials = ("BUSY", *WAITING)
    specs = [spec(serial, n, enrols=Enrols.NOBODY) for n, serial in enumerate(serials, 1)]
    async with house(platform, tmp_path_factory.mktemp("jobs"), specs) as running:
        await asyncio.gather(*(running.register(serial) for serial in serials))
        yield running


async def enrolling(home: House) -> Json:
    """Begin an enrolment at which nobody lays a finger, so that the terminal stays busy."""
    path = f"/devices/{home.ids['BUSY']}/users/1002/enroll"
    job: Json = await home.data("POST", path, {"finger": 3})

    async def begun() -> bool:
        return home.device("BUSY").enrolment is not None

    await until(begun, "the enrolment")
    return job


async def test_who_waits_for_a_busy_device_gets_a_job_and_may_cancel_it(home: House) -> None:
    enrolment = await enrolling(home)
    answer = await home.ask("POST", f"/users/sync/{home.ids['BUSY']}")
    assert answer.status_code == 202, "the wait is over before the enrolment is"
    assert answer.elapsed.total_seconds() > operations.WAIT - 1
    job_id = answer.json()["data"]["job_id"]
    error_of(await home.ask("POST", f"/queue/jobs/{job_id}/cancel", who=home.other), *GONE)
    canceled = await home.data("POST", f"/queue/jobs/{job_id}/cancel")
    assert (canceled["outcome"], canceled["error"]["code"]) == ("failed", "OPERATION_CANCELED")
    running = await home.ask("POST", f"/queue/jobs/{enrolment['job_id']}/cancel")
    error_of(running, 409, "CONFLICT")
    home.device("BUSY").lay([Laying.GOOD] * 3)
    assert (await home.ended(enrolment["job_id"]))["status"] == "completed"
    error_of(await home.ask("POST", f"/queue/jobs/{job_id}/retry", who=home.other), *GONE)
    again = await home.ask("POST", f"/queue/jobs/{job_id}/retry")
    assert (again.status_code, again.json()["data"]["job_id"]) == (202, job_id)
    assert (await home.ended(job_id))["status"] == "completed"
    done = await home.ask("POST", f"/queue/jobs/{job_id}/retry")
    error_of(done, 409, "CONFLICT")


async def test_a_job_may_be_changed_by_whoever_may_do_what_it_does(home: House) -> None:
    job = await home.data("POST", f"/devices/{home.ids['BUSY']}/restart")
    for verb in ("cancel", "retry"):
        answer = await home.ask("POST", f"/queue/jobs/{job['job_id']}/{verb}", who=home.user)
        error_of(answer, 403, "FORBIDDEN")


async def test_what_is_not_done_in_time_is_a_job(
    home: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def ask(serial: str, row: Row) -> tuple[Row, httpx.Response]:
        if row.on == "KEPT":
            await home.data("POST", f"/devices/{home.ids[serial]}/users/1001/templates")
        await home.fault(serial, Fault.HANG)
        monkeypatch.setattr(operations, "WAIT", 0.3)
        query = "?live=true" if row.path == "/devices/{id}/users" else ""
        return row, await asked(home, row._replace(path=f"{row.path}{query}"), serial)

    for row, answer in await asyncio.gather(*(ask(*each) for each in WAITING.items())):
        assert answer.status_code == 202, (row.name, answer.text)
        data = answer.json()["data"]
        assert set(data) == {"job_id", "device_id", "status", "queued_at", "poll"}
        job = await home.data("GET", f"/queue/jobs/{data['job_id']}")
        assert job["job_id"] == data["job_id"], row.name


async def test_stats_of_every_queue_add_up(home: House) -> None:
    body = (await home.ask("GET", "/queue/stats", who=home.user)).json()
    assert set(body) == {"status", "data"}
    data = body["data"]
    assert {"attendance-sync", "user-sync", "enrolment", "device-control"} <= set(data["queues"])
    states = ("active", "waiting", "completed", "failed")
    for state in states:
        assert data[state] == sum(queue[state] for queue in data["queues"].values())
    assert data["total_jobs"] == sum(data[state] for state in states) > len(WAITING)
    other = (await home.ask("GET", "/queue/stats", who=home.other)).json()["data"]
    assert other["total_jobs"] == 0
