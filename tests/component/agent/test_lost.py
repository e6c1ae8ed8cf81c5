"""Operations on a line that is lost, or never was: done again, in doubt, or given up in time."""

from __future__ import annotations

import pytest

from services.devices.drivers.base import DeviceError
from services.devices.simulators.faults import Fault
from shared.contracts.actions import (
    DeleteUser,
    Enroll,
    PutUser,
    ReadInfo,
    ReadLog,
    ReadTime,
    Restart,
)
from shared.contracts.errors import Code
from tests.component.agent.device import CLOCK, Device, eventually
from tests.component.agent.house import House
from tests.component.agent.scripted import LOST, Script
from tests.conftest import Platform

SILENT = DeviceError(Code.DEVICE_NO_ANSWER, "The device was silent for 5 s.")


async def joined(house: House) -> tuple[Device, Script]:
    device, script = house.scripted()
    await device.join()
    return device, script


# ── begun before, or lost on the way ─────────────────────────────────────────


@pytest.mark.parametrize("action", [Restart(), Enroll(user_id="1", finger=0)])
async def test_what_must_not_be_done_twice_is_not_begun_again(
    house: House, action: Restart | Enroll
) -> None:
    device, script = await joined(house)
    outcome = await device.perform(action, again=True)
    assert outcome.problem is not None
    assert outcome.problem.code is Code.OUTCOME_UNKNOWN
    assert script.performed == []


async def test_what_may_be_done_twice_is_begun_again(house: House) -> None:
    device, script = await joined(house)
    assert (await device.perform(ReadTime(), again=True)).status == "success"
    assert len(script.performed) == 1


async def test_a_lost_connection_is_followed_by_one_more_try(house: House) -> None:
    device, script = await joined(house)
    script.fails("do", LOST)
    assert (await device.perform(ReadTime())).status == "success"
    assert len(script.performed) == 2


async def test_a_second_loss_is_the_end(house: House) -> None:
    device, script = await joined(house)
    script.fails("do", LOST, LOST)
    outcome = await device.perform(ReadTime())
    assert outcome.problem is not None
    assert outcome.problem.code is Code.DEVICE_UNREACHABLE
    assert len(script.performed) == 2


@pytest.mark.parametrize("loss", [LOST, SILENT])
async def test_a_loss_over_what_must_not_be_repeated_is_an_unknown_outcome(
    house: House, loss: DeviceError
) -> None:
    device, script = await joined(house)
    script.fails("do", loss)
    outcome = await device.perform(Enroll(user_id="1", finger=0))
    assert outcome.problem is not None
    assert outcome.problem.code is Code.OUTCOME_UNKNOWN
    assert len(script.performed) == 1


async def test_what_a_device_answers_is_the_end_at_once(house: House) -> None:
    device, script = await joined(house)
    script.fails("do", DeviceError(Code.DEVICE_FULL, "It has no room left."))
    outcome = await device.perform(PutUser(user_id="1", create=True))
    assert outcome.problem is not None
    assert (outcome.problem.code, len(script.performed)) == (Code.DEVICE_FULL, 1)
    assert script.opened == 1


async def test_somebody_the_first_try_deleted_is_deleted(house: House) -> None:
    device, script = await joined(house)
    gone = DeviceError(Code.NOT_FOUND, "Nobody there.")
    script.fails("do", LOST, gone)
    assert (await device.perform(DeleteUser(user_id="1"))).status == "success"
    script.fails("do", gone)
    assert (await device.perform(DeleteUser(user_id="1"))).status == "failed", "the control"


async def test_somebody_the_first_try_may_have_added_is_an_unknown_outcome(house: House) -> None:
    device, script = await joined(house)
    taken = DeviceError(Code.USER_TAKEN, "Somebody is there.")
    action = PutUser(user_id="1", create=True)
    codes = []
    for trouble in ([LOST, taken], [taken]):
        script.fails("do", *trouble)
        outcome = await device.perform(action)
        assert outcome.problem is not None
        codes.append(outcome.problem.code)
    assert codes == [Code.OUTCOME_UNKNOWN, Code.USER_TAKEN]


# ── a device that is away ────────────────────────────────────────────────────


async def test_an_offline_device_is_told_in_time(house: House) -> None:
    terminal = await house.terminal()
    await terminal.join()
    await terminal.server.set_fault(Fault.UNREACHABLE)
    began = CLOCK.monotonic()
    outcome = await terminal.perform(ReadInfo())
    assert outcome.problem is not None
    assert outcome.problem.code is Code.DEVICE_UNREACHABLE
    assert CLOCK.monotonic() - began < 5


async def test_a_device_that_hangs_is_told_in_time(house: House) -> None:
    terminal = await house.terminal()
    await terminal.join()
    await terminal.perform(ReadLog())  # so that nothing else is under way
    await terminal.server.set_fault(Fault.HANG)
    began = CLOCK.monotonic()
    outcome = await terminal.perform(ReadInfo())
    assert outcome.problem is not None
    assert outcome.problem.code is Code.DEVICE_NO_ANSWER
    assert CLOCK.monotonic() - began < 9.5


# ── a broker that is away ────────────────────────────────────────────────────


async def test_an_operation_does_not_wait_for_what_a_killed_broker_was_asked(
    house: House, platform: Platform
) -> None:
    """A fetch lasts for half a minute; of one that was under way the next broker knows nothing."""
    device, _ = await joined(house)
    await device.perform(ReadTime())
    buses = house.registry.bus, house.attendance.bus, house.agent.bus
    await platform.servers.nats.kill()
    await eventually(lambda: not any(bus.connected for bus in buses))
    await platform.servers.nats.start()
    await eventually(lambda: all(bus.connected for bus in buses))
    assert (await device.perform(ReadTime())).status == "success"
