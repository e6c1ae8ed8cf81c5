"""Every route of /api/v1 by every path it has: who may, what fits, what devices can do to it."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from pydantic import TypeAdapter

from shared.contracts.auth import GRANTS, Permission
from shared.contracts.errors import Code
from shared.contracts.operations import SPECS, Operate
from shared.kit.errors import MusterError
from tests.component.gateway.calls import (
    CALLS,
    NEEDED,
    ROUTES,
    SESSIONS,
    Json,
    aliases,
    filled,
    waits,
)
from tests.component.gateway.conftest import Api, error_of, fields_of
from tests.component.gateway.registry import FOREIGN

ALIASES = [each for each in aliases() if each[0] not in SESSIONS]
WAITING = [each for each in ALIASES if waits(ROUTES[each[0]])]
BAD = [(name, body, fields) for name, call in CALLS.items() for body, fields in call.bad]
OF_ONE_DEVICE = [
    each
    for each in ALIASES
    if "{device_id}" in each[1] or "device_id" in (CALLS[each[0]].body or {})
]


@pytest.fixture(autouse=True)
def _well(scripted: Api) -> None:
    scripted.registry.problem = None
    scripted.registry.open_jobs = scripted.registry.moody = False


async def call(
    api: Api, name: str, path: str, headers: dict[str, str], body: Json | None = None
) -> httpx.Response:
    """Call a route; it is live where it can be, so that a device is asked."""
    method = ROUTES[name].method
    query: dict[str, Any] = {"live": "true"} if name == "GET /devices/{device_id}/users" else {}
    return await api.http.request(
        method, path, headers=headers, params=query, json=CALLS[name].body if body is None else body
    )


@pytest.mark.parametrize(("name", "path"), ALIASES)
async def test_a_good_call_is_answered_in_its_form(scripted: Api, name: str, path: str) -> None:
    expected = ROUTES[name].answers[0]
    answer = await call(scripted, name, filled(path), scripted.admin)
    assert answer.status_code == expected.status, answer.text
    said = TypeAdapter(expected.form).validate_json(answer.content)
    # Nothing is left out and nothing is there that the form does not know.
    assert TypeAdapter(expected.form).dump_python(said, mode="json") == answer.json()
    example = expected.example
    assert answer.json().get("message") == example.get("message")
    assert set(example) == set(answer.json())


@pytest.mark.parametrize("name", sorted(ROUTES))
def test_examples_have_the_form_of_their_answers(name: str) -> None:
    for answer in ROUTES[name].answers:
        form = TypeAdapter(answer.form)
        shown = form.validate_python(answer.example)
        assert form.dump_python(shown, mode="json") == answer.example


@pytest.mark.parametrize(("name", "path"), aliases())
async def test_nobody_is_let_in_without_a_token(scripted: Api, name: str, path: str) -> None:
    if ROUTES[name].permission is Permission.PUBLIC:
        return
    for headers in ({}, {"Authorization": "Bearer nonsense"}):
        error_of(await call(scripted, name, filled(path), headers), 401, "UNAUTHORIZED")


@pytest.mark.parametrize(("name", "path"), ALIASES)
async def test_each_role_may_what_it_is_granted(scripted: Api, name: str, path: str) -> None:
    answer = await call(scripted, name, filled(path), scripted.user)
    if ROUTES[name].permission in GRANTS["user"]:
        assert answer.status_code in {each.status for each in ROUTES[name].answers}
    else:
        error_of(answer, 403, "FORBIDDEN")


@pytest.mark.parametrize(("name", "path"), WAITING)
async def test_a_route_demands_what_its_operation_demands(
    scripted: Api, name: str, path: str
) -> None:
    scripted.registry.asked.clear()
    await call(scripted, name, filled(path), scripted.admin)
    (asked,) = (each for each in scripted.registry.asked if isinstance(each, Operate))
    assert SPECS[asked.action.kind].permission is ROUTES[name].permission
    assert asked.wait == 10


@pytest.mark.parametrize(("name", "path"), OF_ONE_DEVICE)
async def test_another_owners_device_is_not_there(scripted: Api, name: str, path: str) -> None:
    body = CALLS[name].body
    if body and "device_id" in body:
        body = {**body, "device_id": FOREIGN}
    path = filled(path, device_id=str(FOREIGN))
    error_of(await call(scripted, name, path, scripted.admin, body), 404, "NOT_FOUND")


@pytest.mark.parametrize(("name", "path"), OF_ONE_DEVICE)
async def test_a_device_id_is_a_number(scripted: Api, name: str, path: str) -> None:
    if "{device_id}" not in path:
        return
    for number in ("x", "0", "-1", "1.5", "99999999999999999999"):
        answer = await call(scripted, name, filled(path, device_id=number), scripted.admin)
        assert fields_of(answer) == {"device_id"}


@pytest.mark.parametrize(("name", "path"), [e for e in ALIASES if "{user_id}" in e[1]])
async def test_a_user_id_is_plain(scripted: Api, name: str, path: str) -> None:
    unfit = ["%00", "x" * 65] if "attendance" in name else ["%00", "4%202", "x" * 25]
    for user_id in unfit:
        answer = await call(scripted, name, filled(path, user_id=user_id), scripted.admin)
        assert fields_of(answer) == {"user_id"}


@pytest.mark.parametrize(("name", "needed"), NEEDED.items())
async def test_what_is_missing_is_named(scripted: Api, name: str, needed: set[str]) -> None:
    path = filled(f"/api/v1{ROUTES[name].paths[0]}")
    assert fields_of(await call(scripted, name, path, scripted.admin, {})) == needed


@pytest.mark.parametrize(("name", "body", "fields"), BAD)
async def test_what_is_wrong_is_named_and_not_repeated(
    scripted: Api, name: str, body: Json, fields: set[str]
) -> None:
    path = filled(f"/api/v1{ROUTES[name].paths[0]}")
    good = CALLS[name].body or {}
    answer = await call(scripted, name, path, scripted.admin, {**good, **body})
    assert fields_of(answer) == fields
    assert "secret!" not in answer.text


@pytest.mark.parametrize(("name", "path"), WAITING)
async def test_a_device_that_is_away_or_hangs_is_said_to_be(
    scripted: Api, name: str, path: str
) -> None:
    for code, status in ((Code.DEVICE_UNREACHABLE, 503), (Code.DEVICE_NO_ANSWER, 504)):
        scripted.registry.failed = MusterError(code, "Told by the device.")
        answer = await call(scripted, name, filled(path), scripted.admin)
        assert error_of(answer, status, code)["details"] == "Told by the device."
    scripted.registry.failed = None


@pytest.mark.parametrize(("name", "path"), WAITING)
async def test_what_is_not_done_in_time_is_a_job(scripted: Api, name: str, path: str) -> None:
    scripted.registry.open_jobs = True
    answer = await call(scripted, name, filled(path), scripted.admin)
    assert answer.status_code == 202, answer.text
    data = answer.json()["data"]
    assert set(data) == {"job_id", "device_id", "status", "queued_at", "poll"}
    job = await scripted.http.get(data["poll"], headers=scripted.user)
    assert job.json()["data"]["job_id"] == data["job_id"]
