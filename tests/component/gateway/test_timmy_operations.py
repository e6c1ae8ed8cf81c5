"""Operations as /api shows them: listed, counted, canceled, tried again."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from services.gateway.routes.timmy.views.operations import TYPES
from shared.contracts import catalog
from shared.contracts.actions import Count, Enrolment
from shared.contracts.errors import Code
from shared.contracts.identity import object_id
from shared.contracts.operations import (
    SPECS,
    CancelJob,
    GetOperation,
    ListOperations,
    OperationCount,
    OperationPage,
    OperationStats,
)
from shared.kit.errors import MusterError
from tests.component.gateway.conftest import Api, Json, refusal_of
from tests.component.gateway.scripted import NOW, SERIAL, Scripted, a_job, an_entry

CONFLICT = MusterError(Code.CONFLICT, "It was sent.")


@pytest.fixture(autouse=True)
def quiet(parts: Scripted) -> None:
    parts.clear()


async def listed(api: Api, parts: Scripted, query: str = "", **entry: Any) -> Json:
    values = {"kind": "push_user", "status": "success", **entry}
    parts.when(catalog.LIST_OPERATIONS, OperationPage(items=(an_entry(**values),), total=123))
    answer = await api.http.get(f"/api/operations{query}", headers=api.user)
    assert answer.status_code == 200, answer.text
    body: Json = answer.json()
    return body


async def test_the_list_is_as_the_document_shows(alone: Api, parts: Scripted) -> None:
    body = await listed(alone, parts, said={"ret": "setuserinfo", "result": True})
    assert set(body) == {"success", "total", "page", "items"}
    assert (body["success"], body["total"], body["page"]) == (True, 123, 1)
    (item,) = body["items"]
    assert len(item["_id"]) == 24
    assert int(item["_id"], 16)
    assert (item["sn"], item["type"], item["status"]) == (SERIAL, "setuserinfo", "success")
    assert item["response"] == {"ret": "setuserinfo", "result": True}
    assert (item["attemptCount"], item["lastError"]) == (1, None)
    assert item["createdAt"] == f"{NOW:%Y-%m-%dT%H:%M:%S}.250Z"
    assert not {"enrollment", "alreadyAbsent"} & set(item)


DAY = datetime(2025, 11, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("query", "asked"),
    [
        ("", {"page": 1, "limit": 20}),
        ("?page=&limit=", None),
        ("?page=2&limit=200", {"page": 2, "limit": 200}),
        (f"?sn={SERIAL}", {"serial": SERIAL}),
        ("?sn=&type=&status=&from=&to=", {"page": 1, "limit": 20}),
        ("?status=failed", {"status": "failed"}),
        ("?type=setuserinfo", {"kinds": ("put_user", "write_templates", "push_user")}),
        ("?type=adduserinfo", {"kinds": ("enroll",)}),
        ("?type=adduser", {"kinds": ("enroll",)}),
        ("?from=2025-11-01&to=2025-11-10", {"start": DAY, "end": DAY.replace(day=11)}),
        (
            "?from=2025-11-01T00:00:00.000Z&to=2025-11-10T00:00:00Z",
            {"start": DAY, "end": DAY.replace(day=10, microsecond=1)},
        ),
    ],
)
async def test_filters(alone: Api, parts: Scripted, query: str, asked: Json | None) -> None:
    if asked is None:
        answer = await alone.http.get(f"/api/operations{query}", headers=alone.user)
        refusal_of(answer, 400, "validation_error")
        return
    await listed(alone, parts, query)
    (question,) = parts.of(ListOperations)
    assert question == ListOperations(**asked)


async def test_of_an_unknown_type_there_are_none(alone: Api, parts: Scripted) -> None:
    body = await listed(alone, parts, "?type=getnewlog&page=3")
    assert body == {"success": True, "total": 0, "page": 3, "items": []}
    assert parts.of(ListOperations) == []


def test_every_kind_has_a_type() -> None:
    assert set(TYPES) == {*SPECS, "unlock"}


PUT = {
    "kind": "put_user",
    "user_id": "42",
    "create": True,
    "name": "John",
    "privilege": "admin",
    "password": "**********",
    "card": None,
}
ENROLL = {
    "kind": "enroll",
    "user_id": "42",
    "finger": 50,
    "name": "John",
    "alias": "J",
    "follow": False,
}
PUSH = {"kind": "push_user", "user_id": "A7", "overwrite": True, "person": None, "templates": []}


@pytest.mark.parametrize(
    ("action", "payload"),
    [
        ({"kind": "delete_user", "user_id": "42", "may_be_absent": True}, {"enrollid": 42}),
        ({"kind": "clear_log"}, {}),
        (PUT, {"enrollid": 42, "name": "John", "admin": 1, "password": "**********"}),
        (ENROLL, {"enrollid": 42, "backupnum": 50, "name": "John", "aliasid": "J"}),
        (PUSH, {"enrollid": "A7", "overwrite": True}),
        ({"seconds": 5}, {"seconds": 5}),
    ],
)
async def test_the_payload_is_what_was_asked_for(
    alone: Api, parts: Scripted, action: Json, payload: Json
) -> None:
    body = await listed(alone, parts, action=action)
    assert body["items"][0]["payload"] == payload


def said_no(code: Code) -> Json:
    return {"status": "failed", "problem": MusterError(code, "So it said.").problem}


@pytest.mark.parametrize(
    ("entry", "response", "error"),
    [
        ({"kind": "delete_user"}, {"ret": "deleteuser", "result": True}, None),
        ({"kind": "enroll"}, {"ret": "adduser", "result": True}, None),
        ({"status": "pending"}, None, None),
        ({"status": "sent"}, None, None),
        (said_no(Code.DEVICE_ERROR), {"ret": "setuserinfo", "result": False}, "device_error"),
        (said_no(Code.OUTCOME_UNKNOWN), None, "connection_lost_outcome_unknown"),
        (said_no(Code.NOT_SUPPORTED), None, "unsupported_by_firmware"),
        (
            {**said_no(Code.DEVICE_ERROR), "said": {"ret": "x", "result": False, "reason": 12}},
            {"ret": "x", "result": False, "reason": 12},
            "device_error",
        ),
    ],
)
async def test_how_it_ended(
    alone: Api, parts: Scripted, entry: Json, response: Json | None, error: str | None
) -> None:
    (item,) = (await listed(alone, parts, **entry))["items"]
    assert (item["response"], item["lastError"]) == (response, error)
    assert item["errorDetails"] == (error and "So it said.")


async def test_an_enrolment_and_an_absence_are_told(alone: Api, parts: Scripted) -> None:
    news = Enrolment(state="captured", samples=3, at=NOW)
    (item,) = (await listed(alone, parts, kind="enroll", enrolment=news))["items"]
    assert (item["type"], item["enrollment"]["state"]) == ("adduserinfo", "captured")
    assert item["enrollment"]["samples"] == 3
    said = {"ret": "deleteuser", "result": False, "reason": 1}
    body = await listed(alone, parts, kind="delete_user", said=said, result=Count(count=0))
    (item,) = body["items"]
    assert (item["status"], item["alreadyAbsent"], item["response"]) == ("success", True, said)


async def test_stats_are_as_the_document_shows(alone: Api, parts: Scripted) -> None:
    counts = (
        OperationCount(kind="push_user", status="success", count=60),
        OperationCount(kind="put_user", status="success", count=20),
        OperationCount(kind="delete_user", status="failed", count=20),
        OperationCount(kind="put_user", status="failed", count=23),
    )
    parts.when(catalog.OPERATION_STATS, OperationStats(counts=counts))
    answer = await alone.http.get("/api/stats", headers=alone.user)
    assert answer.json() == {
        "success": True,
        "total": 123,
        "byStatus": [{"_id": "success", "count": 80}, {"_id": "failed", "count": 43}],
        "byType": [{"_id": "setuserinfo", "count": 103}, {"_id": "deleteuser", "count": 20}],
    }


# ── changed ──────────────────────────────────────────────────────────────────


async def change(api: Api, parts: Scripted, what: str, status: Any, asked: Any) -> tuple[Any, str]:
    """Cancel or retry an operation that the ledger has in a status."""
    entry = an_entry("push_user", status, attempts=2)
    op_id = object_id(entry.operation_id)
    parts.when(catalog.GET_OPERATION, entry)
    parts.when(catalog.CANCEL_JOB, asked)
    parts.when(catalog.RETRY_JOB, asked)
    path = f"/api/operations/{op_id.upper()}/{what}"
    return await api.http.post(path, headers=api.admin), op_id


async def test_canceling(alone: Api, parts: Scripted) -> None:
    job = a_job("push_user", "canceled")
    answer, op_id = await change(alone, parts, "cancel", "canceled", job)
    body = answer.json()
    assert set(body) == {"success", "op"}
    assert (body["op"]["_id"], body["op"]["status"]) == (op_id, "canceled")
    assert [each.job_id for each in parts.of(CancelJob)] == [op_id]
    assert [each.job_id for each in parts.of(GetOperation)][-1] == op_id


@pytest.mark.parametrize("status", ["sent", "success", "failed", "canceled"])
async def test_what_was_sent_is_not_canceled(alone: Api, parts: Scripted, status: str) -> None:
    answer, op_id = await change(alone, parts, "cancel", status, CONFLICT)
    body = refusal_of(answer, 409, "operation_not_cancelable")
    assert (body["op"]["_id"], body["op"]["status"]) == (op_id, status)


async def test_retrying(alone: Api, parts: Scripted) -> None:
    answer, op_id = await change(alone, parts, "retry", "pending", a_job("push_user", "pending"))
    body = answer.json()
    assert set(body) == {"success", "queued", "op"}
    assert body["queued"] is True
    assert (body["op"]["_id"], body["op"]["attemptCount"]) == (op_id, 2)


async def test_retrying_what_waits_changes_nothing(alone: Api, parts: Scripted) -> None:
    answer, _ = await change(alone, parts, "retry", "pending", CONFLICT)
    body = answer.json()
    assert (body["success"], body["queued"], body["op"]["status"]) == (True, True, "pending")


@pytest.mark.parametrize("status", ["sent", "success", "failed"])
async def test_what_cannot_be_tried_again(alone: Api, parts: Scripted, status: str) -> None:
    answer, _ = await change(alone, parts, "retry", status, CONFLICT)
    assert refusal_of(answer, 409, "operation_not_retryable")["op"]["status"] == status


@pytest.mark.parametrize("what", ["cancel", "retry"])
@pytest.mark.parametrize(
    ("code", "status", "word"),
    [(Code.NOT_FOUND, 404, "not_found"), (Code.FORBIDDEN, 403, "forbidden")],
)
async def test_other_refusals_stay(
    alone: Api, parts: Scripted, what: str, code: Code, status: int, word: str
) -> None:
    answer, _ = await change(alone, parts, what, "pending", MusterError(code))
    refusal_of(answer, status, word)
