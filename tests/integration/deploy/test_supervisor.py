"""Processes are kept running, said why they ended, and gone when the runner is."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from deploy.local.child import NotReadyError
from deploy.local.ports import LOOPBACK, free_port
from deploy.local.process import Process
from deploy.local.settings import inherited
from deploy.local.supervisor import Supervisor
from shared.kit.clock import SystemClock

SERVER = """
import os, signal, socket, sys
print("about to listen", flush=True)
with socket.create_server(("127.0.0.1", int(sys.argv[1]))) as listener:
    if len(sys.argv) > 2:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    while True:
        signal.pause()
"""
ROOT = Path(__file__).resolve().parents[3]


def server(name: str, *, layer: int = 2, stubborn: bool = False) -> Process:
    port = free_port()
    return Process(
        name=name,
        command=(sys.executable, "-c", SERVER, str(port), *(["stubborn"] if stubborn else [])),
        env=inherited(),
        ready=f"tcp://{LOOPBACK}:{port}",
        layer=layer,
        stop_seconds=0.3,
    )


class Heard:
    """A listener that remembers."""

    def __init__(self) -> None:
        self.readies: list[str] = []
        self.reasons: list[str] = []

    def ready(self, name: str, seconds: float) -> None:
        self.readies.append(name)

    def ended(self, reason: str, pause: float) -> None:
        self.reasons.append(reason)


class _Leave(Exception):  # noqa: N818 - not an error: as a stop signal is for the runner
    pass


async def _leave() -> None:
    raise _Leave


@asynccontextmanager
async def supervised(directory: Path, heard: Heard) -> AsyncIterator[Supervisor]:
    group = asyncio.TaskGroup()
    keeper = Supervisor(group, directory / "logs", directory / "run.json", heard, SystemClock())
    try:
        async with group:
            yield keeper
            group.create_task(_leave())
    except* _Leave:
        pass
    finally:
        await keeper.stop()


def running(directory: Path) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = json.loads((directory / "run.json").read_text())
    return found


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not holds():
            await asyncio.sleep(0.02)


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def test_a_killed_process_is_started_again_and_the_reason_shown(tmp_path: Path) -> None:
    heard, process = Heard(), server("one")
    async with supervised(tmp_path, heard) as keeper:
        await keeper.start(process)
        first = running(tmp_path)["one"]
        assert first["restarts"] == 0
        os.kill(first["pid"], signal.SIGKILL)
        await until(lambda: heard.readies == ["one", "one"])
        second = running(tmp_path)["one"]
        assert second["restarts"] == 1
        assert second["pid"] != first["pid"]
        assert "one was killed by SIGKILL" in heard.reasons[0]
        assert "about to listen" in heard.reasons[0]


async def test_stop_ends_all_the_ones_that_need_others_first(tmp_path: Path) -> None:
    heard = Heard()
    processes = [server("below", layer=0), server("above"), server("stubborn", stubborn=True)]
    async with supervised(tmp_path, heard) as keeper:
        await keeper.start(*processes)
        pids = [each["pid"] for each in running(tmp_path).values()]
        assert len(pids) == 3
    assert not any(map(alive, pids))
    assert not (tmp_path / "run.json").exists()
    assert heard.reasons == [], "nothing was started again while stopping"


async def test_one_that_cannot_start_ends_the_run_with_its_last_words(tmp_path: Path) -> None:
    broken = Process(
        name="broken",
        command=(sys.executable, "-c", "import sys; sys.exit('the disk is made of cheese')"),
        env=inherited(),
        ready=f"tcp://{LOOPBACK}:{free_port()}",
    )
    with pytest.raises(ExceptionGroup) as caught:
        async with supervised(tmp_path, Heard()) as keeper:
            await keeper.start(broken)
    (error,) = caught.value.exceptions
    assert isinstance(error, NotReadyError)
    assert "broken ended (exit status 1)" in str(error)
    assert "the disk is made of cheese" in str(error)


RUNNER = """
import asyncio, json, sys
from pathlib import Path
from deploy.local.process import Process
from deploy.local.supervisor import Supervisor
from shared.kit.clock import SystemClock

class Deaf:
    def ready(self, name, seconds): pass
    def ended(self, reason, pause): pass

async def main(root, processes):
    async with asyncio.TaskGroup() as group:
        keeper = Supervisor(group, root / "logs", root / "run.json", Deaf(), SystemClock())
        await keeper.start(*processes)
        print("up", flush=True)
        await asyncio.Event().wait()

made = [Process(**each) for each in json.loads(sys.argv[2])]
asyncio.run(main(Path(sys.argv[1]), made))
"""


async def test_nothing_outlives_a_killed_runner(tmp_path: Path) -> None:
    processes = [server("one"), server("stubborn", stubborn=True)]
    described = json.dumps(
        [
            {"name": p.name, "command": p.command, "env": dict(p.env), "ready": p.ready}
            for p in processes
        ]
    )
    runner = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        RUNNER,
        str(tmp_path),
        described,
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )
    assert runner.stdout is not None
    assert await runner.stdout.readline() == b"up\n"
    pids = [each["pid"] for each in running(tmp_path).values()]
    assert all(map(alive, pids))
    runner.kill()
    await runner.wait()
    await until(lambda: not any(map(alive, pids)))
    for process in processes:
        port = int(process.ready.rpartition(":")[2])
        socket.create_server((LOOPBACK, port)).close()
