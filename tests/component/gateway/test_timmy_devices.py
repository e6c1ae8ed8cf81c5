"""What needs a device while the caller waits: enrolling, cleaning, and what is said of one away."""

from __future__ import annotations

from typing import Any

import pytest

from shared.contracts import catalog
from shared.contracts.actions import Enroll
from shared.contracts.errors import Code
from shared.contracts.identity import object_id
from shared.contracts.operations import (
    Operate,
    Progress,
)
from shared.kit.clock import new_id
from shared.kit.errors import MusterError
from tests.component.gateway.conftest import Api, Json, refusal_of
from tests.component.gateway.scripted import (
    SERIAL,
    Scripted,
    a_device,
    an_entry,
    ends,
)

USERS = f"/api/device/{SERIAL}/users"
DELETE = f"/api/device/{SERIAL}/delete-users"
TARGET = "TYSG18086518"
PERSON: Json = {"enrollid": 10012, "name": "John Smith1", "aliasid": "JSMITH1", "backupnum": 50}


@pytest.fixture(autouse=True)
def quiet(parts: Scripted) -> None:
    parts.clear()
    parts.when(catalog.FIND_DEVICE, lambda asked: a_device(asked.serial))


# ── away ─────────────────────────────────────────────────────────────────────

ASKED = {
    "users": ("GET", USERS, None),
    "delete": ("POST", DELETE, {"enrollIds": [2]}),
    "add": ("POST", f"/api/device/{SERIAL}/add-user", PERSON),
    "clean": ("POST", f"/api/device/{SERIAL}/clean-log", None),
    "transfer": ("POST", "/api/transfer-users", {"fromSn": SERIAL, "toSn": TARGET}),
}
AWAY = [Code.DEVICE_OFFLINE, Code.DEVICE_UNREACHABLE, Code.NO_AGENT]


async def ask(api: Api, what: str) -> bytes:
    method, path, body = ASKED[what]
    answer = await api.http.request(method, path, json=body, headers=api.admin)
    refusal_of(answer, 503, "device_offline_or_not_registered")
    return answer.content


@pytest.mark.parametrize("what", sorted(ASKED))
async def test_unknown_and_offline_are_one_answer(alone: Api, parts: Scripted, what: str) -> None:
    """Byte for byte: serial numbers cannot be probed."""
    parts.when(catalog.FIND_DEVICE, MusterError(Code.NOT_FOUND))
    said = {await ask(alone, what)}
    parts.when(catalog.FIND_DEVICE, lambda asked: a_device(asked.serial))
    for code in AWAY:
        parts.when(catalog.OPERATE, MusterError(code, f"because of {code}"))
        said.add(await ask(alone, what))
    assert len(said) == 1


@pytest.mark.parametrize("what", ["users", "add", "clean"])
@pytest.mark.parametrize("code", AWAY)
async def test_so_is_what_was_begun_and_failed(
    alone: Api, parts: Scripted, what: str, code: Code
) -> None:
    ends(parts, an_entry("enroll", "failed", problem=MusterError(code).problem))
    body = await ask(alone, what)
    parts.when(catalog.FIND_DEVICE, MusterError(Code.NOT_FOUND))
    assert body == await ask(alone, what)


# ── enrolled, cleaned ────────────────────────────────────────────────────────


async def add(api: Api, **more: Any) -> Any:
    path = f"/api/device/{SERIAL}/add-user"
    return await api.http.post(path, json={**PERSON, **more}, headers=api.admin)


async def test_adding_is_as_the_document_shows(alone: Api, parts: Scripted) -> None:
    said = {"ret": "adduser", "result": True}
    entry = an_entry("enroll", "success", said=said)
    ends(parts, entry)
    op_id = object_id(entry.operation_id)
    body = (await add(alone)).json()
    assert body == {"success": True, "opId": op_id, "status": "success", "response": said}
    (asked,) = parts.of(Operate)
    assert (asked.wait, asked.lasting) == (25, False)
    assert asked.action == Enroll(
        user_id="10012", finger=50, name="John Smith1", alias="JSMITH1", follow=False
    )


@pytest.mark.parametrize("number", [*range(12), *range(20, 28), 50])
async def test_what_may_be_enrolled(alone: Api, parts: Scripted, number: int) -> None:
    ends(parts, an_entry("enroll", "success"))
    body = (await add(alone, backupnum=number, aliasid=None)).json()
    assert body["response"] == {"ret": "adduser", "result": True}


async def test_a_slow_device_was_sent_it(alone: Api, parts: Scripted) -> None:
    entry = an_entry("enroll", "sent")
    ends(parts, entry)
    body = (await add(alone)).json()
    op_id = object_id(entry.operation_id)
    assert body == {"success": True, "opId": op_id, "status": "sent", "response": None}


async def test_a_device_may_refuse(alone: Api, parts: Scripted) -> None:
    said = {"ret": "adduser", "result": False, "reason": 12, "msg": "face is known"}
    problem = MusterError(Code.ENROLMENT_FAILED, "The face is another person's.").problem
    ends(parts, an_entry("enroll", "failed", said=said, problem=problem))
    body = refusal_of(await add(alone), 409, "enrolment_failed")
    assert (body["status"], body["response"]) == ("failed", said)
    assert len(body["opId"]) == 24


async def clean(api: Api) -> Any:
    return await api.http.post(f"/api/device/{SERIAL}/clean-log", headers=api.admin)


async def test_cleaning_is_as_the_document_shows(alone: Api, parts: Scripted) -> None:
    entry = an_entry("clear_log", "success", said={"ret": "cleanlog", "result": True})
    ends(parts, entry)
    body = (await clean(alone)).json()
    assert set(body) == {"success", "opId", "status", "response"}
    assert body["response"] == {"ret": "cleanlog", "result": True}
    refusal_of(
        await alone.http.post(f"/api/device/{SERIAL}/clean-log", headers=alone.user),
        403,
        "forbidden",
    )


async def test_a_log_that_is_not_stored_stays(alone: Api, parts: Scripted) -> None:
    problem = MusterError(Code.UNRECEIPTED_RECORDS).problem
    entry = an_entry("clear_log", "failed", new_id(), problem=problem)
    ends(parts, entry, progress=Progress(read=30, receipted=23))
    body = refusal_of(await clean(alone), 409, "unsynced_logs")
    assert (body["missing"], body["status"], body["response"]) == (7, "failed", None)
