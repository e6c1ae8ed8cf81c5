"""Operations that wait for a device that is away: begun when it is there, again when it left."""

from __future__ import annotations

import pytest

from services.devices.agent import operations
from services.devices.drivers.base import DeviceError
from shared.contracts.actions import DeleteUser, Done, Enroll, ReadTime, SetTime
from shared.contracts.errors import Code
from shared.kit.errors import MusterError
from tests.component.agent.device import Device, Order, eventually
from tests.component.agent.house import House
from tests.component.agent.scripted import Script

OFFLINE = DeviceError(Code.DEVICE_OFFLINE, "The terminal has not dialled in.")
GONE = DeviceError(Code.DEVICE_NO_ANSWER, "The terminal fell silent.")


async def joined(house: House) -> tuple[Device, Script]:
    device, script = house.scripted("timmy")
    await device.join()
    return device, script


async def away(house: House) -> tuple[Device, Script]:
    """A device that is registered and has not dialled in."""
    device, script = house.scripted("timmy")
    script.fails("open", *[OFFLINE] * 1000)
    await house.enter(device.device())
    await device.until(lambda each: each.problem is not None)
    return device, script


def statuses(order: Order) -> list[str]:
    return [each.status for each in order.said]


def asked(order: Order) -> int:
    """How often the registry was asked for leave to begin it."""
    return order.device.house.registry.asked[order.operation.operation_id]


async def test_it_waits_for_its_device_before_it_asks_for_leave(house: House) -> None:
    device, script = await away(house)
    order = await device.order(DeleteUser(user_id="1"), lasting=True)
    await eventually(lambda: script.opened > 2)
    assert (asked(order), order.said) == (0, [])
    script.trouble.clear()
    assert (await order.end()).status == "success"
    assert asked(order) == 1


async def test_one_that_does_not_last_is_told_in_time(house: House) -> None:
    device, _script = await away(house)
    outcome = await device.perform(ReadTime())
    assert outcome.problem is not None
    assert outcome.problem.code is Code.DEVICE_OFFLINE


async def test_a_lost_connection_puts_it_back_to_waiting(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(operations, "_RECONNECT_SECONDS", 0.05)
    device, script = await joined(house)
    script.fails("do", GONE)
    script.fails("open", *[OFFLINE] * 3)
    order = await device.order(SetTime(), lasting=True)
    outcome = await order.end()
    assert (outcome.status, outcome.result) == ("success", Done())
    assert statuses(order) == ["pending", "success"]
    assert asked(order) == len(script.performed) == 2


async def test_without_lasting_a_lost_connection_is_the_end(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(operations, "_RECONNECT_SECONDS", 0.05)
    device, script = await joined(house)
    script.fails("do", GONE)
    script.fails("open", *[OFFLINE] * 3)
    order = await device.order(SetTime())
    assert (await order.end()).status == "failed"
    assert (statuses(order), asked(order)) == (["failed"], 1)


async def test_what_the_try_before_the_loss_did_is_no_failure(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(operations, "_RECONNECT_SECONDS", 0.05)
    device, script = await joined(house)
    script.fails("do", GONE, DeviceError(Code.NOT_FOUND, "Nobody there."))
    script.fails("open", *[OFFLINE] * 3)
    order = await device.order(DeleteUser(user_id="1"), lasting=True)
    assert (await order.end()).status == "success"
    assert statuses(order) == ["pending", "success"]


async def test_what_must_not_be_repeated_never_goes_back(house: House) -> None:
    device, script = await joined(house)
    script.fails("do", GONE)
    order = await device.order(Enroll(user_id="1", finger=0), lasting=True)
    outcome = await order.end()
    assert outcome.problem is not None
    assert outcome.problem.code is Code.OUTCOME_UNKNOWN
    assert (statuses(order), len(script.performed)) == (["failed"], 1)


@pytest.mark.parametrize("seconds", [60, 0.3], ids=["canceled", "expired"])
async def test_one_that_is_over_when_its_device_comes_is_dropped(
    house: House, seconds: float
) -> None:
    device, script = await away(house)
    operation = device.operation("delete_user", seconds, lasting=True)
    code = Code.OPERATION_CANCELED if seconds > 1 else Code.OPERATION_EXPIRED
    house.registry.started[operation.operation_id] = MusterError(code)
    order = await device.put(operation)
    if seconds > 1:
        await eventually(lambda: script.opened > 2)
        assert asked(order) == 0
        script.trouble.clear()
    await eventually(lambda: asked(order))
    script.trouble.clear()
    await device.perform(ReadTime())
    assert (order.said, script.performed) == ([], [ReadTime()])
