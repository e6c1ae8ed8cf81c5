"""A door never opens late: whoever is frozen between the caller and the wire, and for how long."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, Process
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import UUID

import pytest

from services.devices.agent.links.base import LinkError
from services.devices.agent.links.pyzk import PyzkLink
from services.devices.agent.permits import PERMIT_SECONDS
from shared.contracts import catalog, subjects
from shared.contracts.devices import (
    AskPermit,
    AskRoster,
    Permit,
    Roster,
    Unlock,
    Unlocked,
)
from shared.contracts.errors import Code
from shared.kit import rpc
from shared.kit.bus import Bus
from shared.kit.clock import SystemClock
from shared.kit.errors import MusterError
from tests.component.agent.conftest import Terminal
from tests.conftest import OWNER, ROOT, Platform
from tests.integration.processes import environment

MakeBus = Callable[[str], Awaitable[Bus]]
CLOCK = SystemClock()
SECONDS = 30.0

AGENT = ("-m", "services.devices.agent")
_LAX = """\
import runpy
from services.devices.agent import permits
permits.PERMIT_SECONDS = 3600
runpy.run_module("services.devices.agent", run_name="__main__")
"""
LAX_AGENT = ("-c", _LAX)
"""The control: an agent whose permits outlive every freeze."""


@asynccontextmanager
async def running(env: dict[str, str], command: tuple[str, ...]) -> AsyncIterator[Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, *command, cwd=ROOT, env=env, stdout=DEVNULL, stderr=DEVNULL
    )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGCONT)
        process.terminate()
        await asyncio.wait_for(process.wait(), SECONDS)


async def until(boottime: float) -> None:
    while CLOCK.boottime() <= boottime:
        await asyncio.sleep(0.02)


async def a_permit(registry: Bus) -> UUID:
    """Leave to unlock, as soon as the agent is up and connected to the device."""
    where = subjects.control("hq", 1, "permit")
    async with asyncio.timeout(SECONDS):
        while True:
            try:
                asked = AskPermit(device_id=1)
                answer = await rpc.ask(registry, catalog.PERMIT, asked, Permit, subject=where)
            except MusterError:
                await asyncio.sleep(0.05)
            else:
                return answer.permit_id


async def unlock(registry: Bus, permit: UUID) -> Unlocked:
    return await rpc.ask(
        registry,
        catalog.UNLOCK,
        Unlock(device_id=1, permit_id=permit, seconds=3),
        Unlocked,
        subject=subjects.control("hq", 1, "unlock"),
        seconds=SECONDS,
    )


@pytest.mark.parametrize(
    ("command", "opens"), [(AGENT, False), (LAX_AGENT, True)], ids=["agent", "control"]
)
async def test_a_frozen_agent_opens_nothing_when_it_thaws(
    clean: Platform,
    bus_of: MakeBus,
    terminal: Terminal,
    tmp_path: Path,
    command: tuple[str, ...],
    *,
    opens: bool,
) -> None:
    registry = await bus_of("devices")

    async def roster(_: str, __: AskRoster) -> Roster:
        return Roster(owner=OWNER, devices=(terminal.roster(),))

    where = subjects.rpc_of_site("devices", "roster", "hq")
    rpc.answer_at(registry, catalog.ROSTER, where, AskRoster, roster)
    await registry.start()
    env = environment(clean, "agent", MUSTER_DATA_DIR=str(tmp_path))
    async with running(env, command) as agent:
        permit = await a_permit(registry)
        agent.send_signal(signal.SIGSTOP)
        end = CLOCK.boottime() + PERMIT_SECONDS
        asked = asyncio.ensure_future(unlock(registry, permit))
        await until(end)
        assert not asked.done()
        agent.send_signal(signal.SIGCONT)
        if opens:
            await asked
        else:
            with pytest.raises(MusterError) as caught:
                await asked
            assert caught.value.problem.code == Code.UNLOCK_EXPIRED
        assert len(await terminal.unlocks()) == int(opens)


def worker_of(parent: int) -> int:
    """The process in which a link of this process has its pyzk."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state = stat.read_text(encoding="utf-8").rpartition(") ")[2].split()
            command = (stat.parent / "cmdline").read_bytes()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(state[1]) == parent and b"pyzk_worker" in command:
            return int(stat.parent.name)
    msg = f"{parent} has no worker"
    raise AssertionError(msg)


@pytest.mark.parametrize(("life", "opens"), [(1.0, False), (3600.0, True)], ids=["link", "control"])
async def test_a_frozen_worker_opens_nothing_when_it_thaws(
    terminal: Terminal, life: float, *, opens: bool
) -> None:
    """The unlock is in its hands already; the control has a deadline beyond the freeze."""
    link = PyzkLink(terminal.roster(), CLOCK)
    try:
        await link.open()
        worker = worker_of(os.getpid())
        os.kill(worker, signal.SIGSTOP)
        now = CLOCK.boottime()
        asked = asyncio.ensure_future(link.unlock(3, now + life))
        # Into the half second in which the link still waits for its worker's word.
        await until(now + 1.1)
        with contextlib.suppress(ProcessLookupError):  # too late for it: the link killed it
            os.kill(worker, signal.SIGCONT)
        if opens:
            await asked
        else:
            with pytest.raises(LinkError) as caught:
                await asked
            assert caught.value.code in {Code.UNLOCK_EXPIRED, Code.UNLOCK_UNKNOWN}
    finally:
        await link.close()
    assert len(await terminal.unlocks()) == int(opens)
