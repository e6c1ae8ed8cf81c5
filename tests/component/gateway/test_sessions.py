"""Logging in and registering, in both dialects, over HTTP."""

from __future__ import annotations

import asyncio

import jwt
import pytest

from tests.component.gateway.conftest import Api, error_of, fields_of
from tests.conftest import ADMIN

LOGINS = ["/api/v1/auth/login", "/api/v1/login", "/api/v1/users/login"]
REGISTERS = ["/api/v1/auth/register", "/api/v1/register", "/api/v1/users/register"]


@pytest.mark.parametrize("path", LOGINS)
async def test_login_is_as_the_document_shows(alone: Api, path: str) -> None:
    answer = await alone.http.post(path, json={"email": ADMIN[0], "password": ADMIN[1]})
    assert answer.status_code == 200
    body = answer.json()
    assert (body["status"], body["message"]) == (True, "Login successful")
    data = body["data"]
    assert (data["token_type"], data["expires_in"]) == ("Bearer", 3600)
    claims = jwt.decode(data["access_token"], options={"verify_signature": False})
    assert claims["exp"] - claims["iat"] == 3600
    assert claims["role"] == "admin"
    assert "password_change_advised" not in data


@pytest.mark.parametrize(
    ("language", "message", "details"),
    [
        (None, "Invalid credentials", "Email atau password salah"),
        ("*", "Invalid credentials", "Email atau password salah"),
        ("fr", "Invalid credentials", "Email atau password salah"),
        ("en-GB", "Invalid credentials", "The e-mail or the password is wrong."),
        ("id,en;q=0.5", "Kredensial tidak valid", "Email atau password salah"),
        ("ar", "بيانات الدخول غير صحيحة", "البريد الإلكتروني أو كلمة المرور غير صحيحة"),
    ],
)
async def test_wrong_credentials_in_each_language(
    alone: Api, language: str | None, message: str, details: str
) -> None:
    answer = await alone.http.post(
        LOGINS[0],
        json={"email": f"nobody-{language}@x", "password": "wrong"},
        headers={"Accept-Language": language or ""},
    )
    error = error_of(answer, 401, "INVALID_CREDENTIALS")
    assert (answer.json()["message"], error["details"]) == (message, details)
    assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({}, {"email", "password"}),
        ({"email": "no at sign", "password": "x"}, {"email"}),
        ({"email": "a@b", "password": ""}, {"password"}),
        ({"email": "a@b", "password": "x" * 257}, {"password"}),
        ({"email": 5, "password": ["x"]}, {"email", "password"}),
        ({"email": "a@b", "password": "x\0"}, {"password"}),
    ],
)
async def test_login_names_what_is_wrong(
    alone: Api, body: dict[str, object], named: set[str]
) -> None:
    answer = await alone.http.post(LOGINS[0], json=body)
    assert fields_of(answer) == named
    assert "x" * 257 not in answer.text


async def test_nobody_chooses_the_life_of_a_token(alone: Api) -> None:
    body = {"email": ADMIN[0], "password": ADMIN[1], "access_seconds": 86_400}
    answer = await alone.http.post(LOGINS[0], json=body)
    assert answer.json()["data"]["expires_in"] == 3600


async def test_too_many_failures_say_when_to_try_again(alone: Api) -> None:
    body = {"email": "guessed@example.test", "password": "wrong"}
    for _ in range(20):
        error_of(await alone.http.post(LOGINS[0], json=body), 401, "INVALID_CREDENTIALS")
    answer = await alone.http.post(LOGINS[0], json=body)
    error_of(answer, 429, "TOO_MANY_REQUESTS")
    assert int(answer.headers["retry-after"]) > 0


async def test_refresh_and_logout(alone: Api) -> None:
    body = {"email": ADMIN[0], "password": ADMIN[1]}
    first = (await alone.http.post(LOGINS[0], json=body)).json()["data"]
    answer = await alone.http.post(
        "/api/v1/auth/refresh", json={"refresh_token": first["refresh_token"]}
    )
    second = answer.json()["data"]
    assert second["expires_in"] == 3600
    assert second["access_token"] != first["access_token"]
    headers = {"Authorization": f"Bearer {second['access_token']}"}
    answer = await alone.http.post("/api/v1/auth/logout", headers=headers)
    assert (answer.status_code, answer.json()["data"]) == (200, {})
    async with asyncio.timeout(10):
        while answer.status_code != 401:
            await asyncio.sleep(0.1)
            answer = await alone.http.post("/api/v1/auth/logout", headers=headers)
    error_of(answer, 401, "UNAUTHORIZED")
    reused = {"refresh_token": first["refresh_token"]}
    error_of(await alone.http.post("/api/v1/auth/refresh", json=reused), 401, "UNAUTHORIZED")
    assert fields_of(await alone.http.post("/api/v1/auth/refresh")) == {"refresh_token"}


@pytest.mark.parametrize("path", REGISTERS)
async def test_register_is_as_the_document_shows(alone: Api, path: str) -> None:
    name = f"john{REGISTERS.index(path)}"
    body = {
        "username": name,
        "email": f"{name}@example.test",
        "password": "password123",
        "role": "user",
    }
    answer = await alone.http.post(path, json=body, headers=alone.admin)
    assert answer.status_code == 201
    assert answer.json()["message"] == "User berhasil didaftarkan"
    data = answer.json()["data"]
    assert isinstance(data.pop("id"), int)
    assert data == {"username": name, "email": body["email"], "role": "user"}
    answer = await alone.http.post(LOGINS[0], json=body)
    assert answer.json()["data"]["password_change_advised"] is True
    answer = await alone.http.post(path, json=body, headers=alone.admin)
    error_of(answer, 409, "EMAIL_TAKEN")
    answer = await alone.http.post(
        path, json={**body, "email": f"x{body['email']}"}, headers=alone.admin
    )
    error_of(answer, 409, "USERNAME_TAKEN")


async def test_register_is_for_admins(alone: Api) -> None:
    body = {"username": "n", "email": "n@example.test", "password": "password123"}
    error_of(await alone.http.post(REGISTERS[0], json=body), 401, "UNAUTHORIZED")
    answer = await alone.http.post(REGISTERS[0], json=body, headers=alone.user)
    error_of(answer, 403, "FORBIDDEN")
    answer = await alone.http.post(REGISTERS[0], json={"role": "boss"}, headers=alone.admin)
    assert fields_of(answer) == {"username", "email", "password", "role"}


async def test_timmy_login_has_its_own_shape(alone: Api) -> None:
    body = {"email": ADMIN[0], "password": ADMIN[1]}
    answer = await alone.http.post("/api/auth/login", json=body)
    assert answer.status_code == 200
    data = answer.json()
    assert data["success"] is True
    assert data["user"] == {"email": ADMIN[0], "name": "admin-hq", "role": "ADMIN"}
    claims = jwt.decode(data["token"], options={"verify_signature": False})
    assert claims["exp"] - claims["iat"] == 12 * 3600


@pytest.mark.parametrize(
    ("body", "status", "error"),
    [
        ({"email": "timmy-nobody@x", "password": "no"}, 401, "invalid_credentials"),
        ({}, 400, "validation_error"),
    ],
)
async def test_timmy_errors_have_their_own_shape(
    alone: Api, body: dict[str, str], status: int, error: str
) -> None:
    answer = await alone.http.post("/api/auth/login", json=body)
    assert answer.status_code == status
    data = answer.json()
    assert (data["success"], data["error"]) == (False, error)
    assert isinstance(data["message"], str)
