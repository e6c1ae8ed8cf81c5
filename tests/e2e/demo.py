"""The demo as a person starts it, on ports of its own, and what a person would look at."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, LiteralString

import httpx
import psycopg

from tests.conftest import ROOT

PORTS = (
    *("GATEWAY", "NATS", "POSTGRES", "PROVISIONER", "AUTH", "DEVICES"),
    *("ATTENDANCE", "FORWARDER", "AGENT", "TIMMY", "FLEET", "RECEIVER", "TERMINAL"),
)
Json = dict[str, Any]


async def until(
    done: Callable[[], Awaitable[object]], what: str, seconds: float = 30.0, pause: float = 0.05
) -> None:
    """Poll until something holds; an error that passes while processes restart does not count."""
    last: object = None
    try:
        async with asyncio.timeout(seconds):
            while True:
                try:
                    last = await done()
                    if last:
                        return
                except (httpx.HTTPError, psycopg.Error, OSError, KeyError) as error:
                    last = repr(error)
                await asyncio.sleep(pause)
    except TimeoutError:
        msg = f"not within {seconds:.0f} s: {what}; last seen: {last!r}"
        raise AssertionError(msg) from None


@dataclass
class Demo:
    """A running demo."""

    process: asyncio.subprocess.Process
    directory: Path
    guide: Json
    api: httpx.AsyncClient
    fleet: httpx.AsyncClient
    ports: dict[str, int]

    @property
    def serials(self) -> list[str]:
        return [device["serial"] for device in self.guide["devices"]]

    def pid(self, name: str) -> int:
        """The process id of one of the demo's processes, as it runs now."""
        run: Json = json.loads((self.directory / "run.json").read_text(encoding="utf-8"))
        return int(run[name]["pid"])

    def restarts(self, name: str) -> int:
        run: Json = json.loads((self.directory / "run.json").read_text(encoding="utf-8"))
        return int(run[name]["restarts"])

    def kill(self, name: str) -> None:
        """End one process as a crash would; only ever one that this demo started."""
        os.kill(self.pid(name), signal.SIGKILL)

    async def log_in(self) -> None:
        body = {"email": self.guide["admin_email"], "password": self.guide["admin_password"]}
        answer = await self.api.post("/api/v1/auth/login", json=body)
        token = answer.raise_for_status().json()["data"]["access_token"]
        self.api.headers["authorization"] = f"Bearer {token}"

    async def log_in_again(self) -> bool:
        """Log in, so that it can be polled while processes restart."""
        await self.log_in()
        return True

    async def devices(self) -> dict[str, int]:
        """Each device's id by its serial number."""
        answer = await self.api.get("/api/v1/devices", params={"limit": 100})
        return {
            each["serial_number"]: each["id"] for each in answer.raise_for_status().json()["data"]
        }

    async def truth(self, serial: str) -> list[Json]:
        return list((await self.fleet.get(f"/devices/{serial}/truth")).raise_for_status().json())

    async def punch(self, serial: str, user_id: str, state: int = 0) -> Json:
        body = {"user_id": user_id, "state": state}
        answer = await self.fleet.post(f"/devices/{serial}/punch", json=body)
        return dict(answer.raise_for_status().json())

    async def fault(self, serial: str, kind: str) -> None:
        answer = await self.fleet.post(f"/devices/{serial}/fault", json={"kind": kind})
        answer.raise_for_status()

    async def backlog(self, serial: str, records: int) -> None:
        """More records in a device's log that were never said live."""
        answer = await self.fleet.post(f"/devices/{serial}/backlog", json={"records": records})
        answer.raise_for_status()

    async def attendance(self, **filters: str | int) -> list[Json]:
        """Every punch the API shows, over all pages; new ones may shift them meanwhile."""
        items: dict[str, Json] = {}
        page = 1
        while True:
            params: dict[str, str | int] = {"page": page, "limit": 1000, **filters}
            answer = (await self.api.get("/api/v1/attendance", params=params)).raise_for_status()
            body = answer.json()
            items.update({each["id"]: each for each in body["data"]})
            if page >= body["metadata"]["total_pages"]:
                return list(items.values())
            page += 1

    def received(self) -> list[Json]:
        """Every request the webhook receiver has got."""
        path = Path(self.guide["receiver_log"])
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]

    async def recorded(self, device: int) -> int:
        """How many punches of a device are committed, as the database itself says."""
        query = "select count(*) from attendance.punches where device_id = %s"
        ((count,),) = await self.sql(query, device)
        return int(count)

    async def sql(self, query: LiteralString, *values: object) -> list[tuple[Any, ...]]:
        """Ask the database itself, as its superuser."""
        (secret,) = (self.directory / "secrets").glob("bootstrap.password")
        async with await psycopg.AsyncConnection.connect(
            host="127.0.0.1",
            port=self.ports["POSTGRES"],
            user=secret.stem,
            password=secret.read_text(encoding="utf-8").strip(),
            dbname="muster",
            connect_timeout=3,
        ) as connection:
            found = await connection.execute(query, values)
            return await found.fetchall() if found.description else []


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@asynccontextmanager
async def running(directory: Path) -> AsyncIterator[Demo]:
    """Start the demo and wait until it says that it is ready."""
    ports = {name: free_port() for name in PORTS}
    env = {
        "PATH": os.defpath,
        "MUSTER_DATA_DIR": str(directory),
        **{f"MUSTER_PORT_{name}": str(port) for name, port in ports.items()},
    }
    log = (directory.parent / "runner.log").open("wb")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "deploy.local", "demo"), cwd=ROOT, env=env, stdout=log, stderr=log
    )
    try:
        async with asyncio.timeout(90):
            while not (directory / "demo.json").exists():
                assert process.returncode is None, (directory.parent / "runner.log").read_text()
                await asyncio.sleep(0.05)
        guide = json.loads((directory / "demo.json").read_text(encoding="utf-8"))
        async with (
            httpx.AsyncClient(base_url=guide["gateway"], timeout=30, trust_env=False) as api,
            httpx.AsyncClient(
                base_url=guide["fleet_control"], timeout=30, trust_env=False
            ) as fleet,
        ):
            demo = Demo(process, directory, guide, api, fleet, ports)
            await demo.log_in()
            yield demo
    finally:
        if process.returncode is None:
            process.terminate()
        await asyncio.wait_for(process.wait(), 60)
        log.close()
