"""Reading attendance over HTTP: filters, pages, owners, and a cache that hides no punch."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import nats.errors
import pytest
import pytest_asyncio
from typing_extensions import override

from services.gateway.handlers.cache import Cache
from shared.contracts import streams, subjects
from shared.contracts.attendance import ListPunches
from shared.contracts.readings import PunchBatch
from shared.kit.buckets import Bucket
from shared.kit.clock import SystemClock, new_id
from tests.component.attendance.conftest import a_batch, a_record
from tests.component.auth.conftest import eventually
from tests.component.gateway.conftest import Api, error_of, fields_of
from tests.conftest import OWNER

PATH = "/api/v1/attendance"


async def punched(api: Api, device: int, *seconds: int, **changes: Any) -> None:
    """Punch on a device, as its agent says it, and wait until attendance has it."""
    before = await total(api, device)
    records = [a_record(each) for each in seconds]
    await said(api, device, a_batch(records, device_id=device, **changes))
    await eventually(lambda: _has(api, device, before + len(seconds)))


async def said(api: Api, device: int, batch: PunchBatch) -> None:
    """Say a batch as the device's agent does."""
    where, body = subjects.punch_read("hq", device), batch.model_dump_json().encode()
    await api.agent.bus.publish(streams.PUNCH, where, body, message_id=str(new_id()))


async def _has(api: Api, device: int, number: int) -> bool:
    return await total(api, device) == number


async def total(api: Api, device: int) -> int:
    answer = await api.http.get(f"{PATH}?device_id={device}", headers=api.admin)
    assert answer.status_code == 200, answer.text
    found: int = answer.json()["metadata"]["total"]
    return found


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def device(api: Api) -> AsyncIterator[int]:
    """A device with 30 punches, from 08:00:00 to 08:00:29 of its own zone."""
    made: int = (await api.new_device())["id"]
    await punched(api, made, *range(30), serial="SN-A")
    yield made


async def test_a_punch_is_shown_whole(api: Api, device: int) -> None:
    answer = await api.http.get(f"{PATH}?device_id={device}&limit=1", headers=api.user)
    body = answer.json()
    assert body["metadata"] == {"page": 1, "limit": 1, "total": 30, "total_pages": 30}
    (punch,) = body["data"]
    assert punch["device_id"] == device
    assert punch["serial_number"] == "SN-A"
    assert punch["device_time"] == "2026-03-01T08:00:29"
    assert punch["punched_at"] == "2026-03-01T01:00:29Z"
    assert punch["received_at"].endswith("Z")
    assert len(punch["received_at"]) == len(punch["punched_at"])
    assert {"id", "user_id", "name", "verify_method", "in_out_state", "work_code", "flags"} <= set(
        punch
    )


@pytest.mark.parametrize(
    "path", ["/attendances", "/attendance/device/{device}", "/devices/{device}/attendance"]
)
async def test_aliases_show_the_same(api: Api, device: int, path: str) -> None:
    answer = await api.http.get(f"/api/v1{path.format(device=device)}", headers=api.user)
    assert answer.status_code == 200
    assert all(each["device_id"] == device for each in answer.json()["data"])


@pytest.mark.parametrize("path", ["/attendance/user/3", "/users/3/attendance"])
async def test_the_punches_of_one_person(api: Api, device: int, path: str) -> None:
    answer = await api.http.get(f"/api/v1{path}", headers=api.user)
    data = answer.json()["data"]
    assert data
    assert {each["user_id"] for each in data} == {"3"}


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("start_date=2026-03-01&end_date=2026-03-01", 30),
        ("start_date=2026-03-02", 0),
        ("end_date=2026-02-28", 0),
        ("start_date=2026-03-01T01:00:10Z", 20),
        ("end_date=2026-03-01T01:00:10Z", 11),
        ("start_date=2026-03-01T08:00:10%2B07:00&end_date=2026-03-01T01:00:10", 1),
        ("start_date=&end_date=", 30),
    ],
)
async def test_both_ends_of_a_period_belong_to_it(
    api: Api, device: int, query: str, count: int
) -> None:
    answer = await api.http.get(f"{PATH}?device_id={device}&{query}", headers=api.user)
    assert answer.json()["metadata"]["total"] == count


async def test_pages_hold_each_punch_once(api: Api, device: int) -> None:
    pages = [
        (await api.http.get(f"{PATH}?device_id={device}&limit=7&page={n}", headers=api.user)).json()
        for n in range(1, 7)
    ]
    times = [each["device_time"] for page in pages for each in page["data"]]
    assert [len(page["data"]) for page in pages] == [7, 7, 7, 7, 2, 0]
    assert times == sorted(times, reverse=True)
    assert len(set(times)) == 30


async def test_an_answer_is_cached_until_a_punch_comes(api: Api, device: int) -> None:
    path = f"{PATH}?device_id={device}&limit=3"
    answers = [await api.http.get(path, headers=api.user) for _ in range(2)]
    assert answers[1].headers["x-cache"] == "hit"
    assert answers[0].json() == answers[1].json()
    # Another spelling of the same question is the same question.
    same = await api.http.get(f"{PATH}?limit=3&page=1&device_id=0{device}", headers=api.admin)
    assert same.headers["x-cache"] == "hit"
    other = await api.http.get(path, headers=api.other)
    assert (other.headers["x-cache"], other.json()["data"]) == ("miss", [])
    await punched(api, device, 100)
    fresh = await api.http.get(path, headers=api.user)
    assert fresh.headers["x-cache"] == "miss"
    assert fresh.json()["data"][0]["device_time"] == "2026-03-01T08:01:40"


@pytest.mark.parametrize(
    ("method", "path"), [("DELETE", "/cache"), ("DELETE", "/cache/clear"), ("POST", "/cache/clear")]
)
async def test_a_cleared_cache_serves_nothing(
    api: Api, device: int, method: str, path: str
) -> None:
    question = f"{PATH}?device_id={device}&limit=4"
    answers = [await api.http.get(question, headers=api.user) for _ in range(2)]
    assert answers[1].headers["x-cache"] == "hit"
    error_of(await api.http.request(method, f"/api/v1{path}", headers=api.user), 403, "FORBIDDEN")
    await api.http.request(method, f"/api/v1{path}", headers=api.other)
    assert (await api.http.get(question, headers=api.user)).headers["x-cache"] == "hit"
    answer = await api.http.request(method, f"/api/v1{path}", headers=api.admin)
    assert answer.status_code == 200
    assert (await api.http.get(question, headers=api.user)).headers["x-cache"] == "miss"


async def test_today_is_a_day_of_the_zone(api: Api, device: int) -> None:
    now = SystemClock().now().astimezone(ZoneInfo("Asia/Jakarta"))
    wall = now.replace(hour=0, minute=0, second=5, tzinfo=None).isoformat(timespec="seconds")
    record = a_record(0).model_copy(update={"device_time": wall})
    batch = a_batch([record], device_id=device, serial="SN-A", read_at=SystemClock().now())
    before = await total(api, device)
    await said(api, device, batch)
    await eventually(lambda: _has(api, device, before + 1))
    path = f"{PATH}/today?device_id={device}"
    local = await api.http.get(f"{path}&zone=Asia/Jakarta", headers=api.user)
    assert [each["device_time"] for each in local.json()["data"]] == [wall]
    # Half past midnight in Kiritimati is another day than just after midnight in Jakarta.
    for zone in ("UTC", "Pacific/Kiritimati"):
        there = SystemClock().now().astimezone(ZoneInfo(zone)).date()
        punched_at = datetime.fromisoformat(wall).replace(tzinfo=ZoneInfo("Asia/Jakarta"))
        expected = punched_at.astimezone(ZoneInfo(zone)).date() == there
        answer = await api.http.get(f"{path}&zone={zone}", headers=api.user)
        assert (answer.json()["metadata"]["total"] == 1) is expected


async def test_a_summary_says_who_came_first_and_last(api: Api, device: int) -> None:
    path = f"{PATH}/summary?device_id={device}&start_date=2026-03-01&end_date=2026-03-01"
    body = (await api.http.get(f"{path}&limit=2", headers=api.user)).json()
    assert body["metadata"]["total"] == 7
    assert [each["user_id"] for each in body["data"]] == ["1", "2"]
    first = body["data"][0]
    assert (first["day"], first["first"]) == ("2026-03-01", "2026-03-01T01:00:00Z")
    by_day = (await api.http.get(f"{path}&by=day", headers=api.user)).json()["data"]
    assert [(each["user_id"], each["count"] >= 30) for each in by_day] == [(None, True)]
    again = await api.http.get(f"{path}&by=day", headers=api.user)
    assert again.headers["x-cache"] == "hit"
    other = await api.http.get(path, headers=api.other)
    assert other.json()["data"] == []


async def test_a_summary_begins_at_its_start_and_goes_as_far_as_it_may(
    api: Api, device: int
) -> None:
    path = f"{PATH}/summary?device_id={device}&by=day&start_date=2025-12-01"
    days = [each["day"] for each in (await api.http.get(path, headers=api.user)).json()["data"]]
    assert "2026-03-01" in days


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("summary?start_date=2024-01-01&end_date=2026-01-01", "end_date"),
        ("summary?start_date=20240101", "start_date"),
        ("summary?end_date=2024-02-30", "end_date"),
        ("summary?by=year", "by"),
        ("summary?zone=Moon", "zone"),
        ("today?zone=../etc/passwd", "zone"),
        ("today?limit=1001", "limit"),
    ],
)
async def test_bad_days_name_their_fields(api: Api, query: str, field: str) -> None:
    answer = await api.http.get(f"{PATH}/{query}", headers=api.user)
    assert fields_of(answer) == {field}


class _Broken(Bucket):
    """A bucket that is away."""

    @override
    async def get(self, key: str) -> bytes | None:
        raise nats.errors.TimeoutError

    @override
    async def put(self, key: str, value: bytes, *, life: int = 0) -> None:
        raise nats.errors.TimeoutError


@pytest.mark.parametrize("away", ["kept", "punches"])
async def test_without_a_cache_the_answer_comes_all_the_same(
    api: Api, device: int, away: str
) -> None:
    bus = api.gateway.bus
    buckets = {
        "kept": Bucket(bus, streams.CACHE),
        "punches": Bucket(bus, streams.VERSION),
        "people": Bucket(bus, streams.PEOPLE_VERSION),
    }
    cache = Cache(bus, **{**buckets, away: _Broken(bus, streams.CACHE)})
    token = api.admin["Authorization"].removeprefix("Bearer ")
    page, hit = await cache.punches(ListPunches(device_id=device), OWNER, token)
    assert (page.total >= 30, hit) == (True, False)
