"""The gateway over real HTTP, with the real services behind it; stand-ins where a test says so."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any, Literal

import httpx
import pytest
import pytest_asyncio
from cryptography.fernet import Fernet
from sqlalchemy import text

from services.attendance import app as attendance_app
from services.attendance.settings import AttendanceSettings
from services.auth import app as auth_app
from services.auth.settings import AuthSettings
from services.devices import app as devices_app
from services.devices.settings import DevicesSettings
from services.gateway import app as gateway_app
from services.gateway.settings import GatewaySettings
from shared.kit.bus import Bus
from shared.kit.http import HttpServer
from shared.kit.service import Service
from shared.kit.settings import Settings
from tests.component.auth.conftest import live, new_key
from tests.component.devices.conftest import Agent
from tests.component.gateway.scripted import Scripted, scripted
from tests.conftest import ADMIN, OTHER_ADMIN, Platform

Json = dict[str, Any]
Behind = Literal["everything", "nobody"]
_numbers = count(1)


@dataclass
class Api:
    """Clients of a running gateway, with and without a token."""

    http: httpx.AsyncClient
    gateway: Service
    agent: Agent
    """Stands in for the site's agent where the real registry runs."""
    broker: Bus
    """The provisioner's, for looking into streams."""
    admin: dict[str, str]
    other: dict[str, str]
    user: dict[str, str]
    employee: dict[str, str]
    """Of the first owner; devices know them as 121."""

    async def new_device(self, headers: dict[str, str] | None = None, **more: object) -> Json:
        number = next(_numbers)
        body = {"name": f"Door {number}", "ip": f"10.1.{number // 250}.{number % 250 + 1}", **more}
        answer = await self.http.post("/api/v1/devices", json=body, headers=headers or self.admin)
        assert answer.status_code == 201, answer.text
        data: Json = answer.json()["data"]
        return data

    async def sql(self, query: str, **values: object) -> list[tuple[Any, ...]]:
        """Ask the gateway's own schema, as its own role."""
        assert self.gateway.engine is not None
        async with self.gateway.engine.begin() as connection:
            return [tuple(row) for row in await connection.execute(text(query), values)]


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


@asynccontextmanager
async def gateway(platform: Platform) -> AsyncIterator[tuple[Service, httpx.AsyncClient]]:
    """One more gateway, and a client of it."""
    settings = platform.settings(GatewaySettings, "gateway", http_port=free_port())
    service = gateway_app.build(settings)
    server = HttpServer(service.app, settings)
    serving = asyncio.ensure_future(server.run())
    url = f"http://127.0.0.1:{settings.http_port}"
    try:
        async with live(service, settings), httpx.AsyncClient(base_url=url, timeout=20) as client:
            yield service, client
    finally:
        server.stop()
        await serving


async def bearer(http: httpx.AsyncClient, email: str, password: str) -> dict[str, str]:
    answer = await http.post("/api/v1/auth/login", json={"email": email, "password": password})
    assert answer.status_code == 200, answer.text
    return {"Authorization": f"Bearer {answer.json()['data']['access_token']}"}


async def a_user(http: httpx.AsyncClient, admin: dict[str, str]) -> dict[str, str]:
    """Register somebody who is no administrator, and log in."""
    user = {"username": "plain", "email": "plain@example.test", "password": "a plain long word"}
    answer = await http.post("/api/v1/auth/register", json=user, headers=admin)
    assert answer.status_code == 201, answer.text
    return await bearer(http, user["email"], user["password"])


async def an_employee(http: httpx.AsyncClient, admin: dict[str, str]) -> dict[str, str]:
    """Take in an employee, and log in as they do."""
    body = {
        "enroll_id": "121",
        "username": "asd",
        "password": "a strong password",
        "fullName": "mustafa",
    }
    answer = await http.post("/api/employees", json=body, headers=admin)
    assert answer.status_code == 200, answer.text
    answer = await http.post("/api/employees/login", json=body)
    assert answer.status_code == 200, answer.text
    return {"Authorization": f"Bearer {answer.json()['token']}"}


@asynccontextmanager
async def stack(platform: Platform, directory: Path, behind: Behind) -> AsyncIterator[Api]:
    """Auth and a gateway, and what is ``behind`` them."""
    await platform.clean()
    signing_key = directory / "signing.pem"
    signing_key.write_bytes(new_key())
    files: dict[str, Any] = {"bootstrap_file": platform.bootstrap_file}
    async with AsyncExitStack() as open_:
        auth = platform.settings(AuthSettings, "auth", signing_key_file=signing_key, **files)
        await open_.enter_async_context(live(auth_app.build(auth), auth))
        agent = Agent(bus_of(platform, "agent-hq"), "hq")
        broker = bus_of(platform, "provisioner")
        await broker.connect()
        open_.push_async_callback(broker.stop)
        if behind != "nobody":
            attendance = platform.settings(AttendanceSettings, "attendance")
            await open_.enter_async_context(live(attendance_app.build(attendance), attendance))
        if behind == "everything":
            await open_.enter_async_context(real_registry(platform, directory, agent))
        service, http = await open_.enter_async_context(gateway(platform))
        admin = await bearer(http, *ADMIN)
        other = await bearer(http, *OTHER_ADMIN)
        user, employee = await a_user(http, admin), await an_employee(http, admin)
        yield Api(http, service, agent, broker, admin, other, user, employee)


def bus_of(platform: Platform, user: str) -> Bus:
    """A connection to be made, as any user of the broker."""
    return Bus(user, platform.settings(Settings, user))


@asynccontextmanager
async def real_registry(platform: Platform, directory: Path, agent: Agent) -> AsyncIterator[None]:
    """The registry itself, and an agent of its site."""
    secret_key = directory / "devices.key"
    secret_key.write_bytes(Fernet.generate_key())
    files: dict[str, Any] = {
        "secret_key_file": secret_key,
        "bootstrap_file": platform.bootstrap_file,
    }
    settings = platform.settings(DevicesSettings, "devices", **files)
    async with live(devices_app.build(settings), settings):
        await agent.bus.connect()
        await agent.start()
        yield
        await agent.bus.stop()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def api(platform: Platform, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Api]:
    """Everything running."""
    async with stack(platform, tmp_path_factory.mktemp("api"), "everything") as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def alone(platform: Platform, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Api]:
    """Auth and the gateway, and nobody behind them."""
    async with stack(platform, tmp_path_factory.mktemp("alone"), "nobody") as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def parts(platform: Platform, alone: Api) -> AsyncIterator[Scripted]:
    """The registry, attendance and the forwarder, as a test tells them."""
    async with scripted(platform) as running:
        yield running


def refusal_of(answer: httpx.Response, status: int, word: str) -> Json:
    """Check an error of /api, and return it."""
    assert answer.status_code == status, answer.text
    body: Json = answer.json()
    assert (body["success"], body["error"]) == (False, word)
    assert isinstance(body["message"], str)
    assert body["message"]
    return body


def error_of(answer: httpx.Response, status: int, code: str) -> Json:
    """Check an error of /api/v1, whole, and return its ``error``."""
    assert answer.status_code == status, answer.text
    body = answer.json()
    assert set(body) == {"status", "message", "error", "metadata"}
    assert body["status"] is False
    assert body["message"]
    assert set(body["metadata"]) == {"timestamp", "request_id", "api_version"}
    assert body["metadata"]["api_version"] == "v1"
    assert body["metadata"]["request_id"] == answer.headers["x-request-id"]
    assert len(body["metadata"]["timestamp"]) == len("2024-02-05T14:30:00Z")
    error: Json = body["error"]
    assert error["code"] == code
    assert error["type"].endswith("Error")
    assert isinstance(error["details"], str)
    assert error["details"]
    return error


def fields_of(answer: httpx.Response) -> set[str]:
    """The fields that a 400 names."""
    error = error_of(answer, 400, "VALIDATION_ERROR")
    named = {each["field"] for each in error["fields"]}
    assert all(name in error["details"] for name in named)
    return named
