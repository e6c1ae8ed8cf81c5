"""Alarms: kept once, of one's own devices only, newest first."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from shared.contracts import catalog, streams
from shared.contracts.devices import AlarmPage, Device, ListAlarms
from shared.contracts.errors import Code
from shared.contracts.readings import Alarm
from shared.kit.clock import SystemClock, new_id
from tests.component.devices.conftest import Agent, MakeBus, Running, eventually, fails
from tests.conftest import OTHER_OWNER, OWNER


def alarm(device: Device, **more: Any) -> Alarm:
    known = {
        "alarm_id": new_id(),
        "owner": OWNER,
        "site": "hq",
        "device_id": device.id,
        "at": SystemClock().now(),
        "code": Code.UNKNOWN_FORM,
        "details": "41-byte records",
        "size": 4100,
        "digest": "ab" * 32,
    }
    return Alarm.model_validate({**known, **more})


async def page(running: Running, device: Device, owner: str = OWNER, **asked: Any) -> AlarmPage:
    request = ListAlarms(device_id=device.id, **asked)
    return await running.ask(catalog.LIST_ALARMS, request, AlarmPage, owner=owner, role="user")


async def kept(running: Running, device: Device, count: int) -> None:
    async def so() -> bool:
        return (await page(running, device)).total == count

    await eventually(so)


async def test_alarms_are_kept_once_and_listed_newest_first(
    registry: Running, agent: Agent
) -> None:
    device, other = await registry.register("10.0.0.1"), await registry.register("10.0.0.2")
    now = SystemClock().now()
    said = [alarm(device, at=now - timedelta(minutes=n)) for n in range(3)]
    for each in (*said, *said):
        await agent.alarms(each, device)
    await agent.alarms(alarm(other), other)
    await kept(registry, other, 1)
    pages = [await page(registry, device, page=n, limit=2) for n in (1, 2, 10**30)]
    assert [each.id for found in pages for each in found.items] == [each.alarm_id for each in said]
    assert {found.total for found in pages} == {3}
    first = pages[0].items[0]
    assert (first.code, first.size, first.digest) == (Code.UNKNOWN_FORM, 4100, "ab" * 32)


async def test_what_speaks_against_a_terminal_is_an_alarm_like_any(
    registry: Running, agent: Agent
) -> None:
    device = await registry.register_terminal()
    for code in (Code.HARDWARE_CHANGED, Code.SERIAL_CLONED):
        await agent.alarms(alarm(device, code=code, size=0, digest=""), device)
    await kept(registry, device, 2)
    found = {each.code for each in (await page(registry, device)).items}
    assert found == {Code.HARDWARE_CHANGED, Code.SERIAL_CLONED}


@pytest.mark.parametrize(
    "wrong", [{"owner": OTHER_OWNER}, {"site": "annex"}, {"device_id": 99}, {"device_id": 2**70}]
)
async def test_an_alarm_of_another_device_is_a_dead_letter(
    registry: Running, agent: Agent, wrong: dict[str, object]
) -> None:
    device = await registry.register()
    await agent.alarms(alarm(device, **wrong), device)
    await agent.alarms(alarm(device), device)
    await kept(registry, device, 1)
    assert b"41-byte records" in await registry.dead_letter(streams.ALARM)


async def test_an_alarm_of_no_known_device_is_a_dead_letter(
    registry: Running, agent: Agent
) -> None:
    device = await registry.register()
    gone = device.model_copy(update={"id": 99})
    await agent.alarms(alarm(gone), gone)
    await agent.alarms(alarm(device), device)
    await kept(registry, device, 1)
    assert b"41-byte records" in await registry.dead_letter(streams.ALARM)


async def test_no_agent_raises_an_alarm_in_anothers_name(
    registry: Running, agent: Agent, bus_of: MakeBus
) -> None:
    await Agent(await bus_of("agent-other"), "other").start()
    mine = await registry.register()
    theirs = await registry.register(owner=OTHER_OWNER)
    await agent.alarms(alarm(theirs, owner=OTHER_OWNER, site="other"), mine)
    await agent.alarms(alarm(mine), mine)
    await kept(registry, mine, 1)
    assert (await page(registry, theirs, OTHER_OWNER)).total == 0


async def test_another_owners_alarms_are_not_there(registry: Running, agent: Agent) -> None:
    device = await registry.register()
    assert await fails(page(registry, device, owner=OTHER_OWNER)) is Code.NOT_FOUND
    assert await fails(page(registry, device.model_copy(update={"id": 2**70}))) is Code.NOT_FOUND
