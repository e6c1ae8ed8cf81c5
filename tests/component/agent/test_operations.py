"""Operations: leave first, then the device, and an end that is told exactly once and in time."""

from __future__ import annotations

import pytest

from services.devices.agent import operations
from services.devices.drivers.base import DecodeError, PersonEntry
from shared.contracts import catalog, streams, subjects
from shared.contracts.actions import (
    Count,
    DeleteUser,
    Done,
    PutUser,
    ReadTemplates,
    ReadTime,
    ReadUsers,
    Restart,
    WriteTemplates,
)
from shared.contracts.agents import Started
from shared.contracts.errors import Code
from shared.contracts.operations import Progress
from shared.contracts.readings import Template
from shared.kit.clock import new_id
from shared.kit.errors import MusterError
from tests.component.agent.device import CLOCK, Device, eventually
from tests.component.agent.house import House
from tests.component.agent.scripted import Script


async def joined(house: House) -> tuple[Device, Script]:
    device, script = house.scripted()
    await device.join()
    return device, script


# ── leave ────────────────────────────────────────────────────────────────────


async def test_what_was_asked_for_is_done_and_told(house: House) -> None:
    device, script = await joined(house)
    outcome = await device.perform(ReadTime())
    assert (outcome.status, outcome.result) == ("success", Done())
    assert script.performed == [ReadTime()]


@pytest.mark.parametrize(
    "answer", [Code.CONFLICT, Code.OPERATION_CANCELED, Code.OPERATION_EXPIRED, Code.NOT_FOUND]
)
async def test_what_is_over_when_it_should_start_is_dropped(house: House, answer: Code) -> None:
    device, script = await joined(house)
    canceled = await device.order(Restart(), MusterError(answer))
    await device.perform(ReadTime())
    assert script.performed == [ReadTime()]
    assert canceled.said == []
    assert house.registry.asked[canceled.operation.operation_id] == 1


async def test_a_refusal_of_another_kind_is_the_end(house: House) -> None:
    device, script = await joined(house)
    order = await device.order(ReadTime(), MusterError(Code.FORBIDDEN))
    outcome = await order.end()
    assert outcome.problem is not None
    assert outcome.problem.code is Code.FORBIDDEN
    assert script.performed == []


async def test_a_registry_that_is_away_is_asked_again(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(operations, "_PAUSE_SECONDS", 0.05)
    device, script = await joined(house)
    house.registry.away.add(catalog.START.subject)
    order = await device.order(ReadTime())
    await eventually(lambda: house.registry.refused[catalog.START.subject] > 2)
    assert order.said == []
    house.registry.away.clear()
    assert (await order.end()).status == "success"
    assert len(script.performed) == 1


async def test_an_operation_expires_while_there_is_no_leave(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(operations, "_PAUSE_SECONDS", 0.05)
    device, script = await joined(house)
    house.registry.away.add(catalog.START.subject)
    order = await device.put(device.operation("restart", seconds=0.5))
    await eventually(lambda: order.operation.expires_at < CLOCK.now())
    house.registry.away.clear()
    # What comes next is begun, so the first is over and done with.
    await device.perform(ReadTime())
    assert script.performed == [ReadTime()]
    assert order.said == []


async def test_only_the_registry_says_that_an_operation_has_expired(house: House) -> None:
    """It may have been tried again since this message, and its clock need not be the agent's."""
    device, script = await joined(house)
    operation = device.operation("restart", seconds=-600)
    house.registry.started[operation.operation_id] = Started(
        action=Restart(), again=False, attempt=2
    )
    outcome = await (await device.put(operation)).end()
    assert (outcome.status, outcome.attempt) == ("success", 2)
    assert script.performed == [Restart()]


async def test_what_an_agent_does_not_know_is_not_supported(house: House) -> None:
    device, _ = await joined(house)
    outcome = await (await device.put(device.operation("unlock"))).end()
    assert outcome.problem is not None
    assert outcome.problem.code is Code.NOT_SUPPORTED


async def test_what_is_no_operation_is_dropped(house: House) -> None:
    device, script = await joined(house)
    await house.registry.bus.publish(
        streams.operation_stream("hq"),
        subjects.operation("hq", device.device_id, "nonsense"),
        b'{"kind": "nonsense"}',
        message_id=str(new_id()),
    )
    await device.perform(ReadTime())
    assert len(script.performed) == 1


async def test_operations_are_done_one_after_the_other(house: House) -> None:
    device, script = await joined(house)
    script.steps = 3
    wanted = [DeleteUser(user_id=str(number)) for number in range(10)]
    for order in [await device.order(action) for action in wanted]:
        await order.end()
    assert script.performed == wanted
    assert script.most_at_once == 1


# ── what is handed over, and how far it is ───────────────────────────────────


async def test_progress_is_told_a_few_times_a_second_at_most(house: House) -> None:
    device, script = await joined(house)
    script.steps, script.pace = 60, 0.01
    order = await device.order(ReadTime())
    outcome = await order.end()
    assert outcome.progress == Progress(total=60, done=60)
    told = [each.progress.done for each in order.said if each.status == "sent"]
    assert 2 <= len(told) <= 6
    assert told == sorted(told)


async def test_people_are_counted_and_handed_over(house: House) -> None:
    device, script = await joined(house)
    await eventually(lambda: house.people_of(device))
    script.people = tuple(PersonEntry(str(uid), "", uid=uid) for uid in range(250))
    outcome = await device.perform(ReadUsers())
    assert outcome.result == Count(count=250)
    assert outcome.progress == Progress(total=250, done=250)
    assert [len(part.people) for part in house.people_of(device)[1:]] == [100, 100, 50]


async def test_people_the_registry_does_not_take_are_a_failure(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.devices.agent.registry._PAUSE_SECONDS", 0.05)
    device, _ = await joined(house)
    house.registry.away.add(catalog.DEPOSIT_PEOPLE.subject)
    outcome = await device.perform(ReadUsers())
    assert outcome.problem is not None
    assert outcome.problem.code is Code.SERVICE_UNAVAILABLE


async def test_templates_are_handed_over_and_nowhere_else(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    device, script = await joined(house)
    script.templates = tuple(
        Template.model_validate({"user_id": str(n // 10), "finger": n % 10, "data": "c2VjcmV0"})
        for n in range(120)
    )
    order = await device.order(ReadTemplates())
    outcome = await order.end()
    assert outcome.result == Count(count=120)
    parts = house.registry.templates
    assert [len(part.templates) for part in parts] == [100, 20]
    assert {part.operation_id for part in parts} == {order.operation.operation_id}
    assert parts[0].templates[0].data.get_secret_value() == b"secret"
    told = "".join(each.model_dump_json() for each in order.said) + caplog.text
    assert "c2VjcmV0" not in told
    assert "secret" not in told


async def test_templates_that_nobody_has_are_not_written(house: House) -> None:
    """A success would let somebody believe in fingers that are on no device."""
    device, script = await joined(house)
    outcome = await device.perform(WriteTemplates(user_id="1"))
    assert outcome.problem is not None
    assert outcome.problem.code is Code.NOT_FOUND
    assert script.performed == []


async def test_slots_are_forgotten_when_people_change(house: House) -> None:
    """A narrow live punch after it must not be taken for whoever had the slot before."""
    device, script = await joined(house)
    script.people = (PersonEntry("1", "", uid=1),)
    await device.perform(ReadUsers())
    script.fails("people", DecodeError("not now"))
    await device.perform(DeleteUser(user_id="1"))
    script.live.put_nowait(b"\x01\x00\x01\x00\x1a\x03\x02\x10\x00\x00")
    await eventually(lambda: script.readings == 2)
    assert house.attendance.of(script.serial) == set()


async def test_leave_brings_everything_the_action_needs(house: House) -> None:
    device, script = await joined(house)
    action = PutUser.model_validate({"user_id": "1", "create": True, "password": "1234"})
    operation = device.operation("put_user")
    house.registry.started[operation.operation_id] = Started(action=action, again=False)
    await (await device.put(operation)).end()
    (performed,) = script.performed
    assert isinstance(performed, PutUser)
    assert performed.password is not None
    assert performed.password.get_secret_value() == "1234"
