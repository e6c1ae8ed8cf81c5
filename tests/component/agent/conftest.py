"""A simulated terminal in a process of its own, as a device on the wall would be."""

from __future__ import annotations

import asyncio
import json
import socket
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest_asyncio

from shared.contracts.devices import RosterDevice
from tests.conftest import OWNER

KEY = 4711


@dataclass(frozen=True)
class Terminal:
    """One simulated terminal and the control of its fleet."""

    serial: str
    host: str
    port: int
    control: httpx.AsyncClient

    def roster(self, comm_key: int = KEY) -> RosterDevice:
        return RosterDevice(
            device_id=1,
            owner=OWNER,
            dialect="zk",
            host=self.host,
            port=self.port,
            comm_key=comm_key,
            zone="Asia/Jakarta",
            epoch=0,
            serial=self.serial,
        )

    async def state(self) -> dict[str, Any]:
        return dict((await self.control.get(f"/devices/{self.serial}")).json())

    async def truth(self) -> list[dict[str, Any]]:
        return list((await self.control.get(f"/devices/{self.serial}/truth")).json())

    async def unlocks(self) -> list[dict[str, Any]]:
        return list((await self.control.get(f"/devices/{self.serial}/unlocks")).json())

    async def punch(self, user_id: str, state: int = 0) -> dict[str, Any]:
        body = {"user_id": user_id, "state": state}
        answer = await self.control.post(f"/devices/{self.serial}/punch", json=body)
        return dict(answer.raise_for_status().json())

    async def fault(self, kind: str) -> None:
        answer = await self.control.post(f"/devices/{self.serial}/fault", json={"kind": kind})
        answer.raise_for_status()


def free_port(host: str) -> int:
    with socket.socket() as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


@pytest_asyncio.fixture(loop_scope="session")
async def terminal(tmp_path: Path) -> AsyncIterator[Terminal]:
    """One terminal with 600 records."""
    host = "127.0.8.1"
    port = free_port(host)
    spec = f"serial=SIM1,host={host},port={port},users=20,records=600,zone=Asia/Jakarta,key={KEY}"
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "services.devices.simulators",
        "--state-dir",
        str(tmp_path / "fleet"),
        "--control",
        "127.0.0.1:0",
        "--device",
        spec,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    ready = json.loads(await asyncio.wait_for(process.stdout.readline(), 20))
    async with httpx.AsyncClient(base_url=ready["control"]) as control:
        yield Terminal("SIM1", host, port, control)
    process.terminate()
    await process.communicate()
