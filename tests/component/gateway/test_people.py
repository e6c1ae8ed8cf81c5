"""People on devices: listed through a cache that hides no change, synced, added, changed."""

from __future__ import annotations

from typing import Any, TypeVar

import pytest

from shared.contracts.actions import DeleteUser, Enroll, PutUser, ReadTemplates, WriteTemplates
from shared.contracts.errors import Code
from shared.contracts.message import Message
from shared.contracts.operations import CopyTemplates, Operate
from shared.kit.errors import MusterError
from tests.component.gateway.conftest import Api, Json, error_of, fields_of

M = TypeVar("M", bound=Message)
USERS = "/api/v1/users"
PERSON = "/api/v1/devices/1/users/42"


@pytest.fixture(autouse=True)
def _well(scripted: Api) -> None:
    registry = scripted.registry
    registry.failed = None
    registry.open_jobs = False
    registry.people = ["1", "2"]
    registry.asked.clear()


def asked(api: Api, kind: type[M]) -> M:
    """The one action of its kind that was asked of the registry."""
    operates = [each for each in api.registry.asked if isinstance(each, Operate)]
    (found,) = (each.action for each in operates if isinstance(each.action, kind))
    return found


# ── listed ───────────────────────────────────────────────────────────────────


async def test_a_list_is_cached_until_its_people_change(scripted: Api) -> None:
    await scripted.registry.changed()
    answers = [await scripted.http.get(USERS, headers=scripted.user) for _ in range(2)]
    assert [each.headers["x-cache"] for each in answers] == ["miss", "hit"]
    assert answers[0].json() == answers[1].json()
    scripted.registry.people.append("3")
    await scripted.registry.changed()
    fresh = await scripted.http.get(USERS, headers=scripted.user)
    assert fresh.headers["x-cache"] == "miss"
    assert [each["user_id"] for each in fresh.json()["data"]] == ["1", "2", "3"]


async def test_without_a_change_the_cache_is_what_is_served(scripted: Api) -> None:
    """The control of the one above: the registry's word is what ends an answer's life."""
    await scripted.registry.changed()
    await scripted.http.get(USERS, headers=scripted.user)
    scripted.registry.people.append("3")
    kept = await scripted.http.get(USERS, headers=scripted.user)
    assert kept.headers["x-cache"] == "hit"
    assert kept.json()["metadata"]["total"] == 2


async def test_another_owner_has_other_answers(scripted: Api) -> None:
    await scripted.http.get(USERS, headers=scripted.user)
    other = await scripted.http.get(USERS, headers=scripted.other)
    assert (other.headers["x-cache"], other.json()["data"]) == ("miss", [])


@pytest.mark.parametrize("query", ["q=2", "device_id=1", "limit=1", "page=2"])
async def test_each_question_has_its_own_answer(scripted: Api, query: str) -> None:
    await scripted.registry.changed()
    answers = [
        await scripted.http.get(path, headers=scripted.user)
        for path in (USERS, f"{USERS}?{query}", f"{USERS}?{query}")
    ]
    assert [each.headers["x-cache"] for each in answers] == ["miss", "miss", "hit"]


async def test_pages_and_parts(scripted: Api) -> None:
    scripted.registry.people = [str(each) for each in range(45)]
    await scripted.registry.changed()
    body = (await scripted.http.get(f"{USERS}?page=3", headers=scripted.user)).json()
    assert body["metadata"] == {"page": 3, "limit": 20, "total": 45, "total_pages": 3}
    assert len(body["data"]) == 5
    part = (await scripted.http.get(f"{USERS}?q=44", headers=scripted.user)).json()
    assert [each["user_id"] for each in part["data"]] == ["44"]


@pytest.mark.parametrize(
    "query", ["limit=201", "page=0", "q=%00", f"q={'x' * 65}", "device_id=x", "live=maybe"]
)
async def test_bad_questions_name_their_fields(scripted: Api, query: str) -> None:
    path = "/api/v1/devices/1/users" if "live" in query else USERS
    answer = await scripted.http.get(f"{path}?{query}", headers=scripted.user)
    assert fields_of(answer) == {query.partition("=")[0]}


@pytest.mark.parametrize("path", ["/devices/1/users", "/users/device/1"])
async def test_a_live_list_reads_the_device_first(scripted: Api, path: str) -> None:
    path = f"/api/v1{path}"
    await scripted.http.get(path, headers=scripted.user)
    assert not any(isinstance(each, Operate) for each in scripted.registry.asked)
    # The registry says nothing of a change here, and yet nothing old is served.
    scripted.registry.people.append("3")
    live = await scripted.http.get(f"{path}?live=true", headers=scripted.user)
    assert any(isinstance(each, Operate) for each in scripted.registry.asked)
    assert (live.headers["x-cache"], live.json()["metadata"]["total"]) == ("miss", 3)


# ── synced ───────────────────────────────────────────────────────────────────


async def test_few_users_are_synced_at_once(scripted: Api) -> None:
    answer = await scripted.http.post("/api/v1/users/sync/1", headers=scripted.user)
    assert answer.status_code == 200
    data = answer.json()["data"]
    assert data["status"] == "completed"
    assert data["job_id"].startswith("sync-users-1-")
    assert data["result"] == {"kind": "count", "count": 2}
    assert (data["progress"]["total"], data["progress"]["done"]) == (2, 2)
    (operate,) = (each for each in scripted.registry.asked if isinstance(each, Operate))
    assert operate.patient_above == 100


async def test_many_users_are_a_job(scripted: Api) -> None:
    scripted.registry.open_jobs = True
    answer = await scripted.http.post("/api/v1/users/sync/1", headers=scripted.user)
    assert answer.status_code == 202
    assert answer.json()["data"]["status"] == "queued"


# ── added, changed, removed ──────────────────────────────────────────────────


@pytest.mark.parametrize("path", ["/users", "/devices/1/users"])
async def test_a_person_is_added(scripted: Api, path: str) -> None:
    body = {
        "device_id": 1,
        "user_id": "42",
        "name": " Sample Person ",
        "privilege": "enroller",
        "password": "1234",
        "card": 1234567,
        "group": 3,
    }
    answer = await scripted.http.post(f"/api/v1{path}", json=body, headers=scripted.admin)
    assert answer.status_code == 201, answer.text
    data = answer.json()["data"]
    assert data == {
        "device_id": 1,
        "user_id": "42",
        "name": "Sample Person",
        "privilege": "enroller",
        "disabled": False,
        "card": 1234567,
        "group": 3,
        "has_password": True,
        "name_cut": False,
    }
    put = asked(scripted, PutUser)
    assert put.create
    assert put.password is not None
    assert put.password.get_secret_value() == "1234"
    assert "1234" not in answer.text.replace("1234567", "")


@pytest.mark.parametrize(
    ("number", "word"), [(0, "user"), (2, "enroller"), (6, "manager"), (14, "admin")]
)
async def test_a_privilege_may_be_the_devices_number(scripted: Api, number: int, word: str) -> None:
    body = {"user_id": 42, "name": "Sample Person", "privilege": number}
    answer = await scripted.http.post("/api/v1/devices/1/users", json=body, headers=scripted.admin)
    data = answer.json()["data"]
    assert (data["privilege"], data["user_id"]) == (word, "42")


async def test_a_pin_that_is_taken_is_a_conflict(scripted: Api) -> None:
    scripted.registry.failed = MusterError(Code.USER_TAKEN)
    body = {"user_id": "42", "name": "Sample Person"}
    answer = await scripted.http.post("/api/v1/devices/1/users", json=body, headers=scripted.admin)
    error_of(answer, 409, "USER_TAKEN")


@pytest.mark.parametrize(
    ("method", "body", "wanted"),
    [
        (
            "PUT",
            {"name": "New"},
            {"name": "New", "privilege": "user", "disabled": False, "card": 0, "group": 1},
        ),
        ("PATCH", {"card": 7}, {"card": 7}),
        ("PATCH", {"name": None, "disabled": True}, {"disabled": True}),
        ("PATCH", {}, {}),
    ],
)
async def test_whole_and_partial_changes(
    scripted: Api, method: str, body: Json, wanted: Json
) -> None:
    answer = await scripted.http.request(method, PERSON, json=body, headers=scripted.admin)
    assert answer.status_code == 200, answer.text
    put: dict[str, Any] = asked(scripted, PutUser).model_dump(exclude_none=True)
    assert put == {"kind": "put_user", "user_id": "42", "create": False, **wanted}


async def test_a_person_is_removed(scripted: Api) -> None:
    answer = await scripted.http.delete(PERSON, headers=scripted.admin)
    assert answer.json()["data"]["outcome"] == "completed"
    assert asked(scripted, DeleteUser).user_id == "42"


# ── templates ────────────────────────────────────────────────────────────────


async def test_templates_are_listed_read_and_written(scripted: Api) -> None:
    path = f"{PERSON}/templates"
    kept = (await scripted.http.get(path, headers=scripted.user)).json()
    assert [(each["finger"], each["size"]) for each in kept["data"]] == [(6, 1200)]
    assert "data" not in kept["data"][0]
    assert (await scripted.http.post(path, headers=scripted.admin)).status_code == 200
    assert asked(scripted, ReadTemplates).user_id == "42"
    written = await scripted.http.post(f"{path}/write", headers=scripted.admin)
    assert written.json()["data"]["result"] == {"kind": "count", "count": 1}
    assert asked(scripted, WriteTemplates).templates == ()


async def test_templates_are_copied_to_another_device(scripted: Api) -> None:
    answer = await scripted.http.post(
        f"{PERSON}/templates/copy", json={"target_device_id": 2}, headers=scripted.admin
    )
    assert answer.status_code == 202
    copied = [each for each in scripted.registry.asked if isinstance(each, CopyTemplates)]
    assert copied == [CopyTemplates(device_id=1, target_id=2, user_id="42")]
    foreign = await scripted.http.post(
        f"{PERSON}/templates/copy", json={"target_device_id": 7}, headers=scripted.admin
    )
    error_of(foreign, 404, "NOT_FOUND")


async def test_an_enrolment_is_a_job_with_progress(scripted: Api) -> None:
    answer = await scripted.http.post(
        f"{PERSON}/enroll", json={"finger": 6}, headers=scripted.admin
    )
    assert answer.status_code == 202
    assert asked(scripted, Enroll) == Enroll(user_id="42", finger=6)
