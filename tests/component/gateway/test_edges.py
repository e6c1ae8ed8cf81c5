"""What does not depend on the route: paths, methods, bodies, ids, services that are away."""

from __future__ import annotations

import re

import pytest

from tests.component.gateway.calls import CALLS, ROUTES, SESSIONS, filled
from tests.component.gateway.conftest import Api, error_of, fields_of
from tests.conftest import ADMIN
from tests.unit.gateway.test_documents import told

LOGIN = "/api/v1/auth/login"
GOOD = {"email": ADMIN[0], "password": ADMIN[1]}


@pytest.mark.parametrize("path", ["/api/v1/nothing", "/api/v1", "/nothing", "/", "/docs"])
async def test_unknown_paths_of_v1(alone: Api, path: str) -> None:
    error_of(await alone.http.get(path), 404, "NOT_FOUND")


@pytest.mark.parametrize("path", ["/api", "/api/nothing", "/api/v1x/devices", "/api/auth"])
async def test_unknown_paths_of_timmy(alone: Api, path: str) -> None:
    answer = await alone.http.get(path)
    assert answer.status_code == 404
    assert answer.json()["error"] == "not_found"
    assert answer.json()["success"] is False


async def test_wrong_methods_name_the_right_ones(alone: Api) -> None:
    answer = await alone.http.delete("/api/v1/devices")
    error_of(answer, 405, "METHOD_NOT_ALLOWED")
    assert answer.headers["allow"] == "GET, POST"
    answer = await alone.http.get("/api/auth/login")
    assert (answer.status_code, answer.json()["error"]) == (405, "method_not_allowed")


async def test_a_trailing_slash_is_no_redirect(alone: Api) -> None:
    answer = await alone.http.post(f"{LOGIN}/", json=GOOD)
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "kind", [None, "text/plain", "application/x-www-form-urlencoded", "nonsense"]
)
async def test_a_body_is_json_whatever_it_says(alone: Api, kind: str | None) -> None:
    headers = {} if kind is None else {"Content-Type": kind}
    body = f'{{"email": "{ADMIN[0]}", "password": "{ADMIN[1]}"}}'
    answer = await alone.http.post(LOGIN, content=body, headers=headers)
    assert answer.status_code == 200


NO_OBJECTS = {
    "cut": b"{",
    "word": b"nonsense",
    "list": b"[]",
    "number": b"5",
    "text": b'"x"',
    "no UTF-8": b"\xff\xfe\xfd",
    "deep": b"[" * 100_000,
    "too much": b'{"a":1}}',
    "no number": b'{"a":NaN}',
    "infinite": b'{"a":-Infinity}',
    "too large": b'{"a":1e999}',
}


@pytest.mark.parametrize("body", NO_OBJECTS.values(), ids=NO_OBJECTS)
async def test_what_is_no_json_object_is_bad_input(alone: Api, body: bytes) -> None:
    assert fields_of(await alone.http.post(LOGIN, content=body)) == {"body"}


async def test_bodies_have_a_limit(alone: Api) -> None:
    error_of(await alone.http.post(LOGIN, content=b" " * (2**20 + 1)), 413, "TOO_LARGE")

    async def parts() -> object:
        for _ in range(20):
            yield b" " * 2**16

    error_of(await alone.http.post(LOGIN, content=parts()), 413, "TOO_LARGE")  # type: ignore[arg-type]
    answer = await alone.http.post("/api/auth/login", content=b" " * (2**20 + 1))
    assert (answer.status_code, answer.json()["error"]) == (413, "too_large")


async def test_the_token_is_looked_at_before_the_body(alone: Api) -> None:
    answer = await alone.http.post("/api/v1/devices", content=b"{")
    error_of(answer, 401, "UNAUTHORIZED")


async def test_a_request_id_comes_back(alone: Api) -> None:
    answer = await alone.http.get("/api/v1/nothing", headers={"X-Request-ID": "mine-1.2_3"})
    assert answer.headers["x-request-id"] == "mine-1.2_3"
    assert answer.json()["metadata"]["request_id"] == "mine-1.2_3"


@pytest.mark.parametrize("sent", ["", "with blank", "x" * 65, "<script>", "a/b"])
async def test_an_unfit_request_id_is_replaced(alone: Api, sent: str) -> None:
    answer = await alone.http.get("/api/v1/nothing", headers={"X-Request-ID": sent})
    assert re.fullmatch(r"req-[0-9a-f]{32}", answer.headers["x-request-id"])


async def test_health_needs_no_token(alone: Api) -> None:
    assert (await alone.http.get("/healthz")).json() == {"status": "ok"}
    ready = await alone.http.get("/readyz")
    assert (ready.status_code, ready.json()["status"]) == (200, "ready")


async def test_openapi_is_public_and_complete(alone: Api) -> None:
    answer = await alone.http.get("/api/openapi.json")
    assert answer.status_code == 200
    document = answer.json()
    assert document["openapi"].startswith("3.1")
    for path, operations in document["paths"].items():
        for operation in operations.values():
            assert operation["x-origin"] in {"S", "P", "I"}, path
            statuses = set(operation["responses"])
            assert all(each.isdigit() for each in statuses), path
            assert not {"422", "500"} & statuses, path
            for status, response in operation["responses"].items():
                (body,) = told(response)["content"].values()
                assert body["schema"], (path, status)
                assert "example" in body or body["examples"], (path, status)
    unlock = document["paths"]["/api/v1/devices/{device_id}/door/unlock"]["post"]
    shown = unlock["responses"]["200"]["content"]["application/json"]["example"]
    assert shown["data"]["audit_id"] == "AUD-20240205-001"
    error = document["components"]["schemas"]["Failure"]
    assert set(error["required"]) == {"status", "message", "error", "metadata"}
    shape = document["components"]["schemas"]["NewDevice"]
    assert shape["example"]["name"] == "Main Entrance Reader"


ASKING = [name for name, route in ROUTES.items() if route.fails and name not in SESSIONS]


@pytest.mark.parametrize("name", ASKING)
async def test_a_service_that_is_away_is_said_to_be(alone: Api, name: str) -> None:
    method, path = name.split(" ")
    answer = await alone.http.request(
        method, f"/api/v1{filled(path)}", headers=alone.admin, json=CALLS[name].body
    )
    error_of(answer, 503, "SERVICE_UNAVAILABLE")


@pytest.mark.parametrize(
    ("method", "path", "field"),
    [
        ("GET", "/devices/x", "device_id"),
        ("GET", "/devices/0", "device_id"),
        ("GET", "/devices/99999999999999999999", "device_id"),
        ("POST", "/attendance/sync/x", "device_id"),
        ("POST", "/attendance/sync", "device_id"),
        ("POST", "/door/unlock", "device_id"),
        ("GET", "/devices?page=0", "page"),
        ("GET", "/devices?limit=201", "limit"),
        ("GET", "/attendance?limit=1001", "limit"),
        ("GET", "/attendance?page=x", "page"),
        ("GET", "/attendance?device_id=x", "device_id"),
        ("GET", "/attendance?start_date=yesterday", "start_date"),
        ("GET", "/attendance?end_date=2024-02-30", "end_date"),
        ("GET", "/attendance?user_id=%00", "user_id"),
        ("GET", "/attendance/user/%00", "user_id"),
        ("GET", "/queue/jobs/%01", "job_id"),
    ],
)
async def test_bad_input_names_the_field(alone: Api, method: str, path: str, field: str) -> None:
    answer = await alone.http.request(method, f"/api/v1{path}", headers=alone.admin)
    assert fields_of(answer) == {field}
