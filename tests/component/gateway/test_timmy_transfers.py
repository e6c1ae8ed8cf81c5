"""People brought from one device to another, as /api shows it."""

from __future__ import annotations

from typing import Any

import pytest

from shared.contracts import catalog
from shared.contracts.actions import Count, Pushed
from shared.contracts.errors import Code
from shared.contracts.identity import object_id
from shared.contracts.operations import (
    LedgerEntry,
    Operate,
    Transfer,
    Transferred,
    TransferUsers,
)
from shared.kit.errors import MusterError
from tests.component.gateway.conftest import Api, Json
from tests.component.gateway.scripted import (
    SERIAL,
    Scripted,
    a_device,
    a_person,
    an_entry,
    ends,
    hold,
)

TARGET = "TYSG18086518"


@pytest.fixture(autouse=True)
def quiet(parts: Scripted) -> None:
    parts.clear()
    parts.when(catalog.FIND_DEVICE, lambda asked: a_device(asked.serial))


async def transfer(api: Api, **more: Any) -> Json:
    body = {"fromSn": SERIAL, "toSn": TARGET, **more}
    answer = await api.http.post("/api/transfer-users", json=body, headers=api.admin)
    assert answer.status_code == 200, answer.text
    said: Json = answer.json()
    return said


def moved(
    user_id: str,
    fetch: LedgerEntry | None = None,
    push: LedgerEntry | None = None,
    delete: LedgerEntry | None = None,
) -> Transfer:
    return Transfer(user_id=user_id, fetch=fetch, push=push, delete=delete)


def fetched(*slots: int) -> LedgerEntry:
    return an_entry("read_templates", "success", result=Count(count=len(slots), slots=slots))


async def test_moving_is_as_the_document_shows(alone: Api, parts: Scripted) -> None:
    fetch, push = fetched(50, 0), an_entry("push_user", "pending")
    delete = an_entry("delete_user", "pending")
    parts.when(catalog.TRANSFER_USERS, Transferred(items=(moved("2", fetch, push, delete),)))
    body = await transfer(alone, enrollIds=[2, 2], deleteFromSource=True)
    assert (body["success"], body["fromSn"], body["toSn"]) == (True, SERIAL, TARGET)
    read, pushing, deleting = (object_id(each.operation_id) for each in (fetch, push, delete))
    assert body["results"] == [
        {
            "enrollid": 2,
            "steps": [
                {"backupnum": 50, "action": "fetch", "opId": read, "result": "success"},
                {"backupnum": 50, "action": "push", "opId": pushing, "result": "pending"},
                {"backupnum": 0, "action": "fetch", "opId": read, "result": "success"},
                {"backupnum": 0, "action": "push", "opId": pushing, "result": "pending"},
                {"action": "delete_from_source", "opId": deleting, "result": "pending"},
            ],
            "result": "pending",
        }
    ]
    (asked,) = parts.of(TransferUsers)
    assert (asked.user_ids, asked.move, asked.overwrite) == (("2",), True, False)
    assert asked.wait == 25


def failed(code: Code) -> LedgerEntry:
    return an_entry("push_user", "failed", problem=MusterError(code).problem)


def pushed(*slots: int) -> LedgerEntry:
    return an_entry("push_user", "success", result=Pushed(user_id="2", slots=slots))


CANCELED = an_entry("delete_user", "canceled")
WAITS = an_entry("read_templates", "pending")


@pytest.mark.parametrize(
    ("found", "steps", "result"),
    [
        (moved("2", WAITS, an_entry("push_user", "pending")), ["pending", "pending"], "pending"),
        (moved("2", fetched(50), pushed(50)), ["success", "success"], "success"),
        (
            moved("2", fetched(50, 0), pushed(50), CANCELED),
            ["success", "success", "success", "incompatible", "canceled"],
            "partial",
        ),
        (
            moved("2", fetched(50), failed(Code.USER_TAKEN), CANCELED),
            ["success", "conflict", "canceled"],
            "conflict",
        ),
        (
            moved("2", fetched(0), failed(Code.INCOMPATIBLE)),
            ["success", "incompatible"],
            "incompatible",
        ),
        (moved("2", fetched(0), failed(Code.DEVICE_FULL)), ["success", "failed"], "failed"),
        (moved("2", failed(Code.DEVICE_ERROR), CANCELED), ["failed", "canceled"], "failed"),
        (
            Transfer(user_id="2", problem=MusterError(Code.INCOMPATIBLE).problem),
            ["incompatible"],
            "incompatible",
        ),
    ],
)
async def test_what_becomes_of_each(
    alone: Api, parts: Scripted, found: Transfer, steps: list[str], result: str
) -> None:
    parts.when(catalog.TRANSFER_USERS, Transferred(items=(found,)))
    (person,) = (await transfer(alone, enrollIds=[2]))["results"]
    assert [each["result"] for each in person["steps"]] == steps
    assert person["result"] == result


async def test_an_empty_list_is_nobody(alone: Api, parts: Scripted) -> None:
    assert (await transfer(alone, enrollIds=[]))["results"] == []
    assert parts.of(TransferUsers) == []


@pytest.mark.parametrize("connected", [True, False])
async def test_no_list_is_everybody(alone: Api, parts: Scripted, connected: bool) -> None:
    """As the source holds them now; one that is away, as it held them last."""
    parts.when(catalog.FIND_DEVICE, lambda asked: a_device(asked.serial, connected=connected))
    ends(parts, an_entry("read_users", "success"))
    hold(parts, *(a_person(str(number), 50) for number in range(1, 251)))
    parts.when(
        catalog.TRANSFER_USERS,
        lambda asked: Transferred(items=tuple(moved(each) for each in asked.user_ids)),
    )
    body = await transfer(alone)
    assert [each["enrollid"] for each in body["results"]] == list(range(1, 251))
    assert len(parts.of(Operate)) == connected
    asked = parts.of(TransferUsers)
    assert [len(each.user_ids) for each in asked] == [100, 100, 50]
    assert {each.wait for each in asked} == {0}


async def test_nobody_waits_for_a_source_that_is_away(alone: Api, parts: Scripted) -> None:
    parts.when(catalog.FIND_DEVICE, lambda asked: a_device(asked.serial, connected=False))
    parts.when(catalog.TRANSFER_USERS, Transferred(items=()))
    await transfer(alone, enrollIds=[2], overwrite=True)
    (asked,) = parts.of(TransferUsers)
    assert (asked.wait, asked.overwrite) == (0, True)
