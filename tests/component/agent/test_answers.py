"""What a device answers to an operation, and what of it is handed to the registry."""

from __future__ import annotations

import pytest

from services.devices.drivers.base import DeviceError, PersonEntry
from shared.contracts.actions import (
    Action,
    Count,
    DeleteUser,
    PushUser,
    PutUser,
    ReadLog,
    ReadTemplates,
    ReadTime,
    ReadUsers,
)
from shared.contracts.errors import Code
from shared.contracts.readings import Template
from tests.component.agent.device import Device
from tests.component.agent.house import House
from tests.component.agent.scripted import Script


async def joined(house: House) -> tuple[Device, Script]:
    device, script = house.scripted()
    await device.join()
    return device, script


@pytest.mark.parametrize(
    "action", [ReadTime(), ReadUsers(), ReadTemplates(), ReadLog(), DeleteUser(user_id="1")]
)
async def test_what_the_device_answered_is_told(house: House, action: Action) -> None:
    device, script = await joined(house)
    script.said = {"ret": "gettime", "result": True}
    outcome = await device.perform(action)
    assert (outcome.status, outcome.said) == ("success", script.said)


async def test_what_the_device_answered_is_told_of_a_failure_too(house: House) -> None:
    device, script = await joined(house)
    said = {"ret": "setuserinfo", "result": False, "reason": 1}
    script.fails("do", DeviceError(Code.DEVICE_ERROR, "It said no.", said))
    outcome = await device.perform(PutUser(user_id="1", create=True))
    assert (outcome.status, outcome.said) == ("failed", said)


async def test_templates_go_with_the_people_they_are_of(house: House) -> None:
    device, script = await joined(house)
    script.people = tuple(PersonEntry(str(number), "") for number in range(150))
    photo = bytes(300_000)
    script.templates = tuple(
        Template.model_validate({"user_id": str(number), "finger": 50, "data": photo})
        for number in range(10)
    )
    assert (await device.perform(ReadTemplates())).result == Count(count=10)
    parts = [each for each in house.registry.templates if each.device_id == device.device_id]
    assert [len(part.templates) for part in parts] == [3, 3, 3, 1]
    assert sum(len(part.people) for part in parts) == 150
    assert {each.user_id for part in parts for each in part.people} == {
        each.user_id for each in script.people
    }


async def test_a_person_without_templates_is_handed_over_too(house: House) -> None:
    device, script = await joined(house)
    script.people = (PersonEntry("7", "Ali"),)
    assert (await device.perform(ReadTemplates(user_id="7"))).result == Count(count=0)
    (part,) = (each for each in house.registry.templates if each.device_id == device.device_id)
    assert [each.user_id for each in part.people] == ["7"]


async def test_nothing_of_a_person_is_pushed_when_there_is_nothing(house: House) -> None:
    device, script = await joined(house)
    outcome = await device.perform(PushUser(user_id="1"))
    assert outcome.problem is not None
    assert outcome.problem.code is Code.NOT_FOUND
    assert script.performed == []
