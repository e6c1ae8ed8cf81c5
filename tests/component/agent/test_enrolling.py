"""An enrolment that is only begun: how it goes on is told later, and nobody waits for it."""

from __future__ import annotations

import pytest

from services.devices.agent import enrolling
from services.devices.drivers.base import DeviceError
from shared.contracts.actions import Enroll, Enrolment, EnrolmentBegun, ReadTime
from shared.contracts.errors import Code
from shared.contracts.readings import Template
from tests.component.agent.device import CLOCK, Device, Order, eventually
from tests.component.agent.house import House
from tests.component.agent.said import senduser
from tests.component.agent.scripted import Script

ACTION = Enroll(user_id="17", finger=50, name="Ali", follow=False)
PHOTO = Template.model_validate({"user_id": "17", "finger": 50, "data": "/9j/"})


def look(state: str, samples: int = 0) -> Enrolment:
    return Enrolment.model_validate({"state": state, "samples": samples, "at": CLOCK.now()})


async def begun(house: House, *looks: Enrolment) -> tuple[Device, Script, Order]:
    device, script = house.scripted("timmy")
    script.looks = list(looks)
    script.templates = (PHOTO,)
    await device.join()
    order = await device.order(ACTION)
    outcome = await order.end()
    assert outcome.result == EnrolmentBegun(user_id="17", finger=50)
    assert (outcome.status, outcome.enrolment) == ("success", None)
    return device, script, order


def told(order: Order) -> list[tuple[str, int]]:
    return [(e.enrolment.state, e.enrolment.samples) for e in order.said if e.enrolment]


async def ended(order: Order) -> str:
    """Wait until no more news can come of it."""
    return await eventually(
        lambda: told(order)[-1][0] if told(order) and told(order)[-1][0] != "started" else None
    )


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(enrolling, "_LOOK_SECONDS", 0.05)


async def test_each_step_is_told_and_the_template_fetched(house: House) -> None:
    looks = look("started", 1), look("started", 1), look("started", 2), look("captured", 3)
    device, _script, order = await begun(house, *looks)
    assert await ended(order) == "captured"
    assert told(order) == [("started", 0), ("started", 1), ("started", 2), ("captured", 3)]
    (kept,) = (each for each in house.registry.told if each.device_id == device.device_id)
    assert kept.templates == (PHOTO,)
    assert {each.status for each in order.said} == {"success"}


async def test_what_the_device_tells_by_itself_ends_it(house: House) -> None:
    device, script, order = await begun(house, look("started"))
    script.live.put_nowait(senduser(17, 50, "/9j/4AAQ"))
    assert await ended(order) == "captured"
    deposits = [each for each in house.registry.told if each.device_id == device.device_id]
    assert len(deposits) == 1, "it is not fetched besides"


async def test_one_that_fails_is_told(house: House) -> None:
    *_, order = await begun(house, look("failed"))
    assert await ended(order) == "failed"


@pytest.mark.parametrize("askable", [True, False])
async def test_nobody_who_comes_is_a_timeout(
    house: House, monkeypatch: pytest.MonkeyPatch, askable: bool
) -> None:
    monkeypatch.setattr(enrolling, "_FOLLOW_SECONDS", 0.3)
    device, script = house.scripted("timmy")
    script.looks = [look("started")]
    if not askable:
        script.fails("enrolment", *[DeviceError(Code.NOT_SUPPORTED, "It cannot be asked.")] * 99)
    await device.join()
    assert await ended(await device.order(ACTION)) == "timeout"


async def test_a_template_that_is_not_read_is_told(house: House) -> None:
    device, script = house.scripted("timmy")
    script.looks = [look("captured")]
    script.fails("templates", DeviceError(Code.DEVICE_ERROR, "It gives no reason."))
    await device.join()
    order = await device.order(ACTION)
    assert await ended(order) == "captured"
    last = order.said[-1].enrolment
    assert last is not None
    assert "not read" in last.details


async def test_other_operations_do_not_wait_for_it(house: House) -> None:
    device, _script, order = await begun(house, look("started"))
    assert (await device.perform(ReadTime())).status == "success"
    assert told(order)[-1] == ("started", 0)
