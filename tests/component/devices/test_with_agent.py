"""The registry with a real agent and simulated terminals: nothing stands in for anything."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import pytest_asyncio

from services.devices.agent.app import build as build_agent
from services.devices.agent.settings import AgentSettings
from services.devices.simulators.device import Device as Terminal
from services.devices.simulators.faults import Fault
from services.devices.simulators.spec import DeviceSpec
from services.devices.simulators.zk.server import ZkServer
from shared.contracts import catalog
from shared.contracts.actions import Count, DeleteUser, Info, PutUser, ReadInfo, ReadUsers
from shared.contracts.devices import Device, DeviceUser, GetDevice, ListUsers, UserPage
from shared.contracts.doors import DoorPermit, DoorUnlocked, PermitDoor, UnlockDoor
from shared.contracts.errors import Code
from shared.contracts.operations import CopyTemplates, Job
from shared.kit.clock import SystemClock
from shared.kit.errors import MusterError
from tests.component.devices.conftest import Running, eventually
from tests.conftest import Platform

KEY = 4711


@pytest_asyncio.fixture(loop_scope="session")
async def real_agent(registry: Running, clean: Platform, tmp_path: Path) -> AsyncIterator[None]:
    settings = clean.settings(AgentSettings, "agent-hq", data_dir=tmp_path, timmy_port=0)
    service = build_agent(settings)
    await service.bus.connect()
    await service.bus.start()
    tasks = [asyncio.ensure_future(task()) for task in service.tasks]
    yield
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await service.bus.stop()


@asynccontextmanager
async def terminal_at(directory: Path, **spec: object) -> AsyncIterator[ZkServer]:
    described = DeviceSpec.model_validate({"serial": "SIM-1", "port": 0, "key": KEY, **spec})
    server = ZkServer(Terminal(described, directory, SystemClock().now, 1))
    await server.start()
    try:
        yield server
    finally:
        server.stop()
        server.device.truth.close()


@pytest_asyncio.fixture(loop_scope="session")
async def terminal(tmp_path: Path) -> AsyncIterator[ZkServer]:
    async with terminal_at(tmp_path, users=2, templates=4) as server:
        yield server


async def register(registry: Running, terminal: ZkServer, key: int = KEY) -> Device:
    return await registry.register(terminal.device.spec.host, port=terminal.port, comm_key=key)


async def users(registry: Running, device: Device, **asked: str) -> tuple[DeviceUser, ...]:
    request = ListUsers(device_id=device.id, limit=200, **asked)
    return (await registry.ask(catalog.LIST_USERS, request, UserPage)).items


async def get(registry: Running, device: Device) -> Device:
    return await registry.ask(catalog.GET_DEVICE, GetDevice(device_id=device.id), Device)


async def held(registry: Running, terminal: ZkServer) -> Device:
    """A registered device whose agent is connected to it."""
    device = await register(registry, terminal)

    async def connected() -> bool:
        return (await get(registry, device)).is_connected

    await eventually(connected)
    return await get(registry, device)


async def permit(registry: Running, device: Device) -> DoorPermit:
    return await registry.ask(catalog.PERMIT_DOOR, PermitDoor(device_id=device.id), DoorPermit)


async def unlock(registry: Running, device: Device, leave: DoorPermit) -> DoorUnlocked:
    asked = UnlockDoor(device_id=device.id, seconds=3, **leave.model_dump())
    return await registry.ask(catalog.UNLOCK_DOOR, asked, DoorUnlocked)


@pytest.mark.usefixtures("real_agent")
async def test_a_terminal_is_reached_registered_and_connected(
    registry: Running, terminal: ZkServer
) -> None:
    device = await held(registry, terminal)
    assert (device.serial_number, device.status) == ("SIM-1", "active")
    assert device.problem is None


@pytest.mark.usefixtures("real_agent")
@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (Fault.UNREACHABLE, Code.DEVICE_UNREACHABLE),
        (Fault.HANG, Code.DEVICE_NO_ANSWER),
        (Fault.WRONG_KEY, Code.DEVICE_WRONG_KEY),
        (Fault.REFUSE, Code.DEVICE_REFUSED),
    ],
)
async def test_each_way_of_not_being_reached_is_told_apart(
    registry: Running, terminal: ZkServer, fault: Fault, code: Code
) -> None:
    port = terminal.port
    await terminal.set_fault(fault)
    async with asyncio.timeout(10):
        with pytest.raises(MusterError) as caught:
            await registry.register("127.0.0.1", port=port, comm_key=KEY)
    assert (caught.value.problem.code, caught.value.problem.status) == (code, 400)
    assert await registry.rows("select 1 from devices") == []


@pytest.mark.usefixtures("real_agent")
async def test_people_go_to_the_device_and_come_back(registry: Running, terminal: ZkServer) -> None:
    device = await held(registry, terminal)
    info = await registry.operate(device, ReadInfo(), wait=10)
    assert isinstance(info.result, Info)
    assert info.result.serial == "SIM-1"
    put = PutUser.model_validate(
        {"user_id": "4711", "create": True, "name": "Ana", "password": "86420"}
    )
    done = await registry.operate(device, put, wait=10)
    assert (done.status, done.problem) == ("completed", None)
    (ana,) = await users(registry, device, q="4711")
    assert (ana.name, ana.has_password) == ("Ana", True)
    read = await registry.operate(device, ReadUsers(), wait=10)
    assert (read.status, read.problem) == ("completed", None)
    assert len(await users(registry, device)) == 3
    gone = await registry.operate(device, DeleteUser(user_id="4711"), wait=10)
    assert (gone.status, gone.problem) == ("completed", None)
    assert len(await users(registry, device)) == 2


@pytest.mark.usefixtures("real_agent")
async def test_templates_are_copied_from_terminal_to_terminal(
    registry: Running, terminal: ZkServer, tmp_path: Path
) -> None:
    source = await held(registry, terminal)
    (tmp_path / "other").mkdir()
    there = {"serial": "SIM-2", "host": "127.0.0.2", "users": 0}
    async with terminal_at(tmp_path / "other", **there) as second:
        target = await held(registry, second)
        await registry.operate(source, ReadUsers(), wait=10)
        user = (await users(registry, source))[0]
        put = PutUser(user_id=user.user_id, create=True, name=user.name)
        assert (await registry.operate(target, put, wait=10)).status == "completed"
        asked = CopyTemplates(device_id=source.id, target_id=target.id, user_id=user.user_id)
        job = await registry.ask(catalog.COPY_TEMPLATES, asked, Job)
        ended = await registry.job_when(job, lambda each: each.finished_at is not None)
        assert (ended.status, ended.problem) == ("completed", None)
        assert isinstance(ended.result, Count)
        assert ended.result.count > 0
        (known,) = await users(registry, source, q=user.user_id)
        assert len(known.fingers) == ended.result.count


@pytest.mark.usefixtures("real_agent")
async def test_a_door_opens_once(registry: Running, terminal: ZkServer) -> None:
    device = await held(registry, terminal)
    leave = await permit(registry, device)
    assert terminal.device.unlocks == []
    await unlock(registry, device, leave)
    with pytest.raises(MusterError):
        await unlock(registry, device, leave)
    assert len(terminal.device.unlocks) == 1


@pytest.mark.usefixtures("real_agent")
async def test_a_door_that_does_not_answer_is_unknown_in_time(
    registry: Running, terminal: ZkServer
) -> None:
    device = await held(registry, terminal)
    leave = await permit(registry, device)
    await terminal.set_fault(Fault.HANG)
    async with asyncio.timeout(9):
        with pytest.raises(MusterError) as caught:
            await unlock(registry, device, leave)
    assert (caught.value.problem.code, caught.value.problem.status) == (Code.UNLOCK_UNKNOWN, 504)
    await terminal.set_fault(Fault.NONE)
    assert terminal.device.unlocks == []


@pytest.mark.usefixtures("real_agent")
async def test_a_door_that_is_offline_gets_no_permit(registry: Running, terminal: ZkServer) -> None:
    device = await held(registry, terminal)
    await terminal.set_fault(Fault.UNREACHABLE)

    async def gone() -> bool:
        return not (await get(registry, device)).is_connected

    await eventually(gone)
    with pytest.raises(MusterError) as caught:
        await permit(registry, device)
    assert caught.value.problem.code is Code.DEVICE_UNREACHABLE
