"""Who is told what of the devices: agents their roster, callers their own."""

from __future__ import annotations

import pytest

from shared.contracts import catalog, subjects
from shared.contracts.agents import AskRoster, Roster, RosterChanged
from shared.contracts.devices import Device, DevicePage, GetDevice, ListDevices
from shared.contracts.errors import Code
from shared.kit import rpc
from shared.kit.errors import MusterError
from tests.component.devices.conftest import Agent, MakeBus, Running
from tests.conftest import OTHER_OWNER, OWNER


async def test_a_comm_key_is_sealed_at_rest_and_opened_for_the_sites_agent(
    registry: Running, agent: Agent
) -> None:
    device = await registry.register("10.0.0.1", comm_key=987654321)
    (row,) = await registry.rows("select devices::text from devices")
    assert "987654321" not in row[0]
    roster = await rpc.ask(
        agent.bus,
        catalog.ROSTER,
        AskRoster(agent="hq-1"),
        Roster,
        subject=subjects.rpc_of_site("devices", "roster", "hq"),
    )
    assert roster.owner == OWNER
    (found,) = roster.devices
    assert (found.device_id, found.comm_key, found.host) == (device.id, 987654321, "10.0.0.1")


async def test_a_device_goes_by_the_serial_it_reported_itself(
    registry: Running, agent: Agent
) -> None:
    agent.serials["10.0.0.1"] = "REAL-1"
    await registry.register("10.0.0.1", serial_number="LABEL-1")
    await registry.register("10.0.0.2", serial_number="LABEL-2")
    own = subjects.rpc_of_site("devices", "roster", "hq")
    asked = AskRoster(agent="hq-1")
    roster = await rpc.ask(agent.bus, catalog.ROSTER, asked, Roster, subject=own)
    assert [each.serial for each in roster.devices] == ["REAL-1", "LABEL-2"]


async def test_an_agent_gets_no_other_sites_roster(
    registry: Running, agent: Agent, bus_of: MakeBus
) -> None:
    await registry.register("10.0.0.1")
    stranger = await bus_of("agent-annex")
    asked = AskRoster(agent="annex-1")
    own = subjects.rpc_of_site("devices", "roster", "annex")
    empty = await rpc.ask(stranger, catalog.ROSTER, asked, Roster, subject=own)
    assert empty.devices == ()
    not_own = subjects.rpc_of_site("devices", "roster", "hq")
    with pytest.raises(MusterError) as caught:
        await rpc.ask(stranger, catalog.ROSTER, asked, Roster, subject=not_own)
    assert caught.value.problem.code is Code.SERVICE_UNAVAILABLE


async def test_agents_hear_that_the_roster_is_new(registry: Running, agent: Agent) -> None:
    heard = await agent.bus.client.subscribe(subjects.roster_changed("hq"))
    await agent.bus.client.flush()
    await registry.register("10.0.0.1")
    message = await heard.next_msg(timeout=5)
    assert RosterChanged.model_validate_json(message.data).site == "hq"


async def test_a_list_has_pages_and_only_ones_own(
    registry: Running, agent: Agent, bus_of: MakeBus
) -> None:
    await Agent(await bus_of("agent-other"), "other").start()
    mine = [(await registry.register(f"10.0.0.{n}")).id for n in range(1, 6)]
    theirs = await registry.register("10.0.0.1", owner=OTHER_OWNER)

    async def page(number: int, **more: object) -> DevicePage:
        request = ListDevices.model_validate({"page": number, "limit": 2, **more})
        return await registry.ask(catalog.LIST_DEVICES, request, DevicePage)

    pages = [await page(number) for number in (1, 2, 3, 10**30)]
    assert [each.id for found in pages for each in found.items] == mine
    assert {found.total for found in pages} == {5}
    assert (await page(1, site="other")).total == 0
    with pytest.raises(MusterError) as caught:
        await registry.ask(catalog.GET_DEVICE, GetDevice(device_id=theirs.id), Device)
    assert caught.value.problem.code is Code.NOT_FOUND
