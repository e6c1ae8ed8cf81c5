"""Devices that dial in: registered unreached, known by their serial, found by it, and changed."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from shared.contracts import catalog, subjects
from shared.contracts.agents import RosterChanged
from shared.contracts.devices import Device, FindDevice, RegisterDevice
from shared.contracts.errors import Code
from shared.contracts.readings import DevicePresence, Hardware
from shared.kit.errors import MusterError
from tests.component.devices.conftest import Agent, MakeBus, Running, eventually, fails
from tests.component.devices.house import SERIAL
from tests.conftest import OTHER_OWNER, OWNER


async def find(registry: Running, serial: str, owner: str = OWNER) -> Device:
    asked = FindDevice(serial=serial)
    return await registry.ask(catalog.FIND_DEVICE, asked, Device, owner=owner, role="user")


async def refused(asking: Any) -> MusterError:
    with pytest.raises(MusterError) as caught:
        await asking
    return caught.value


# ── registering ──────────────────────────────────────────────────────────────


async def test_one_that_dials_in_needs_no_agent_and_is_not_reached(registry: Running) -> None:
    device = await registry.register_terminal(
        " zxre25000001 ", ip="nowhere", port=9091, comm_key=7, driver="pyzk", family="c"
    )
    assert (device.serial_number, device.device_serial) == (SERIAL, None)
    assert (device.status, device.dialect, device.is_connected) == ("active", "timmy", False)
    assert (device.ip, device.port, device.driver, device.family) == ("", 0, "native", "c")
    assert (device.hardware, device.address, device.has_path_token) == (None, None, False)


async def test_agents_are_told_of_it_at_once(registry: Running, agent: Agent) -> None:
    heard = await agent.bus.client.subscribe(subjects.roster_changed("hq"))
    await agent.bus.client.flush()
    device = await registry.register_terminal(family="b")
    message = await heard.next_msg(timeout=5)
    assert RosterChanged.model_validate_json(message.data).site == "hq"
    (known,) = (await agent.roster()).devices
    assert (known.device_id, known.serial, known.dialect) == (device.id, SERIAL, "timmy")
    assert (known.family, known.path_digests, known.hardware) == ("b", (), None)
    assert agent.asked == [], "nobody dials it"


@pytest.mark.parametrize(
    "serial", ["", "ABCD", "-ABCDE", "A B C D E", "A" * 51, "ZXRE\u0662500000"]
)
async def test_what_cannot_be_its_serial_is_refused_by_name(registry: Running, serial: str) -> None:
    error = await refused(registry.register_terminal(serial))
    assert error.problem.code is Code.VALIDATION_ERROR
    assert [each.field for each in error.problem.fields] == ["serial_number"]


async def test_one_that_is_dialled_still_needs_an_ip(registry: Running, agent: Agent) -> None:
    request = RegisterDevice(name="Door", serial_number=SERIAL)
    error = await refused(registry.ask(catalog.REGISTER_DEVICE, request, Device))
    assert error.problem.code is Code.VALIDATION_ERROR
    assert [each.field for each in error.problem.fields] == ["ip"]
    assert agent.asked == []


async def test_any_number_of_them_has_no_ip_and_each_its_own_serial(
    registry: Running, agent: Agent
) -> None:
    agent.serials["10.0.0.1"] = "s-1-reported"
    await registry.register("10.0.0.1")
    for n in range(3):
        await registry.register_terminal(f"ZXRE2500000{n}")
    for taken in ("zxre25000000", "S-1-REPORTED"):
        assert await fails(registry.register_terminal(taken)) is Code.SERIAL_TAKEN
    other = await registry.register_terminal("ZXRE25000000", owner=OTHER_OWNER)
    assert other.site == "other"


async def test_of_two_registrations_of_one_serial_at_once_one_wins(registry: Running) -> None:
    both = [registry.register_terminal() for _ in range(8)]
    results = await asyncio.gather(*both, return_exceptions=True)
    lost = [each.problem.code for each in results if isinstance(each, MusterError)]
    assert lost == [Code.SERIAL_TAKEN] * 7


# ── changing ─────────────────────────────────────────────────────────────────


async def test_what_would_reach_it_changes_nothing(registry: Running, agent: Agent) -> None:
    device = await registry.register_terminal()
    same = await registry.change(
        device, ip="10.0.0.9", port=4370, comm_key=5, driver="pyzk", transport="udp"
    )
    assert (same, agent.asked) == (device, [])
    changed = await registry.change(device, name="Gate", family="d", zone="Asia/Riyadh")
    assert changed == device.model_copy(
        update={"name": "Gate", "family": "d", "zone": "Asia/Riyadh"}
    )
    (known,) = (await agent.roster()).devices
    assert (known.family, known.comm_key, known.zone) == ("d", 0, "Asia/Riyadh")


async def test_its_serial_is_mended_until_it_dialled_in(registry: Running, agent: Agent) -> None:
    device = await registry.register_terminal("ZXRE2500000X")
    await registry.register_terminal("ZXRE25000002")
    await agent.sights(SERIAL)
    wrong = registry.change(device, serial_number="zxre25000002")
    assert await fails(wrong) is Code.SERIAL_TAKEN
    assert await fails(registry.change(device, serial_number="ABC")) is Code.VALIDATION_ERROR
    assert await registry.change(device, serial_number="") == device
    mended = await registry.change(device, serial_number=SERIAL.lower())
    assert mended.serial_number == SERIAL
    assert await registry.rows("select 1 from pending") == []
    there = DevicePresence(device_id=device.id, connected=True, hardware=Hardware())
    await agent.is_there(there)

    async def connected() -> bool:
        return (await registry.get(device)).is_connected

    await eventually(connected)
    error = await refused(registry.change(device, serial_number="ZXRE25000009"))
    assert SERIAL in error.problem.details
    assert (await registry.change(device, serial_number=SERIAL.lower())).serial_number == SERIAL


# ── finding ──────────────────────────────────────────────────────────────────


async def test_a_device_is_found_by_what_it_is_registered_or_reports_as(
    registry: Running, agent: Agent
) -> None:
    agent.serials["10.0.0.1"] = "Real-1"
    dialled = await registry.register("10.0.0.1", serial_number="Label-\u00e9")
    terminal = await registry.register_terminal()
    for serial in ("Label-\u00e9", "LABEL-\u00c9", "real-1", " Real-1 "):
        assert await find(registry, serial) == dialled
    assert await find(registry, SERIAL.lower()) == terminal
    for unknown in ("", " ", "Label", "%", "x\x00", SERIAL + "0"):
        assert await fails(find(registry, unknown)) is Code.NOT_FOUND
    assert await fails(find(registry, SERIAL, OTHER_OWNER)) is Code.NOT_FOUND
    await registry.remove(terminal)
    assert await fails(find(registry, SERIAL)) is Code.NOT_FOUND


async def test_each_owner_finds_their_own_of_one_serial(registry: Running, bus_of: MakeBus) -> None:
    mine = await registry.register_terminal()
    theirs = await registry.register_terminal(owner=OTHER_OWNER)
    assert await find(registry, SERIAL) == mine
    assert await find(registry, SERIAL, OTHER_OWNER) == theirs
