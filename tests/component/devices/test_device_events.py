"""What happens at devices besides punches: kept once, of one's own devices only, newest first."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from shared.contracts import catalog, streams
from shared.contracts.devices import Device, DeviceEventPage, ListDeviceEvents
from shared.contracts.errors import Code
from shared.contracts.readings import DeviceEvent
from shared.kit.clock import SystemClock, new_id
from tests.component.devices.conftest import Agent, MakeBus, Running, eventually, fails
from tests.conftest import OTHER_OWNER, OWNER


def event(device: Device, **more: Any) -> DeviceEvent:
    known = {
        "event_id": new_id(),
        "owner": OWNER,
        "site": "hq",
        "device_id": device.id,
        "kind": "door",
        "code": 5,
        "device_time": "2026-05-01T08:00:02",
        "read_at": SystemClock().now(),
    }
    return DeviceEvent.model_validate({**known, **more})


async def page(
    running: Running, device: Device, owner: str = OWNER, **asked: Any
) -> DeviceEventPage:
    request = ListDeviceEvents(device_id=device.id, **asked)
    return await running.ask(
        catalog.LIST_DEVICE_EVENTS, request, DeviceEventPage, owner=owner, role="user"
    )


async def kept(running: Running, device: Device, count: int) -> None:
    async def so() -> bool:
        return (await page(running, device)).total == count

    await eventually(so)


async def test_events_are_kept_once_and_listed_newest_first(
    registry: Running, agent: Agent
) -> None:
    device, other = [await registry.register_terminal(f"SERIAL-{n}") for n in (1, 2)]
    now = SystemClock().now()
    said = [event(device, read_at=now - timedelta(minutes=n)) for n in range(2)]
    # A backlog is read in one moment: then the terminal's own clock tells what came last.
    handed_over = {"read_at": now - timedelta(minutes=5), "kind": "stranger", "code": None}
    said += [event(device, device_time=f"2026-05-01T08:00:0{n}", **handed_over) for n in (3, 2, 1)]
    for each in (*reversed(said), *said):
        await agent.tells(each, device)
    await agent.tells(event(other), other)
    await kept(registry, other, 1)
    pages = [await page(registry, device, page=n, limit=2) for n in (1, 2, 3, 10**30)]
    assert [each for found in pages for each in found.items] == said
    assert {found.total for found in pages} == {5}


@pytest.mark.parametrize(
    "wrong", [{"owner": OTHER_OWNER}, {"site": "annex"}, {"device_id": 99}, {"device_id": 2**70}]
)
async def test_an_event_of_another_device_is_a_dead_letter(
    registry: Running, agent: Agent, wrong: dict[str, object]
) -> None:
    device = await registry.register_terminal()
    await agent.tells(event(device, **wrong), device)
    await agent.tells(event(device), device)
    await kept(registry, device, 1)
    assert b"2026-05-01T08:00:02" in await registry.dead_letter(streams.DEVICE_EVENT)


async def test_no_agent_tells_of_anothers_device(
    registry: Running, agent: Agent, bus_of: MakeBus
) -> None:
    mine = await registry.register_terminal()
    theirs = await registry.register_terminal(owner=OTHER_OWNER)
    await agent.tells(event(theirs, owner=OTHER_OWNER, site="other"), mine)
    await agent.tells(event(theirs, owner=OTHER_OWNER, site="other"), theirs)
    await agent.tells(event(mine), mine)
    await kept(registry, mine, 1)
    assert (await page(registry, theirs, OTHER_OWNER)).total == 0


async def test_another_owners_events_are_not_there(registry: Running) -> None:
    device = await registry.register_terminal()
    assert await fails(page(registry, device, owner=OTHER_OWNER)) is Code.NOT_FOUND
    assert await fails(page(registry, device.model_copy(update={"id": 2**70}))) is Code.NOT_FOUND
