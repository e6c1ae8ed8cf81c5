"""Presence: what agents say of their devices, and whom the registry believes."""

from __future__ import annotations

import pytest

from services.devices.handlers.listing import Listing
from services.devices.handlers.parts import Parts
from services.devices.handlers.presence import Agents
from services.devices.handlers.seals import Seals
from shared.contracts import catalog, subjects
from shared.contracts.devices import Device, GetDevice
from shared.contracts.errors import Code
from shared.contracts.readings import DevicePresence, Hardware, Presence
from shared.kit.clock import Clock, SystemClock, new_id
from shared.kit.errors import MusterError
from tests.component.devices.conftest import (
    Agent,
    HandClock,
    MakeBus,
    Running,
    caller,
    eventually,
)
from tests.conftest import OTHER_OWNER, OWNER


async def say(
    agent: Agent, *said: DevicePresence, owner: str = OWNER, site: str = "hq"
) -> Presence:
    message = Presence(
        agent="hq-1", owner=owner, site=site, at=SystemClock().now(), devices=tuple(said)
    )
    await agent.bus.say(subjects.presence("hq", "hq-1"), message)
    return message


async def get(running: Running, device: Device) -> Device:
    return await running.ask(catalog.GET_DEVICE, GetDevice(device_id=device.id), Device)


async def connected(running: Running, device: Device, wanted: bool) -> None:
    async def so() -> bool:
        return (await get(running, device)).is_connected is wanted

    await eventually(so)


def parts_of(running: Running, clock: Clock) -> Parts:
    return Parts(running.service.bus, running.engine, clock)


def handler_of(running: Running, clock: Clock) -> Agents:
    return Agents(parts_of(running, clock), Seals(running.settings.seal()))


async def test_presence_comes_and_goes(registry: Running, agent: Agent) -> None:
    device = await registry.register()
    await say(agent, DevicePresence(device_id=device.id, connected=True))
    await connected(registry, device, wanted=True)
    problem = MusterError(Code.DEVICE_UNREACHABLE).problem
    await say(agent, DevicePresence(device_id=device.id, connected=False, problem=problem))
    await connected(registry, device, wanted=False)
    assert (await get(registry, device)).problem == problem


async def test_an_old_word_is_no_connection(registry: Running, agent: Agent) -> None:
    device = await registry.register()
    clock = HandClock()
    said = DevicePresence(device_id=device.id, connected=True)
    message = await say(agent, said)
    await handler_of(registry, clock).presence(subjects.presence("hq", "hq-1"), message)
    for seconds, wanted in ((19, True), (2, False)):
        clock.passes(seconds=seconds)
        listing = Listing(parts_of(registry, clock))
        found = await listing.get(GetDevice(device_id=device.id), caller())
        assert found.is_connected is wanted


async def test_a_serial_is_pinned_at_first_contact(registry: Running, agent: Agent) -> None:
    device = await registry.register()
    assert device.serial_number == ""
    await say(agent, DevicePresence(device_id=device.id, connected=True, serial="FIRST\x00"))
    await connected(registry, device, wanted=True)
    assert (await get(registry, device)).serial_number == "FIRST"
    await say(agent, DevicePresence(device_id=device.id, connected=True, serial="SECOND"))

    async def flagged() -> bool:
        return (await get(registry, device)).problem is not None

    await eventually(flagged)
    found = await get(registry, device)
    assert (found.serial_number, found.device_serial) == ("FIRST", None)
    assert found.problem is not None
    assert "SECOND" in found.problem.details


async def test_one_terminal_under_two_addresses_is_flagged(registry: Running, agent: Agent) -> None:
    one, two = await registry.register("10.0.0.1"), await registry.register("10.0.0.2")
    await say(
        agent,
        DevicePresence(device_id=one.id, connected=True, serial="SAME"),
        DevicePresence(device_id=two.id, connected=True, serial="SAME"),
    )
    await connected(registry, two, wanted=True)
    assert (await get(registry, one)).problem is None
    problem = (await get(registry, two)).problem
    assert problem is not None
    assert problem.code is Code.SERIAL_TAKEN


@pytest.mark.parametrize("wrong", [{"owner": OTHER_OWNER}, {"site": "other"}, {"agent": "x"}])
async def test_presence_of_another_site_is_refused(
    registry: Running, agent: Agent, wrong: dict[str, str]
) -> None:
    device = await registry.register()
    said = Presence(
        agent="hq-1",
        owner=OWNER,
        site="hq",
        at=SystemClock().now(),
        devices=(DevicePresence(device_id=device.id, connected=True),),
    ).model_copy(update=wrong)
    await handler_of(registry, SystemClock()).presence(subjects.presence("hq", "hq-1"), said)
    assert await registry.rows("select 1 from presence") == []


async def test_an_agent_says_nothing_of_another_sites_device(
    registry: Running, agent: Agent, bus_of: MakeBus
) -> None:
    await Agent(await bus_of("agent-other"), "other").start()
    mine = await registry.register()
    theirs = await registry.register(owner=OTHER_OWNER)
    both = [DevicePresence(device_id=each.id, connected=True) for each in (theirs, mine)]
    await say(agent, *both)
    await connected(registry, mine, wanted=True)
    rows = await registry.rows("select device_id from presence")
    assert [row.device_id for row in rows] == [mine.id]


# ── what one that dials in tells ─────────────────────────────────────────────

BODY = Hardware(processor="4410029", mac="00-01-F5-00-00-01", model="AiFace", firmware="v1.29")


async def tells(registry: Running, agent: Agent, device: Device, **told: object) -> Device:
    """The device, as soon as the registry has heard this of it."""
    mark = MusterError(Code.DEVICE_OFFLINE, str(new_id())).problem
    said = {"device_id": device.id, "connected": False, "problem": mark, **told}
    await say(agent, DevicePresence.model_validate(said))

    async def heard() -> bool:
        return (await get(registry, device)).problem == mark

    await eventually(heard)
    return (await get(registry, device)).model_copy(update={"problem": None})


async def test_its_body_is_pinned_when_it_is_first_told(registry: Running, agent: Agent) -> None:
    device = await registry.register_terminal("ZXRE25000001")
    plain = await tells(registry, agent, device)
    assert (plain.hardware, plain.address) == (None, None)
    told = {"serial": "zxre25000001", "hardware": BODY, "address": "203.0.113.7"}
    found = await tells(registry, agent, device, **told)
    assert (found.hardware, found.address) == (BODY, "203.0.113.7")
    assert (found.serial_number, found.device_serial) == ("ZXRE25000001", None)
    (known,) = (await agent.roster()).devices
    assert (known.serial, known.hardware) == ("ZXRE25000001", BODY)
    other = Hardware(processor="9", mac="9", model="AiFace", firmware="v2.00")
    found = await tells(registry, agent, device, hardware=other, address="203.0.113.8")
    assert found.hardware == BODY.model_copy(update={"firmware": "v2.00"})
    assert found.address == "203.0.113.8"


async def test_what_it_does_not_tell_stays(registry: Running, agent: Agent) -> None:
    device = await registry.register_terminal()
    told = {"hardware": BODY, "address": "203.0.113.7"}
    before = await tells(registry, agent, device, **told)
    assert await tells(registry, agent, device) == before


async def test_what_stays_as_it_was_is_not_written(registry: Running, agent: Agent) -> None:
    device = await registry.register_terminal()
    told = {"serial": "ZXRE25000001", "hardware": BODY, "address": "203.0.113.7"}
    await tells(registry, agent, device, **told)
    (before,) = await registry.rows("select xmin::text from devices")
    await tells(registry, agent, device, **told)
    assert await registry.rows("select xmin::text from devices") == [before]
