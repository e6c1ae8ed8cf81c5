"""Punches by phone as /api lists them, and tries again to forward them."""

from __future__ import annotations

from datetime import UTC, datetime

import httpx
import pytest

from shared.contracts import catalog
from shared.contracts.attendance import (
    ListAppLog,
    ListOwnLog,
    LogPage,
)
from shared.contracts.deliveries import Redeliver, Redelivered, Redelivery
from shared.contracts.identity import object_id
from tests.component.gateway.conftest import Api, Json, refusal_of
from tests.component.gateway.scripted import SERIAL, Scripted, a_punch


@pytest.fixture(autouse=True)
def quiet(parts: Scripted) -> None:
    parts.clear()


# ── listed ───────────────────────────────────────────────────────────────────


async def test_own_punches_are_as_the_document_shows(alone: Api, parts: Scripted) -> None:
    elsewhere = a_punch(
        serial_number=SERIAL, source="live", is_send=False, forwarded_at=None, punched_at=None
    )
    parts.when(catalog.LIST_OWN_LOG, LogPage(items=(a_punch(), elsewhere), total=21))
    query = "from=2025-02-01T00:00:00.000Z&to=2025-02-05T23:59:59.000Z&page=1&limit=20"
    path = f"/api/fingerprints/employee?{query}"
    body = (await alone.http.get(path, headers=alone.employee)).json()
    assert set(body) == {"logs", "totalCount", "currentPage", "limit", "totalPages"}
    assert [body[each] for each in ("totalCount", "currentPage", "limit", "totalPages")] == [
        21,
        1,
        20,
        2,
    ]
    mine, other = body["logs"]
    assert {"_id", "enrollid", "event", "time", "is_send", "send_failed"} <= set(mine)
    assert not {"forwardResponse", "location", "macs"} & set(mine)
    assert (mine["device_type"], other["device_type"]) == ("mobile_app", "device")
    assert (other["time"], other["device_time"]) == (None, "2026-03-01T08:00:00")
    (asked,) = parts.of(ListOwnLog)
    assert asked.start == datetime(2025, 2, 1, tzinfo=UTC)
    assert asked.end == datetime(2025, 2, 5, 23, 59, 59, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("query", "asked"),
    [
        ("", {}),
        ("?event=1&device_sn=App&is_send=true", {"event": 1, "serial": "App", "is_send": True}),
        ("?event=&device_sn=&is_send=", {}),
        ("?is_send=false&limit=200", {"is_send": False, "limit": 200}),
    ],
)
async def test_own_filters(alone: Api, parts: Scripted, query: str, asked: Json) -> None:
    parts.when(catalog.LIST_OWN_LOG, LogPage(items=(), total=0))
    await alone.http.get(f"/api/fingerprints/employee{query}", headers=alone.employee)
    assert parts.of(ListOwnLog) == [ListOwnLog(**asked)]


async def test_the_leave_to_see_them_is_asked_for_each_time(alone: Api, parts: Scripted) -> None:
    parts.when(catalog.LIST_OWN_LOG, LogPage(items=(), total=0))
    (employee,) = (await alone.http.get("/api/employees", headers=alone.admin)).json()["items"]

    async def may(allowed: bool) -> httpx.Response:
        body = {"app_permissions": {"can_view_fingerprint": allowed}}
        path = f"/api/employees/{employee['_id']}"
        answer = await alone.http.put(path, json=body, headers=alone.admin)
        assert answer.status_code == 200, answer.text
        return await alone.http.get("/api/fingerprints/employee", headers=alone.employee)

    refusal_of(await may(allowed=False), 403, "forbidden")
    assert parts.of(ListOwnLog) == []
    assert (await may(allowed=True)).status_code == 200


async def test_mobile_logs_are_as_the_document_shows(alone: Api, parts: Scripted) -> None:
    parts.when(catalog.LIST_APP_LOG, LogPage(items=(a_punch(has_image=True),), total=1))
    path = "/api/fingerprints/mobile-logs?page=1&limit=20&send_failed=true"
    body = (await alone.http.get(path, headers=alone.admin)).json()
    assert set(body) == {
        "success",
        "items",
        "totalCount",
        "currentPage",
        "limit",
        "totalPages",
    }
    (item,) = body["items"]
    assert (item["name"], item["forwardResponse"]["forwarded"]) == ("mustafa", True)
    assert item["image"].endswith("/image")
    assert parts.of(ListAppLog) == [ListAppLog(send_failed=True)]


# ── tried again ──────────────────────────────────────────────────────────────


async def test_retrying_is_as_the_document_shows(alone: Api, parts: Scripted) -> None:
    punches = [a_punch(is_send=False), a_punch(send_failed=True)]
    parts.when(catalog.LIST_APP_LOG, LogPage(items=tuple(punches), total=7))
    good, bad = (each.id for each in punches)
    error = "Remote server did not confirm receipt"
    made = (
        Redelivery(punch_id=good, ok=True, response={"success": True, "forwarded": True}),
        Redelivery(punch_id=bad, ok=False, error=error),
    )
    parts.when(catalog.REDELIVER, Redelivered(items=made))
    path = "/api/fingerprints/retry-failed"
    body = (await alone.http.post(path, json={}, headers=alone.admin)).json()
    assert body == {
        "success": True,
        "message": "Retry finished",
        "count": 2,
        "successCount": 1,
        "failedCount": 1,
        "remaining": 5,
        "results": [
            {
                "id": object_id(good),
                "ok": True,
                "response": {"success": True, "forwarded": True},
            },
            {"id": object_id(bad), "ok": False, "error": error},
        ],
    }
    assert parts.of(ListAppLog) == [ListAppLog(limit=100, undelivered=True)]
    assert [each.punch_ids for each in parts.of(Redeliver)] == [(good, bad)]


async def test_there_may_be_nothing_to_retry(alone: Api, parts: Scripted) -> None:
    parts.when(catalog.LIST_APP_LOG, LogPage(items=(), total=0))
    answer = await alone.http.post("/api/fingerprints/retry-failed", headers=alone.admin)
    body = answer.json()
    assert (body["success"], body["count"], body["results"]) == (True, 0, [])
    assert parts.of(Redeliver) == []
