"""What cannot wait: a door while the log is read, and a look at a device that is not ours yet."""

from __future__ import annotations

import pytest

from services.devices.simulators.faults import Fault
from shared.contracts import catalog, subjects
from shared.contracts.agents import AskPermit, Permit, Probe, Probed, Unlock, Unlocked
from shared.contracts.errors import Code
from shared.kit import rpc
from shared.kit.errors import MusterError
from tests.component.agent.device import Device, eventually
from tests.component.agent.house import House
from tests.component.agent.standins import SITE


async def permit(house: House, device: Device) -> Permit:
    return await rpc.ask(
        house.registry.bus,
        catalog.PERMIT,
        AskPermit(device_id=device.device_id),
        Permit,
        subject=subjects.control(SITE, device.device_id, "permit"),
    )


async def unlock(house: House, device: Device, leave: Permit) -> Unlocked:
    return await rpc.ask(
        house.registry.bus,
        catalog.UNLOCK,
        Unlock(device_id=device.device_id, permit_id=leave.permit_id, seconds=3),
        Unlocked,
        subject=subjects.control(SITE, device.device_id, "unlock"),
    )


async def probe(house: House, device: Device, **wire: object) -> Probed:
    where = subjects.control(SITE, subjects.NEW_DEVICE, "probe")
    request = Probe.model_validate(
        {"host": device.host, "port": device.port, "comm_key": 0, **wire}
    )
    return await rpc.ask(
        house.registry.bus, catalog.PROBE, request, Probed, subject=where, seconds=10
    )


async def test_a_door_opens_while_the_log_is_read(house: House) -> None:
    terminal = await house.terminal(records=2000)
    await terminal.server.set_fault(Fault.SLOW)
    await terminal.join()
    await eventually(lambda: house.files("staging"))
    await unlock(house, terminal, await permit(house, terminal))
    assert len(terminal.server.device.unlocks) == 1
    assert house.files("staging"), "the log is still being read"
    assert house.attendance.of(terminal.serial) == set()
    await terminal.server.set_fault(Fault.NONE)
    await terminal.reconciled()


async def test_a_permit_is_good_once(house: House) -> None:
    terminal = await house.terminal()
    await terminal.join()
    leave = await permit(house, terminal)
    await unlock(house, terminal, leave)
    with pytest.raises(MusterError) as caught:
        await unlock(house, terminal, leave)
    assert caught.value.problem.code is Code.UNLOCK_EXPIRED
    assert len(terminal.server.device.unlocks) == 1


async def test_there_is_no_permit_for_a_device_that_is_away(house: House) -> None:
    terminal = await house.terminal()
    await terminal.join()
    await terminal.server.set_fault(Fault.REFUSE)
    await terminal.until(
        lambda each: each.problem is not None and each.problem.code is Code.DEVICE_REFUSED
    )
    with pytest.raises(MusterError) as caught:
        await permit(house, terminal)
    assert caught.value.problem.code is Code.DEVICE_REFUSED


async def test_a_device_can_be_looked_at_before_it_is_ours(house: House) -> None:
    terminal = await house.terminal()
    assert (await probe(house, terminal)).serial == terminal.serial
    await eventually(lambda: not terminal.server.connections)


async def test_a_look_at_nothing_names_the_trouble(house: House) -> None:
    terminal = await house.terminal()
    await terminal.server.set_fault(Fault.UNREACHABLE)
    with pytest.raises(MusterError) as caught:
        await probe(house, terminal)
    assert caught.value.problem.code is Code.DEVICE_UNREACHABLE
