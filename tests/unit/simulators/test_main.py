"""The simulator as a process: ready, stopped by a signal, killed and started again."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.unit.simulators.conftest import until
from tests.unit.simulators.raw import PATIENCE
from tests.unit.simulators.timmy.house import open_house

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from collections.abc import AsyncIterator

ROOT = Path(__file__).parents[3]
DEVICE = "serial=SIM1,host=127.0.93.1,port=0,users=3,records=50,zone=Asia/Jakarta"


@asynccontextmanager
async def simulator(*arguments: str) -> AsyncIterator[Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "services.devices.simulators", *arguments),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def ready(process: Process) -> Any:
    assert process.stdout is not None
    async with asyncio.timeout(2 * PATIENCE):
        return json.loads(await process.stdout.readline())


async def end(process: Process, number: int) -> int:
    process.send_signal(number)
    async with asyncio.timeout(PATIENCE):
        return await process.wait()


async def truth(told: Any) -> Any:
    async with httpx.AsyncClient(base_url=told["control"]) as http:
        return (await http.get("/devices/SIM1/truth")).json()


async def has_punches(told: Any, count: int) -> bool:
    return len(await truth(told)) >= count


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_it_is_ready_punches_live_and_stops(tmp_path: Path, number: int) -> None:
    options = ("--state-dir", str(tmp_path), "--device", DEVICE, "--live-every", "0.02")
    async with simulator(*options) as process, asyncio.timeout(2 * PATIENCE):
        told = await ready(process)
        assert [device["serial"] for device in told["devices"]] == ["SIM1"]
        await until(lambda: has_punches(told, 53))
        assert await end(process, number) == 0


async def test_no_answered_punch_is_lost_by_a_kill(tmp_path: Path) -> None:
    fleet = tmp_path / "fleet.json"
    fleet.write_text(json.dumps([{"serial": "SIM1", "host": "127.0.93.2", "port": 0, "key": 42}]))
    options = ("--state-dir", str(tmp_path / "state"), "--fleet", str(fleet))
    async with simulator(*options) as process:
        told = await ready(process)
        async with httpx.AsyncClient(base_url=told["control"]) as http:
            answers = [
                (await http.post("/devices/SIM1/punch", json={"user_id": "1001"})).json()
                for _ in range(20)
            ]
        await end(process, signal.SIGKILL)
    async with simulator(*options) as process:
        assert await truth(await ready(process)) == answers


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ((), "no device"),
        (("--device", "serial=A,zone=Nowhere"), "zone"),
        (("--device", "serial=A,port=0", "--device", "serial=A,port=0"), "twice"),
        (("--fleet", "missing.json"), "missing.json"),
        (("--device", "serial=A,port=0", "--control", "here"), "HOST:PORT"),
        (("--device", "serial=A,port=0", "--control", "192.0.2.1:0"), "loopback"),
        (("--device", "serial=A,host=192.0.2.1,port=0"), "cannot listen"),
    ],
)
async def test_what_is_wrong_is_said_in_a_sentence(
    tmp_path: Path, options: tuple[str, ...], word: str
) -> None:
    async with simulator("--state-dir", str(tmp_path), *options) as process:
        _, complaint = await process.communicate()
        assert process.returncode
        assert word in complaint.decode()
        assert "Traceback" not in complaint.decode()


async def test_terminals_that_dial_are_run_too(tmp_path: Path) -> None:
    async with open_house() as house:
        device = f"serial=ZXRE06022863,dialect=timmy,server={house.url},heartbeat=0.1"
        options = ("--state-dir", str(tmp_path), "--device", device, "--live-every", "0.02")
        async with simulator(*options) as process, asyncio.timeout(2 * PATIENCE):
            told = await ready(process)
            assert told["devices"] == [
                {"serial": "ZXRE06022863", "server": f"{house.url}/pub/chat"}
            ]
            assert [(await house.next("sendlog"))["count"] for _ in range(3)] == [1, 1, 1]
            assert await end(process, signal.SIGTERM) == 0
