"""A door never opens late: whoever is frozen between the caller and the wire, and for how long."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, Process
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import UUID

import pytest

from services.devices.agent.links.wire import SPARE_SECONDS
from services.devices.agent.permits import PERMIT_SECONDS
from services.devices.drivers.base import DeviceError
from shared.contracts import catalog, subjects
from shared.contracts.agents import AskPermit, AskRoster, Permit, Roster, Unlock, Unlocked
from shared.contracts.errors import Code
from shared.kit import rpc
from shared.kit.bus import Bus
from shared.kit.errors import MusterError
from tests.component.links.conftest import CLOCK, WAYS, Site, roster, soon, until, worker
from tests.conftest import OWNER, ROOT, Platform
from tests.integration.processes import environment

MakeBus = Callable[[str], Awaitable[Bus]]
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


async def a_permit(registry: Bus, device_id: int) -> UUID:
    """Leave to unlock, as soon as the agent is up and connected to the device."""
    where = subjects.control("hq", device_id, "permit")
    async with asyncio.timeout(SECONDS):
        while True:
            try:
                asked = AskPermit(device_id=device_id)
                answer = await rpc.ask(registry, catalog.PERMIT, asked, Permit, subject=where)
            except MusterError:
                await asyncio.sleep(0.05)
            else:
                return answer.permit_id


async def unlock(registry: Bus, device_id: int, permit: UUID) -> Code | None:
    """Return why the door was not unlocked, None when it was."""
    asked = Unlock(device_id=device_id, permit_id=permit, seconds=3)
    where = subjects.control("hq", device_id, "unlock")
    try:
        await rpc.ask(registry, catalog.UNLOCK, asked, Unlocked, subject=where, seconds=SECONDS)
    except MusterError as error:
        return error.problem.code
    return None


@pytest.mark.parametrize("command", [AGENT, LAX_AGENT], ids=["agent", "control"])
async def test_a_frozen_agent_opens_nothing_when_it_thaws(
    clean: Platform, bus_of: MakeBus, site: Site, tmp_path: Path, command: tuple[str, ...]
) -> None:
    servers = {
        device_id: (await site.terminal(), way) for device_id, way in enumerate(WAYS.values(), 1)
    }
    registry = await bus_of("devices")

    async def tell_roster(_: str, __: AskRoster) -> Roster:
        devices = (roster(*each, device_id=device_id) for device_id, each in servers.items())
        return Roster(owner=OWNER, devices=tuple(devices))

    where = subjects.rpc_of_site("devices", "roster", "hq")
    rpc.answer_at(registry, catalog.ROSTER, where, AskRoster, tell_roster)
    await registry.start()
    env = environment(clean, "agent", MUSTER_DATA_DIR=str(tmp_path))
    async with running(env, command) as agent:
        permits = {device_id: await a_permit(registry, device_id) for device_id in servers}
        agent.send_signal(signal.SIGSTOP)
        end = CLOCK.boottime() + PERMIT_SECONDS
        asked = [unlock(registry, *each) for each in permits.items()]
        unlocking = asyncio.gather(*asked)
        await until(lambda: CLOCK.boottime() > end)
        assert not unlocking.done()
        agent.send_signal(signal.SIGCONT)
        opens = command == LAX_AGENT
        assert set(await unlocking) == {None if opens else Code.UNLOCK_EXPIRED}
        unlocks = [len(server.device.unlocks) for server, _ in servers.values()]
        assert unlocks == [int(opens)] * len(servers)


@pytest.mark.parametrize("opens", [False, True], ids=["worker", "control"])
async def test_a_frozen_worker_opens_nothing_when_it_thaws(site: Site, *, opens: bool) -> None:
    """The unlock is in its hands already; the control has a deadline beyond the freeze."""
    server = await site.terminal()
    link = await site.opened(server, WAYS["pyzk"])
    frozen = worker()
    now = CLOCK.boottime()
    os.kill(frozen, signal.SIGSTOP)
    asked = asyncio.ensure_future(link.unlock(3, now + (3600 if opens else SPARE_SECONDS + 0.2)))
    await until(lambda: CLOCK.boottime() > now + 0.5)
    assert not asked.done()
    os.kill(frozen, signal.SIGCONT)
    if opens:
        await soon(asked)
    else:
        with pytest.raises(DeviceError) as caught:
            await soon(asked)
        assert caught.value.code == Code.UNLOCK_EXPIRED
    assert len(server.device.unlocks) == int(opens)


async def test_a_worker_that_stays_frozen_is_killed(site: Site) -> None:
    server = await site.terminal()
    link = await site.opened(server, WAYS["pyzk"])
    os.kill(worker(), signal.SIGSTOP)
    deadline = CLOCK.boottime() + SPARE_SECONDS + 0.2
    with pytest.raises(DeviceError) as caught:
        await soon(link.unlock(3, deadline))
    assert caught.value.code == Code.UNLOCK_UNKNOWN
    assert link.dead
    await until(lambda: not server.connections)
    assert server.device.unlocks == []
