"""Every route of /api/v1 by every path it has: who is let in, and what fits.

Nobody is behind the gateway here: whoever is let in gets as far as the missing service.
"""

from __future__ import annotations

import httpx
import pytest
from pydantic import TypeAdapter

from shared.contracts.auth import GRANTS, Permission
from tests.component.gateway.calls import CALLS, NEEDED, ROUTES, SESSIONS, Json, aliases, filled
from tests.component.gateway.conftest import Api, error_of, fields_of

ALIASES = [each for each in aliases() if each[0] not in SESSIONS]
BAD = [(name, body, fields) for name, call in CALLS.items() for body, fields in call.bad]
UNASKED = {"DELETE /cache", "DELETE /cache/clear", "POST /cache/clear"}
"""The gateway does these without any other service."""


async def call(
    api: Api, name: str, path: str, headers: dict[str, str], body: Json | None = None
) -> httpx.Response:
    """Call a route with its good body, or with another one."""
    sent = CALLS[name].body if body is None else body
    return await api.http.request(ROUTES[name].method, path, headers=headers, json=sent)


@pytest.mark.parametrize("name", sorted(ROUTES))
def test_examples_have_the_form_of_their_answers(name: str) -> None:
    for answer in ROUTES[name].answers:
        form = TypeAdapter(answer.form)
        shown = form.validate_python(answer.example)
        assert form.dump_python(shown, mode="json") == answer.example


@pytest.mark.parametrize(("name", "path"), aliases())
async def test_nobody_is_let_in_without_a_token(alone: Api, name: str, path: str) -> None:
    if ROUTES[name].permission is Permission.PUBLIC:
        return
    for headers in ({}, {"Authorization": "Bearer nonsense"}):
        error_of(await call(alone, name, filled(path), headers), 401, "UNAUTHORIZED")


@pytest.mark.parametrize(("name", "path"), ALIASES)
@pytest.mark.parametrize("role", sorted(GRANTS))
async def test_each_role_may_what_it_is_granted(
    alone: Api, name: str, path: str, role: str
) -> None:
    headers = {"admin": alone.admin, "user": alone.user, "employee": alone.employee}[role]
    answer = await call(alone, name, filled(path), headers)
    if ROUTES[name].permission not in GRANTS[role]:
        error_of(answer, 403, "FORBIDDEN")
    elif name in UNASKED:
        assert answer.status_code == 200, answer.text
    else:
        error_of(answer, 503, "SERVICE_UNAVAILABLE")


@pytest.mark.parametrize(("name", "path"), [e for e in ALIASES if "{device_id}" in e[1]])
async def test_a_device_id_is_a_number(alone: Api, name: str, path: str) -> None:
    for number in ("x", "0", "-1", "1.5", "99999999999999999999"):
        answer = await call(alone, name, filled(path, device_id=number), alone.admin)
        assert fields_of(answer) == {"device_id"}


@pytest.mark.parametrize(("name", "path"), [e for e in ALIASES if "{user_id}" in e[1]])
async def test_a_user_id_is_plain(alone: Api, name: str, path: str) -> None:
    unfit = ["%00", "x" * 65] if "attendance" in name else ["%00", "4%202", "x" * 25]
    for user_id in unfit:
        answer = await call(alone, name, filled(path, user_id=user_id), alone.admin)
        assert fields_of(answer) == {"user_id"}


@pytest.mark.parametrize(("name", "needed"), NEEDED.items())
async def test_what_is_missing_is_named(alone: Api, name: str, needed: set[str]) -> None:
    path = filled(f"/api/v1{ROUTES[name].paths[0]}")
    assert fields_of(await call(alone, name, path, alone.admin, {})) == needed


@pytest.mark.parametrize(("name", "body", "fields"), BAD)
async def test_what_is_wrong_is_named_and_not_repeated(
    alone: Api, name: str, body: Json, fields: set[str]
) -> None:
    path = filled(f"/api/v1{ROUTES[name].paths[0]}")
    good = CALLS[name].body or {}
    answer = await call(alone, name, path, alone.admin, {**good, **body})
    assert fields_of(answer) == fields
    assert "secret!" not in answer.text
