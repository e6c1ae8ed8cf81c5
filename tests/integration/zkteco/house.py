"""Every service and an agent in one process, real NATS and Postgres, a fleet of terminals."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from cryptography.fernet import Fernet

from services.attendance import app as attendance_app
from services.attendance.settings import AttendanceSettings
from services.auth import app as auth_app
from services.auth.settings import AuthSettings
from services.devices import app as devices_app
from services.devices.agent import app as agent_app
from services.devices.agent.settings import AgentSettings
from services.devices.settings import DevicesSettings
from services.devices.simulators.device import Device
from services.devices.simulators.faults import Fault
from services.devices.simulators.fleet import Fleet
from services.devices.simulators.spec import DeviceSpec
from shared.kit.clock import SystemClock
from shared.kit.settings import Settings
from tests.component.auth.conftest import live, new_key
from tests.component.gateway.conftest import a_user, bearer, gateway
from tests.conftest import ADMIN, OTHER_ADMIN, Platform
from tests.e2e.demo import until

Json = dict[str, Any]
API = "/api/v1"


@dataclass
class House:
    """What a test needs: clients of the API, and the terminals behind it."""

    http: httpx.AsyncClient
    admin: dict[str, str]
    other: dict[str, str]
    user: dict[str, str]
    fleet: Fleet
    attendance: AsyncExitStack
    """Keeps attendance running; closed, it is away."""
    ids: dict[str, int] = field(default_factory=dict)
    """Of each registered terminal, by serial."""

    async def ask(
        self, method: str, path: str, body: Json | None = None, who: dict[str, str] | None = None
    ) -> httpx.Response:
        """Ask the API as the owner's administrator, or as somebody else."""
        return await self.http.request(method, f"{API}{path}", json=body, headers=who or self.admin)

    async def data(self, method: str, path: str, body: Json | None = None) -> Any:
        """Ask and return the data of a success."""
        answer = await self.ask(method, path, body)
        assert answer.is_success, answer.text
        return answer.json()["data"]

    def described(self, serial: str) -> Json:
        """How a terminal is registered."""
        server = self.fleet.servers[serial]
        return {
            "name": f"Terminal {serial}",
            "ip": server.device.spec.host,
            "port": server.port,
            "serial_number": serial,
        }

    async def register(self, serial: str, **more: object) -> int:
        """Register a terminal and wait until an agent holds it."""
        made = await self.data("POST", "/devices", {**self.described(serial), **more})
        self.ids[serial] = made["id"]
        await self.connected(serial)
        return self.ids[serial]

    async def connected(self, serial: str, *, whether: bool = True) -> None:
        """Wait until the API says that a terminal is connected, or is not."""

        async def said() -> bool:
            found = await self.data("GET", f"/devices/{self.ids[serial]}")
            return bool(found["is_connected"]) is whether

        await until(said, f"{serial} connected: {whether}")

    def device(self, serial: str) -> Device:
        """What a terminal itself holds."""
        return self.fleet.servers[serial].device

    async def fault(self, serial: str, kind: Fault) -> None:
        """Let a terminal misbehave."""
        await self.fleet.servers[serial].set_fault(kind)

    async def ended(self, job_id: str, seconds: float = 30.0) -> Json:
        """Wait for the end of a job and return it."""
        found: Json = {}

        async def over() -> bool:
            found.update(await self.data("GET", f"/queue/jobs/{job_id}"))
            return found["status"] in {"completed", "failed"}

        await until(over, f"end of {job_id}", seconds)
        return found


@asynccontextmanager
async def house(
    platform: Platform, directory: Path, terminals: Iterable[DeviceSpec]
) -> AsyncIterator[House]:
    """Everything running; terminals listen, none is registered."""
    await platform.clean()
    signing_key, secret_key = directory / "signing.pem", directory / "devices.key"
    signing_key.write_bytes(new_key())
    secret_key.write_bytes(Fernet.generate_key())
    bootstrap: dict[str, Any] = {"bootstrap_file": platform.bootstrap_file}
    parts: tuple[tuple[Any, type[Settings], str, dict[str, Any]], ...] = (
        (auth_app, AuthSettings, "auth", {"signing_key_file": signing_key, **bootstrap}),
        (devices_app, DevicesSettings, "devices", {"secret_key_file": secret_key, **bootstrap}),
        (attendance_app, AttendanceSettings, "attendance", {}),
        (
            agent_app,
            AgentSettings,
            "agent-hq",
            {"site": "hq", "agent": "hq-1", "data_dir": directory, "timmy_port": 0},
        ),
    )
    fleet = Fleet(list(terminals), directory / "terminals", SystemClock().now)
    await fleet.start()
    async with AsyncExitStack() as open_, AsyncExitStack() as attendance:
        open_.callback(fleet.stop)
        for part, kind, user, more in parts:
            settings = platform.settings(kind, user, **more)
            kept = attendance if part is attendance_app else open_
            await kept.enter_async_context(live(part.build(settings), settings))
        _, http = await open_.enter_async_context(gateway(platform))
        admin, other = await bearer(http, *ADMIN), await bearer(http, *OTHER_ADMIN)
        yield House(http, admin, other, await a_user(http, admin), fleet, attendance)


def spec(serial: str, number: int, **more: Any) -> DeviceSpec:
    """Describe a terminal on a loopback address of its own and whatever port is free."""
    values = {"users": 12, "records": 30, "templates": 4, "zone": "Asia/Jakarta", **more}
    return DeviceSpec(serial=serial, host=f"127.0.40.{number}", port=0, **values)
