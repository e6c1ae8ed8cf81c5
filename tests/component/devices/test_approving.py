"""Terminals that wait are approved: served from then on, or taken in another body."""

from __future__ import annotations

import asyncio

from shared.contracts import catalog, streams, subjects
from shared.contracts.agents import RosterChanged
from shared.contracts.devices import ApproveDevice, Device
from shared.contracts.errors import Code
from shared.contracts.readings import Hardware
from shared.kit.errors import MusterError
from tests.component.devices.conftest import Agent, Running, fails
from tests.component.devices.house import SERIAL
from tests.conftest import OTHER_OWNER

BODY = Hardware(
    processor="4410029",
    mac="00-01-F5-00-00-01",
    model="AiFace",
    firmware="ai518_v1.29",
    algorithm="thbio3.0",
)
OTHER_BODY = BODY.model_copy(update={"processor": "4410030", "mac": "00-01-F5-00-00-02"})


async def test_an_approved_one_is_served_at_its_next_dial_in(
    registry: Running, agent: Agent
) -> None:
    await agent.sights(SERIAL, BODY)
    heard = await agent.bus.client.subscribe(subjects.roster_changed("hq"))
    await agent.bus.client.flush()
    device = await registry.approve("zxre25000001")
    assert (device.name, device.site, device.zone) == (f"AiFace {SERIAL}", "hq", "Asia/Jakarta")
    assert (device.dialect, device.status, device.hardware) == ("timmy", "active", BODY)
    assert (device.serial_number, device.device_serial, device.ip) == (SERIAL, None, "")
    message = await heard.next_msg(timeout=5)
    assert RosterChanged.model_validate_json(message.data).site == "hq"
    (known,) = (await agent.roster()).devices
    assert (known.device_id, known.serial, known.hardware) == (device.id, SERIAL, BODY)
    spec = streams.device_consumer("hq", device.id)
    assert await registry.service.bus.js.consumer_info("OPERATION_hq", spec.durable)
    assert await registry.waiting() == []
    assert await fails(registry.approve()) is Code.NOT_FOUND


async def test_it_is_called_and_placed_as_the_approver_says(
    registry: Running, agent: Agent
) -> None:
    await agent.sights(SERIAL, Hardware())
    for wrong in ({"zone": "Mars/Base"}, {"name": "a\x07b"}, {"location": "a\x00b"}):
        assert await fails(registry.approve(**wrong)) is Code.VALIDATION_ERROR
    device = await registry.approve(name="Gate", location="North", zone="Asia/Riyadh")
    assert (device.name, device.location, device.zone) == ("Gate", "North", "Asia/Riyadh")


async def test_without_a_model_it_is_called_by_its_serial(registry: Running, agent: Agent) -> None:
    await agent.sights(SERIAL, Hardware())
    assert (await registry.approve()).name == SERIAL


async def test_another_body_waits_until_it_is_approved(registry: Running, agent: Agent) -> None:
    await agent.sights(SERIAL, BODY)
    device = await registry.approve(name="Gate")
    await agent.sights(SERIAL, BODY, reason="hardware_changed")
    assert await registry.waiting() == [], "it is the one that is known"
    await agent.sights(SERIAL, OTHER_BODY, reason="hardware_changed")
    (found,) = (await registry.pending()).items
    assert (found.reason, found.hardware) == ("hardware_changed", OTHER_BODY)
    assert (await registry.get(device)).hardware == BODY
    assert await fails(registry.approve(owner=OTHER_OWNER)) is Code.NOT_FOUND
    again = await registry.approve()
    assert again == device.model_copy(update={"hardware": OTHER_BODY})
    assert (await agent.roster()).devices[0].hardware == OTHER_BODY
    assert await registry.waiting() == []


async def test_of_two_approvals_at_once_one_device_comes(registry: Running, agent: Agent) -> None:
    await agent.sights(SERIAL)
    asked = [registry.approve() for _ in range(6)]
    results = await asyncio.gather(*asked, return_exceptions=True)
    (row,) = await registry.rows("select id from devices")
    assert {each.id for each in results if isinstance(each, Device)} == {row.id}
    late = {each.problem.code for each in results if isinstance(each, MusterError)}
    assert late <= {Code.NOT_FOUND, Code.SERIAL_TAKEN}


async def test_only_who_may_write_devices_approves(registry: Running, agent: Agent) -> None:
    await agent.sights(SERIAL)
    asked = ApproveDevice(serial=SERIAL)
    refused = registry.ask(catalog.APPROVE_DEVICE, asked, Device, role="user")
    assert await fails(refused) is Code.FORBIDDEN
