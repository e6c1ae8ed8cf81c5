"""Doors: asked once, audited before and after, never repeated, never on a stream."""

from __future__ import annotations

import asyncio

import pytest

from services.devices.handlers import doors as handlers
from services.devices.handlers.doors import Doors
from services.devices.handlers.parts import Parts
from services.devices.rules.doors import UNLOCK_LIFE
from services.devices.rules.operations import GRACE
from services.devices.worker import Worker
from shared.contracts import catalog, subjects
from shared.contracts.devices import Device
from shared.contracts.doors import DoorPermit, DoorUnlocked, PermitDoor, UnlockDoor
from shared.contracts.errors import Code
from shared.kit.clock import new_id
from shared.kit.errors import MusterError
from tests.component.devices.conftest import Agent, HandClock, Running, caller, fails
from tests.conftest import OTHER_OWNER, OWNER


async def permit(running: Running, device: Device, owner: str = OWNER) -> DoorPermit:
    asked = PermitDoor(device_id=device.id)
    return await running.ask(catalog.PERMIT_DOOR, asked, DoorPermit, owner=owner, role="user")


async def unlock(
    running: Running, device: Device, leave: DoorPermit, owner: str = OWNER
) -> DoorUnlocked:
    asked = UnlockDoor(
        device_id=device.id, permit_id=leave.permit_id, operation_id=leave.operation_id
    )
    return await running.ask(catalog.UNLOCK_DOOR, asked, DoorUnlocked, owner=owner, role="user")


async def written(running: Running) -> list[tuple[str, str | None, str]]:
    rows = await running.rows(
        "select status, problem ->> 'code' as code, requested_by from operations"
        " where kind = 'unlock' order by n"
    )
    return [(row.status, row.code, row.requested_by) for row in rows]


def unlocks(agent: Agent) -> int:
    return sum(subject.endswith(".unlock") for subject, _ in agent.asked)


async def test_a_door_is_unlocked_under_its_permit(registry: Running, agent: Agent) -> None:
    device = await registry.register()
    leave = await permit(registry, device)
    assert await written(registry) == [("pending", None, "a@example.test")], "written down first"
    unlocked = await unlock(registry, device, leave)
    assert (unlocked.device_id, unlocked.operation_id) == (device.id, leave.operation_id)
    assert unlocked.seconds == 5
    assert agent.asked[-1][0] == subjects.control("hq", device.id, "unlock")
    assert await written(registry) == [("success", None, "a@example.test")]


async def test_a_permit_is_good_once_however_often_it_is_used_at_once(
    registry: Running, agent: Agent
) -> None:
    device = await registry.register()
    leave = await permit(registry, device)
    results = await asyncio.gather(
        *(unlock(registry, device, leave) for _ in range(6)), return_exceptions=True
    )
    assert sum(isinstance(each, DoorUnlocked) for each in results) == 1
    codes = [each.problem.code for each in results if isinstance(each, MusterError)]
    assert codes == [Code.CONFLICT] * 5
    assert unlocks(agent) == 1


async def test_another_owners_door_is_not_there(registry: Running, agent: Agent) -> None:
    device = await registry.register()
    assert await fails(permit(registry, device, OTHER_OWNER)) is Code.NOT_FOUND
    leave = await permit(registry, device)
    assert await fails(unlock(registry, device, leave, OTHER_OWNER)) is Code.NOT_FOUND
    assert unlocks(agent) == 0


async def test_a_permit_opens_no_other_door(registry: Running, agent: Agent) -> None:
    one, other = await registry.register("10.0.0.1"), await registry.register("10.0.0.2")
    leave = await permit(registry, one)
    assert await fails(unlock(registry, other, leave)) is Code.CONFLICT
    invented = leave.model_copy(update={"operation_id": new_id()})
    assert await fails(unlock(registry, one, invented)) is Code.CONFLICT
    assert unlocks(agent) == 0


@pytest.mark.parametrize("code", [Code.NOT_FOUND, Code.DEVICE_UNREACHABLE, Code.DEVICE_BUSY])
async def test_leave_that_is_not_given_is_told_and_written(
    registry: Running, agent: Agent, code: Code
) -> None:
    device = await registry.register()
    agent.problem = MusterError(code)
    assert await fails(permit(registry, device)) is code
    assert await written(registry) == [("failed", code, "a@example.test")]


async def test_without_an_agent_there_is_no_leave(registry: Running, agent: Agent) -> None:
    device = await registry.register()
    await agent.bus.stop()
    assert await fails(permit(registry, device)) is Code.NO_AGENT
    assert await written(registry) == [("failed", "NO_AGENT", "a@example.test")]


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (Code.UNLOCK_EXPIRED, Code.UNLOCK_EXPIRED),
        (Code.DEVICE_UNREACHABLE, Code.DEVICE_UNREACHABLE),
        (Code.UNLOCK_UNKNOWN, Code.UNLOCK_UNKNOWN),
        (Code.INTERNAL_ERROR, Code.UNLOCK_UNKNOWN),
    ],
)
async def test_an_unlock_that_failed_is_told_and_written_and_not_repeated(
    registry: Running, agent: Agent, said: Code, told: Code
) -> None:
    device = await registry.register()
    leave = await permit(registry, device)
    agent.problem = MusterError(said)
    assert await fails(unlock(registry, device, leave)) is told
    assert await written(registry) == [("failed", told, "a@example.test")]
    assert await fails(unlock(registry, device, leave)) is Code.CONFLICT
    assert unlocks(agent) == 1


async def test_silence_is_an_unknown_outcome_in_time(
    registry: Running, agent: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handlers, "UNLOCK_SECONDS", 0.5)
    device = await registry.register()
    leave = await permit(registry, device)
    agent.silent = asyncio.Event()
    assert await fails(unlock(registry, device, leave)) is Code.UNLOCK_UNKNOWN
    assert await written(registry) == [("failed", "UNLOCK_UNKNOWN", "a@example.test")]
    agent.silent.set()
    assert unlocks(agent) == 1


async def test_an_operation_that_was_abandoned_opens_nothing_later(
    registry: Running, agent: Agent
) -> None:
    clock = HandClock()
    doors = Doors(Parts(registry.service.bus, registry.engine, clock))
    device = await registry.register()
    leave = await doors.permit(PermitDoor(device_id=device.id), caller())
    clock.passes(seconds=UNLOCK_LIFE.total_seconds() + 1)
    late = UnlockDoor(device_id=device.id, **leave.model_dump())
    assert await fails(doors.unlock(late, caller())) is Code.CONFLICT
    assert unlocks(agent) == 0


@pytest.mark.parametrize(
    ("status", "code"), [("pending", "OPERATION_EXPIRED"), ("sent", "UNLOCK_UNKNOWN")]
)
async def test_an_unlock_cut_short_by_a_crash_is_closed_as_what_it_is(
    registry: Running, agent: Agent, status: str, code: str
) -> None:
    clock = HandClock()
    device = await registry.register()
    leave = await permit(registry, device)
    await registry.rows(
        "update operations set status = :s where id = :i returning 1",
        s=status,
        i=leave.operation_id,
    )
    clock.passes(seconds=(UNLOCK_LIFE + GRACE).total_seconds() + 1)
    await Worker(registry.service.bus, registry.engine, clock).sweep()
    assert await written(registry) == [("failed", code, "a@example.test")]


async def test_no_unlock_is_ever_on_a_stream(registry: Running, agent: Agent) -> None:
    device = await registry.register()
    await unlock(registry, device, await permit(registry, device))
    assert await registry.rows("select 1 from outbox") == []
    info = await registry.service.bus.js.stream_info("OPERATION_hq")
    assert info.state.messages == 0
