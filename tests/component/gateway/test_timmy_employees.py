"""Employees over HTTP: taken in, found, changed, let go; and how they log in."""

from __future__ import annotations

import asyncio
from itertools import count
from typing import Any

import httpx
import jwt
import pytest

from tests.component.gateway.conftest import Api, Json, refusal_of
from tests.conftest import OWNER

PATH = "/api/employees"
_numbers = count(5000)


def a_body(**more: Any) -> Json:
    number = next(_numbers)
    return {
        "enroll_id": str(number),
        "username": f"emp-{number}.mo",
        "password": "password123",
        "fullName": f"Employee {number}",
        **more,
    }


async def add(api: Api, who: dict[str, str] | None = None, **more: Any) -> tuple[Json, Json]:
    """Take in an employee; return what was sent and what came of it."""
    body = a_body(**more)
    answer = await api.http.post(PATH, json=body, headers=who or api.admin)
    assert answer.status_code == 200, answer.text
    said: Json = answer.json()
    assert set(said) == {"success", "item"}
    return body, said["item"]


async def login(api: Api, body: Json) -> httpx.Response:
    sent = {name: body[name] for name in ("username", "password")}
    return await api.http.post(f"{PATH}/login", json=sent)


async def test_taking_in_is_as_the_document_shows(alone: Api) -> None:
    body, made = await add(alone)
    assert {name: made[name] for name in ("enroll_id", "username", "fullName")} == {
        name: body[name] for name in ("enroll_id", "username", "fullName")
    }
    assert (made["phone"], made["email"], made["isActive"]) == ("", "", True)
    assert made["owner"] == OWNER
    assert made["app_permissions"] == {"can_login_app": True, "can_view_fingerprint": True}
    assert len(made["_id"]) == 24
    assert "password" not in made


async def test_an_enroll_id_may_be_a_number(alone: Api) -> None:
    _, made = await add(alone, enroll_id=next(_numbers) * 10**6)
    assert isinstance(made["enroll_id"], str)


async def test_logging_in_is_as_the_document_shows(alone: Api) -> None:
    body, made = await add(alone, phone="0770", email="someone@timmy.local")
    said = (await login(alone, body)).json()
    assert said["message"] == "Login successful"
    assert {"message", "token", "result"} <= set(said)
    result = said["result"]
    assert (result["_id"], result["name"]) == (made["_id"], body["fullName"])
    assert (result["enroll_id"], result["owner"]) == (body["enroll_id"], OWNER)
    assert result["app_permissions"]["can_login_app"] is True
    claims = jwt.decode(said["token"], options={"verify_signature": False})
    assert (claims["role"], claims["exp"] - claims["iat"]) == ("employee", 7 * 86_400)


@pytest.mark.parametrize("field", ["username", "password"])
async def test_wrong_credentials_are_one_answer(alone: Api, field: str) -> None:
    body, _ = await add(alone)
    refusal_of(await login(alone, {**body, field: "wrong"}), 401, "invalid_credentials")


async def test_guesses_are_limited(alone: Api) -> None:
    body, _ = await add(alone)
    for _ in range(20):
        refusal_of(await login(alone, {**body, "password": "no"}), 401, "invalid_credentials")
    answer = await login(alone, {**body, "password": "no"})
    refusal_of(answer, 429, "too_many_requests")
    assert int(answer.headers["retry-after"]) > 0


async def test_names_and_numbers_are_taken_once(alone: Api) -> None:
    body, _ = await add(alone)
    same = a_body(username=body["username"].upper())
    for who in (alone.admin, alone.other):
        answer = await alone.http.post(PATH, json=same, headers=who)
        refusal_of(answer, 409, "username_taken")
    same = a_body(enroll_id=body["enroll_id"])
    answer = await alone.http.post(PATH, json=same, headers=alone.admin)
    refusal_of(answer, 409, "enroll_id_taken")
    await add(alone, alone.other, enroll_id=body["enroll_id"])


async def test_the_list_is_the_owners(alone: Api) -> None:
    _, mine = await add(alone)
    _, theirs = await add(alone, alone.other)
    for who, there, not_there in ((alone.admin, mine, theirs), (alone.other, theirs, mine)):
        said = (await alone.http.get(PATH, headers=who)).json()
        assert set(said) == {"success", "items"}
        found = [each["_id"] for each in said["items"]]
        assert there["_id"] in found
        assert not_there["_id"] not in found
        assert set(said["items"][0]) == set(mine)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("username", "find-100%.me"),
        ("fullName", "Mustafa_the Second"),
        ("phone", "07709876"),
        ("email", "found@example.test"),
    ],
)
async def test_searching(alone: Api, field: str, value: str) -> None:
    more: Json = {field: value}
    _, made = await add(alone, **more)
    for q in (value, value[:-2].upper()):
        answer = await alone.http.get(PATH, params={"q": q}, headers=alone.admin)
        assert [each["_id"] for each in answer.json()["items"]] == [made["_id"]]
    answer = await alone.http.get(PATH, params={"q": "%" * 3}, headers=alone.admin)
    assert answer.json() == {"success": True, "items": []}


async def test_changing_a_part(alone: Api) -> None:
    body, made = await add(alone)
    change = {"fullName": "Mustafa Updated", "phone": "0770xxxxxxx"}
    path = f"{PATH}/{made['_id']}"
    answer = await alone.http.put(path, json=change, headers=alone.admin)
    item = answer.json()["item"]
    assert {name: item[name] for name in change} == change
    unchanged = set(made) - {*change, "updatedAt"}
    assert {name: item[name] for name in unchanged} == {name: made[name] for name in unchanged}
    assert (await login(alone, body)).status_code == 200
    refusal_of(await alone.http.put(path, json=change, headers=alone.other), 404, "not_found")


async def test_whoever_may_not_log_in_does_not(alone: Api) -> None:
    body, made = await add(alone, app_permissions={"can_login_app": False})
    refusal_of(await login(alone, body), 403, "app_login_disabled")
    change = {"app_permissions": {"can_login_app": True}}
    await alone.http.put(f"{PATH}/{made['_id']}", json=change, headers=alone.admin)
    answer = await login(alone, body)
    assert answer.json()["result"]["app_permissions"] == {
        "can_login_app": True,
        "can_view_fingerprint": True,
    }


async def test_letting_go_ends_the_session(alone: Api) -> None:
    body, made = await add(alone)
    token = (await login(alone, body)).json()["token"]
    headers = {"Authorization": f"Bearer {token}"}
    path = f"{PATH}/{made['_id']}"
    refusal_of(await alone.http.delete(path, headers=alone.other), 404, "not_found")
    answer = await alone.http.delete(path, headers=alone.admin)
    assert (answer.status_code, answer.json()) == (200, {"success": True})
    refusal_of(await alone.http.delete(path, headers=alone.admin), 404, "not_found")
    refusal_of(await login(alone, body), 401, "invalid_credentials")
    async with asyncio.timeout(10):
        while answer.status_code != 401:
            await asyncio.sleep(0.1)
            answer = await alone.http.get("/api/fingerprints/employee", headers=headers)


async def test_employees_and_users_are_of_different_kinds(alone: Api) -> None:
    for path in (PATH, "/api/operations", "/api/v1/devices", "/api/v1/attendance"):
        answer = await alone.http.get(path, headers=alone.employee)
        assert answer.status_code == 403, path
    for who in (alone.admin, alone.user):
        answer = await alone.http.get("/api/fingerprints/employee", headers=who)
        refusal_of(answer, 403, "forbidden")
