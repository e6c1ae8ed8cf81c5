"""Every service and an agent in one process, terminals that dial in, and a webhook receiver."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from cryptography.fernet import Fernet

from deploy.local.ports import free_port
from services.attendance import app as attendance_app
from services.attendance.settings import AttendanceSettings
from services.auth import app as auth_app
from services.auth.settings import AuthSettings
from services.devices import app as devices_app
from services.devices.agent import app as agent_app
from services.devices.agent.settings import AgentSettings
from services.devices.settings import DevicesSettings
from services.devices.simulators.fleet import Fleet
from services.devices.simulators.quirks import Dialect
from services.devices.simulators.spec import DeviceSpec
from services.devices.simulators.timmy.terminal import TimmyTerminal
from services.forwarder import app as forwarder_app
from services.forwarder.settings import ForwarderSettings
from shared.kit.clock import SystemClock
from shared.kit.settings import Settings
from tests.component.auth.conftest import live, new_key
from tests.component.forwarder.receiver import Receiver
from tests.component.gateway.conftest import bearer, gateway
from tests.conftest import OTHER_ADMIN, OTHER_OWNER, OWNER, Platform
from tests.e2e.demo import until

Json = dict[str, Any]
ADMIN = ("admin@timmy.local", "admin123")
EMPLOYEE: Json = {
    "enroll_id": "86359",
    "username": "emp-86359.mo",
    "password": "password123",
    "fullName": "Employee Name",
}
"""The accounts of the document's own examples."""
SECRET = "a-token-of-the-receiver"  # noqa: S105 - of these tests only


@dataclass
class House:
    """What a test needs: clients of the API, the terminals behind it, and the receiver."""

    http: httpx.AsyncClient
    admin: dict[str, str]
    other: dict[str, str]
    employee: dict[str, str]
    fleet: Fleet
    receiver: Receiver
    attendance: AsyncExitStack
    """Keeps attendance running; closed, it is away."""
    ids: dict[str, int] = field(default_factory=dict)
    """Of each registered device, by serial."""

    @property
    def url(self) -> str:
        return str(self.http.base_url).rstrip("/")

    async def ask(
        self, method: str, path: str, body: Json | None = None, who: dict[str, str] | None = None
    ) -> httpx.Response:
        """Ask /api as the owner's administrator, or as somebody else."""
        headers = who or self.admin
        return await self.http.request(method, f"/api{path}", json=body, headers=headers)

    async def said(
        self, method: str, path: str, body: Json | None = None, who: dict[str, str] | None = None
    ) -> Any:
        """Ask /api and return the body of a success."""
        answer = await self.ask(method, path, body, who)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def data(self, method: str, path: str, body: Json | None = None) -> Any:
        """Ask /api/v1 and return the data of a success."""
        answer = await self.ask(method, f"/v1{path}", body)
        assert answer.is_success, answer.text
        return answer.json()["data"]

    def terminal(self, serial: str) -> TimmyTerminal:
        return self.fleet.terminals[serial]

    async def register(self, serial: str, *, waits: bool = True) -> int:
        """Register a device and, if it is there, wait until an agent holds it."""
        body: Json = {"name": f"Terminal {serial}", "serial_number": serial}
        if serial in self.fleet.servers:
            server = self.fleet.servers[serial]
            body |= {"ip": server.device.spec.host, "port": server.port}
        else:
            body |= {"dialect": "timmy"}
        self.ids[serial] = (await self.data("POST", "/devices", body))["id"]
        if waits:
            await self.connected(serial)
        return self.ids[serial]

    async def connected(self, serial: str, *, whether: bool = True) -> None:
        """Wait until the API says that a device is connected, or is not."""

        async def said() -> bool:
            found = await self.data("GET", f"/devices/{self.ids[serial]}")
            return bool(found["is_connected"]) is whether

        await until(said, f"{serial} connected: {whether}")

    async def operation(self, op_id: str) -> Json:
        """One operation of the first 200."""
        items = (await self.said("GET", "/operations?limit=200"))["items"]
        (found,) = [each for each in items if each["_id"] == op_id]
        operation: Json = found
        return operation

    async def ended(self, op_id: str, seconds: float = 30.0) -> Json:
        """Wait for the end of an operation and return it."""
        found: Json = {}

        async def over() -> bool:
            found.update(await self.operation(op_id))
            return found["status"] not in {"pending", "sent"}

        await until(over, f"end of {op_id}", seconds)
        return found

    async def recorded(self, serial: str, number: int) -> None:
        """Wait until attendance has so many punches of a device."""

        async def there() -> bool:
            answer = await self.ask("GET", f"/v1/attendance/device/{self.ids[serial]}")
            return bool(answer.json()["metadata"]["total"] >= number)

        await until(there, f"{number} punches of {serial}")


def _bootstrap(directory: Path) -> Path:
    """The document's own administrator, and another owner's."""

    def owner(id_: str, email: str, password: str, site: str) -> Json:
        admin = {"username": f"admin-{site}", "email": email, "password": password}
        sites = [{"id": site, "name": site.title(), "zone": "Asia/Baghdad"}]
        return {"id": id_, "name": f"Owner of {site}", "admin": admin, "sites": sites}

    owners = [owner(OWNER, *ADMIN, "hq"), owner(OTHER_OWNER, *OTHER_ADMIN, "other")]
    file = directory / "bootstrap.json"
    file.write_text(json.dumps({"owners": owners}), encoding="utf-8")
    return file


def _employ(login: Json) -> dict[str, str]:
    return {"Authorization": f"Bearer {login['token']}"}


@asynccontextmanager
async def house(
    platform: Platform, directory: Path, terminals: Iterable[Json]
) -> AsyncIterator[House]:
    """Everything running; terminals listen or dial, none is registered."""
    await platform.clean()
    signing_key, secret_key = directory / "signing.pem", directory / "devices.key"
    signing_key.write_bytes(new_key())
    secret_key.write_bytes(Fernet.generate_key())
    bootstrap: Json = {"bootstrap_file": _bootstrap(directory)}
    port = free_port()
    receiver = Receiver(free_port())
    target = {"FORWARD_LOG_URL": receiver.url, "FORWARD_LOG_TOKEN": SECRET, "_env_file": None}
    agent = {"site": "hq", "agent": "hq-1", "data_dir": directory, "timmy_port": port}
    parts: tuple[tuple[Any, type[Settings], str, Json], ...] = (
        (
            auth_app,
            AuthSettings,
            "auth",
            {"signing_key_file": signing_key, "demo": True} | bootstrap,
        ),
        (devices_app, DevicesSettings, "devices", {"secret_key_file": secret_key} | bootstrap),
        (attendance_app, AttendanceSettings, "attendance", {}),
        (forwarder_app, ForwarderSettings, "forwarder", target),
        (agent_app, AgentSettings, "agent-hq", agent),
    )
    server = f"ws://127.0.0.1:{port}/pub/chat"
    specs = [DeviceSpec(**{"server": server, **each}) for each in terminals]
    fleet = Fleet(specs, directory / "terminals", SystemClock().now)
    async with AsyncExitStack() as open_, AsyncExitStack() as attendance:
        await open_.enter_async_context(receiver.open())
        for part, kind, user, more in parts:
            settings = platform.settings(kind, user, **more)
            kept = attendance if part is attendance_app else open_
            await kept.enter_async_context(live(part.build(settings), settings))
        await fleet.start()
        open_.callback(fleet.stop)
        _, http = await open_.enter_async_context(gateway(platform))
        http.timeout = httpx.Timeout(70)
        admin, other = await bearer(http, *ADMIN), await bearer(http, *OTHER_ADMIN)
        answer = await http.post("/api/employees", json=EMPLOYEE, headers=admin)
        assert answer.status_code == 200, answer.text
        login = await http.post("/api/employees/login", json=EMPLOYEE)
        yield House(http, admin, other, _employ(login.json()), fleet, receiver, attendance)


def timmy(serial: str, **more: Any) -> Json:
    """Describe a terminal that dials in, as the simulators want it."""
    values = {"users": 6, "records": 0, "backlog": 20, "zone": "Asia/Baghdad", "heartbeat": 0.2}
    return {"serial": serial, "dialect": Dialect.TIMMY, **values, **more}


def zkteco(serial: str, number: int, **more: Any) -> Json:
    """Describe a terminal that is dialled, on a loopback address of its own."""
    values = {"users": 12, "records": 30, "templates": 4, "zone": "Asia/Baghdad", "port": 0}
    return {"serial": serial, "host": f"127.0.42.{number}", **values, **more}
