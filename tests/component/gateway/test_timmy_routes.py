"""Every route of /api: who is let in, and what is said of what does not fit."""

from __future__ import annotations

import re

import httpx
import pytest

from shared.contracts.auth import GRANTS, Permission
from tests.component.gateway.conftest import Api, Json, refusal_of
from tests.unit.gateway.test_routes import served

ROUTES = {
    name: route
    for name, route in served().items()
    if not name.split(" ")[1].startswith("/api/v1/") and not name.endswith("/openapi.json")
}
ID = "64f5c0ffee5eed0ddba11abc"
SERIAL = "ZXRE06022863"
PERSON: Json = {"enrollid": 10012, "name": "John Smith1", "aliasid": "JSMITH1", "backupnum": 50}
EMPLOYEE: Json = {"enroll_id": 7, "username": "u", "password": "p", "fullName": "F"}
MOVE: Json = {"fromSn": SERIAL, "toSn": "TYSG18086518", "enrollIds": [2]}
LOG: Json = {"sn": SERIAL, "record": [{"enrollid": 2, "time": "2025-11-08T09:00:00"}]}
BODIES: dict[str, Json] = {
    "POST /api/device/{sn}/delete-users": {"enrollIds": [2]},
    "POST /api/transfer-users": MOVE,
    "POST /api/device/{sn}/add-user": PERSON,
    "POST /api/employees": EMPLOYEE,
    "PUT /api/employees/{id}": {"fullName": "F"},
    "POST /api/fingerprints/app": {"event": 1},
}
OWN = {name for name, route in ROUTES.items() if "/employees" in name or "/auth/" in name}
"""What auth alone does, which is there."""


def filled(name: str, id_: str = ID) -> tuple[str, str]:
    method, path = name.split(" ")
    return method, path.replace("{id}", id_).replace("{sn}", SERIAL)


async def call(api: Api, name: str, headers: dict[str, str], id_: str = ID) -> httpx.Response:
    method, path = filled(name, id_)
    return await api.http.request(method, path, json=BODIES.get(name), headers=headers)


@pytest.mark.parametrize("name", ROUTES)
async def test_nobody_is_let_in_without_a_token(alone: Api, name: str) -> None:
    if ROUTES[name].permission is Permission.PUBLIC:
        return
    for headers in ({}, {"Authorization": "Bearer nonsense"}):
        refusal_of(await call(alone, name, headers), 401, "unauthorized")


@pytest.mark.parametrize("name", sorted(set(ROUTES) - OWN))
@pytest.mark.parametrize("role", sorted(GRANTS))
async def test_each_role_may_what_it_is_granted(alone: Api, name: str, role: str) -> None:
    headers = {"admin": alone.admin, "user": alone.user, "employee": alone.employee}[role]
    answer = await call(alone, name, headers)
    permission = ROUTES[name].permission
    if permission is Permission.PUBLIC:
        return
    if permission not in GRANTS[role]:
        refusal_of(answer, 403, "forbidden")
    elif name.endswith("/employee"):  # asks auth first, which is there
        refusal_of(answer, 503, "service_unavailable")
    else:
        refusal_of(answer, 503, "service_unavailable")


@pytest.mark.parametrize("name", [name for name in ROUTES if "{id}" in name])
@pytest.mark.parametrize("unfit", ["x", "1", "64f5", f"{ID}0", "%00", "g" * 24, "..%2f"])
async def test_an_id_that_is_none_is_the_id_of_nothing(alone: Api, name: str, unfit: str) -> None:
    refusal_of(await call(alone, name, alone.admin, unfit), 404, "not_found")


@pytest.mark.parametrize("name", [name for name in ROUTES if "{sn}" in name])
@pytest.mark.parametrize("unfit", ["%00", "x" * 65, "%07"])
async def test_a_serial_that_is_none_is_like_any_unknown(alone: Api, name: str, unfit: str) -> None:
    method, path = name.split(" ")
    answer = await alone.http.request(
        method, path.replace("{sn}", unfit), json=BODIES.get(name), headers=alone.admin
    )
    refusal_of(answer, 503, "device_offline_or_not_registered")


PAGED = ["operations", "fingerprints/mobile-logs", "fingerprints/employee"]


@pytest.mark.parametrize("path", PAGED)
@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("page=0", "page"),
        ("page=x", "page"),
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("from=yesterday", "from"),
        ("to=2025-02-30", "to"),
    ],
)
async def test_what_is_wrong_in_a_query_is_named(
    alone: Api, path: str, query: str, field: str
) -> None:
    headers = alone.employee if path.endswith("employee") else alone.admin
    answer = await alone.http.get(f"/api/{path}?{query}", headers=headers)
    body = refusal_of(answer, 400, "validation_error")
    assert [each["field"] for each in body["fields"]] == [field]


@pytest.mark.parametrize(
    ("path", "query", "field"),
    [
        ("operations", "status=done", "status"),
        ("fingerprints/mobile-logs", "is_send=yes", "is_send"),
        ("fingerprints/mobile-logs", "send_failed=2", "send_failed"),
        ("device/X/users", "withRecords=maybe", "withRecords"),
    ],
)
async def test_so_are_filters(alone: Api, path: str, query: str, field: str) -> None:
    answer = await alone.http.get(f"/api/{path}?{query}", headers=alone.admin)
    body = refusal_of(answer, 400, "validation_error")
    assert [each["field"] for each in body["fields"]] == [field]


def changed(good: Json, *bad: tuple[Json, str]) -> list[tuple[Json, str]]:
    return [({**good, **each}, field) for each, field in bad]


BAD: dict[str, list[tuple[Json, str]]] = {
    "POST /api/device/{sn}/add-user": changed(
        PERSON,
        ({"enrollid": 0}, "enrollid"),
        ({"enrollid": 99_999_999}, "enrollid"),
        ({"enrollid": 10**12}, "enrollid"),
        ({"enrollid": "7"}, "enrollid"),
        ({"enrollid": True}, "enrollid"),
        ({"backupnum": 12}, "backupnum"),
        ({"backupnum": 30}, "backupnum"),
        ({"backupnum": -1}, "backupnum"),
        ({"name": ""}, "name"),
        ({"aliasid": "x" * 33}, "aliasid"),
    ),
    "POST /api/device/{sn}/delete-users": [
        ({}, "enrollIds"),
        ({"enrollIds": []}, "enrollIds"),
        ({"enrollIds": 5}, "enrollIds"),
        ({"enrollIds": [5] * 1001}, "enrollIds"),
    ],
    "POST /api/transfer-users": changed(
        MOVE,
        ({"fromSn": ""}, "fromSn"),
        ({"toSn": SERIAL.lower()}, "toSn"),
        ({"deleteFromSource": "no"}, "deleteFromSource"),
        ({"enrollIds": [0]}, "enrollIds"),
        ({"enrollIds": "all"}, "enrollIds"),
    ),
    "POST /api/employees": changed(
        EMPLOYEE,
        ({"enroll_id": "1 2"}, "enroll_id"),
        ({"enroll_id": -1}, "enroll_id"),
        ({"username": "two words"}, "username"),
        ({"username": None}, "username"),
        ({"password": ""}, "password"),
        ({"fullName": " "}, "fullName"),
        ({"email": "no at sign"}, "email"),
        ({"phone": 5}, "phone"),
        ({"isActive": "yes"}, "isActive"),
        ({"app_permissions": {"can_login_app": "yes"}}, "app_permissions.can_login_app"),
    ),
    "POST /api/device-log": changed(
        LOG,
        ({"sn": ""}, "sn"),
        ({"record": []}, "record"),
        ({"record": [{"enrollid": 2}]}, "record.0.time"),
        ({"record": [{"enrollid": "a b", "time": "2025-11-08 09:00:00"}]}, "record.0.enrollid"),
        ({"record": [{"enrollid": 2, "time": "2025-11-08"}]}, "record.0.time"),
        ({"record": [{"enrollid": 2, "time": "2025-02-30 09:00:00"}]}, "record.0.time"),
        ({"record": [{"enrollid": 2, "time": "2025-11-08T09:00:00Z"}]}, "record.0.time"),
        ({"record": [{"enrollid": 2, "time": "2025-11-08T09:00:00+03:00"}]}, "record.0.time"),
        ({"record": [{"enrollid": 2, "time": 5}]}, "record.0.time"),
        (
            {"record": [{"enrollid": 2, "time": "2025-11-08 09:00:00", "mode": "x"}]},
            "record.0.mode",
        ),
    ),
    "POST /api/employees/login": [({"username": "u"}, "password"), ({"password": "p"}, "username")],
}


@pytest.mark.parametrize(
    ("name", "body", "field"), [(name, *each) for name, bad in BAD.items() for each in bad]
)
async def test_what_is_wrong_in_a_body_is_named(
    alone: Api, name: str, body: Json, field: str
) -> None:
    method, path = filled(name)
    answer = await alone.http.request(method, path, json=body, headers=alone.admin)
    said = refusal_of(answer, 400, "validation_error")
    assert [each["field"] for each in said["fields"]] == [field]


PUNCHES: list[tuple[Json, str]] = [
    ({"event": "in"}, "event"),
    ({"location": {"latitude": 91}}, "location.latitude"),
    ({"location": {"longitude": -181}}, "location.longitude"),
    ({"location": "here"}, "location"),
    ({"macs": "x" * 513}, "macs"),
    ({"image": "data:image/png;base64,AAAA"}, "image"),
    ({"image": "AAAA"}, "image"),
]


@pytest.mark.parametrize(("body", "field"), PUNCHES)
async def test_what_is_wrong_in_a_punch_is_named(alone: Api, body: Json, field: str) -> None:
    answer = await alone.http.post("/api/fingerprints/app", json=body, headers=alone.employee)
    said = refusal_of(answer, 400, "validation_error")
    assert [each["field"] for each in said["fields"]] == [field]


async def test_only_a_punch_may_be_large(alone: Api) -> None:
    body = {"event": 1, "image": "A" * (2**20 + 1)}
    answer = await alone.http.post("/api/fingerprints/app", json=body, headers=alone.employee)
    refusal_of(answer, 400, "validation_error")
    answer = await alone.http.post("/api/employees", json=body, headers=alone.admin)
    refusal_of(answer, 413, "too_large")
    answer = await alone.http.post(
        "/api/fingerprints/app", content=b" " * (8 * 2**20 + 1), headers=alone.employee
    )
    refusal_of(answer, 413, "too_large")


async def test_bodies_may_be_missing_where_none_is_needed(alone: Api) -> None:
    for path in ("device/X/clean-log", "fingerprints/retry-failed", f"operations/{ID}/retry"):
        for sent in ({}, {"content": b"", "headers": {"Content-Type": "text/plain"}}):
            more = {"headers": {**sent.get("headers", {}), **alone.admin}}  # type: ignore[dict-item]
            answer = await alone.http.post(f"/api/{path}", **{**sent, **more})  # type: ignore[arg-type]
            refusal_of(answer, 503, "service_unavailable")
            slash = await alone.http.post(f"/api/{path}/", **{**sent, **more})  # type: ignore[arg-type]
            refusal_of(slash, 503, "service_unavailable")


async def test_wrong_methods(alone: Api) -> None:
    answer = await alone.http.get(f"/api/operations/{ID}/cancel")
    refusal_of(answer, 405, "method_not_allowed")
    assert answer.headers["allow"] == "POST"
    answer = await alone.http.put("/api/employees/login")
    refusal_of(answer, 401, "unauthorized")
    answer = await alone.http.patch("/api/employees/login")
    refusal_of(answer, 405, "method_not_allowed")
    assert answer.headers["allow"] == "POST"


async def test_v1_is_asked_before_api(alone: Api) -> None:
    body = (await alone.http.get("/api/v1/devices", headers=alone.employee)).json()
    assert (body["status"], body["error"]["code"]) == (False, "FORBIDDEN")


async def test_languages(alone: Api) -> None:
    path = f"/api/operations/{ID}/cancel"
    said = [
        (await alone.http.post(path, headers={"Accept-Language": language})).json()["message"]
        for language in ("", "en", "id", "ar")
    ]
    assert said == ["Unauthorized", "Unauthorized", "Tidak terautentikasi", "غير مصرح"]


async def test_times_have_three_digits_and_z(alone: Api) -> None:
    answer = await alone.http.get("/api/employees", headers=alone.admin)
    (employee,) = answer.json()["items"]
    for name in ("createdAt", "updatedAt"):
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", employee[name])
