"""Whole operations against simulated terminals: people, fingers, clock, power, and odd models."""

from __future__ import annotations

import pytest

from services.devices.simulators.faults import Fault
from shared.contracts.actions import (
    Action,
    Clock,
    Count,
    DeleteUser,
    Done,
    Enroll,
    Enrolled,
    Info,
    OptionRead,
    PutUser,
    ReadInfo,
    ReadLog,
    ReadOption,
    ReadTemplates,
    ReadUsers,
    Restart,
    SetTime,
    UserDone,
    WriteTemplates,
)
from shared.contracts.errors import Code
from shared.contracts.operations import Outcome
from tests.component.agent.device import eventually
from tests.component.agent.house import House
from tests.component.agent.terminals import Terminal


async def joined(house: House, **spec: object) -> Terminal:
    terminal = await house.terminal(**spec)
    await terminal.join()
    return terminal


async def done(terminal: Terminal, action: Action) -> Outcome:
    outcome = await terminal.perform(action)
    assert outcome.problem is None, outcome.problem
    return outcome


async def test_a_device_tells_what_it_is_and_holds(house: House) -> None:
    terminal = await joined(house, users=20, records=600)
    info = (await done(terminal, ReadInfo())).result
    assert isinstance(info, Info)
    assert (info.serial, info.counts and info.counts.records) == (terminal.serial, 600)


async def test_a_clock_is_set(house: House) -> None:
    terminal = await joined(house, drift=600)
    clock = (await done(terminal, SetTime())).result
    assert isinstance(clock, Clock)
    assert clock.drift_ms is not None
    assert 590_000 < clock.drift_ms < 610_000
    after = (await done(terminal, SetTime())).result
    assert isinstance(after, Clock)
    assert abs(after.drift_ms or 0) < 5_000


async def test_a_person_is_added_changed_and_taken_off(house: House) -> None:
    terminal = await joined(house, users=3)
    added = PutUser.model_validate(
        {"user_id": "9001", "create": True, "name": "New Person", "password": "1234"}
    )
    result = (await done(terminal, added)).result
    assert isinstance(result, UserDone)
    assert (result.name, result.has_password) == ("New Person", True)
    await done(terminal, PutUser(user_id="9001", create=False, card=77))
    await done(terminal, ReadUsers())
    (person,) = (p for p in house.people_of(terminal)[-1].people if p.user_id == "9001")
    assert (person.name, person.card) == ("New Person", 77)
    await done(terminal, DeleteUser(user_id="9001"))
    await done(terminal, ReadUsers())
    assert len(house.people_of(terminal)[-1].people) == 3


async def test_a_finger_is_enrolled_with_progress(house: House) -> None:
    terminal = await joined(house, users=3)
    order = await terminal.order(Enroll(user_id="1001", finger=4))
    outcome = await order.end()
    result = outcome.result
    assert isinstance(result, Enrolled)
    assert (result.user_id, result.finger) == ("1001", 4)
    assert outcome.progress.total == outcome.progress.done == 3
    assert any(each.status == "sent" for each in order.said)


async def test_a_finger_that_is_not_good_is_a_failure(house: House) -> None:
    terminal = await joined(house, users=3, enrols="fail")
    outcome = await terminal.perform(Enroll(user_id="1001", finger=4))
    assert outcome.problem is not None
    assert outcome.problem.code is Code.ENROLMENT_FAILED


async def test_templates_go_from_one_device_to_another(house: House) -> None:
    source, target = [await joined(house, users=3, templates=n) for n in (6, 0)]
    outcome = await done(source, ReadTemplates(user_id="1001"))
    assert outcome.result == Count(count=2, slots=(0, 1))
    (part,) = house.registry.templates[-1:]
    await done(target, WriteTemplates(user_id="1001", templates=part.templates))
    assert (await done(target, ReadTemplates())).result == Count(count=2)
    written = house.registry.templates[-1].templates
    assert {t.data.get_secret_value() for t in written} == {
        t.data.get_secret_value() for t in part.templates
    }


async def test_an_option_is_read(house: House) -> None:
    terminal = await joined(house)
    result = (await done(terminal, ReadOption(name="~SerialNumber"))).result
    assert result == OptionRead(name="~SerialNumber", value=terminal.serial)


@pytest.mark.parametrize("fault", [Fault.NONE, Fault.MUTE_RESTART])
async def test_a_device_that_restarts_comes_back_by_itself(house: House, fault: Fault) -> None:
    terminal = await joined(house)
    await terminal.perform(ReadLog())
    await terminal.server.set_fault(fault)
    before = len(house.registry.presences)
    assert (await done(terminal, Restart())).result == Done()

    def came_back() -> bool:
        said = [
            each.connected
            for presence in house.registry.presences[before:]
            for each in presence.devices
            if each.device_id == terminal.device_id
        ]
        return False in said and said[-1]

    await eventually(came_back)


@pytest.mark.parametrize(
    "spec",
    [
        {"log_width": "8a", "user_width": 28, "live_width": 10},
        {"log_width": "8b", "user_width": 28, "live_width": 14},
        {"log_width": "16", "user_width": 28, "live_width": 12},
        {"log_width": "49", "live_width": 52},
        {"sizes": "per_index"},
        {"writes": "fragmented", "packet": 1008},
    ],
    ids=lambda spec: ",".join(map(str, spec.values())),
)
async def test_every_form_gives_the_same_punches(house: House, spec: dict[str, object]) -> None:
    terminal = await joined(house, records=300, **spec)
    await terminal.reconciled()
    terminal.server.punch("1002", 1)
    await terminal.reconciled()
    assert house.attendance.of(terminal.serial) == terminal.truth()


async def test_over_datagrams_with_losses_too(house: House) -> None:
    terminal = await house.terminal(records=1000, transport="udp")
    await terminal.server.set_fault(Fault.LOSSY)
    await terminal.join(transport="udp")
    await terminal.reconciled()
    assert house.attendance.of(terminal.serial) == terminal.truth()


async def test_a_live_punch_of_unknown_length_is_not_lost(house: House) -> None:
    terminal = await joined(house, records=300, live_width=11)
    await terminal.reconciled()
    terminal.server.punch("1002", 1)
    await terminal.reconciled()
    (alarm,) = await eventually(lambda: house.alarms_of(terminal))
    assert (alarm.code, alarm.size) == (Code.UNKNOWN_FORM, 11)


async def test_a_reading_that_is_cut_off_is_read_again_whole(house: House) -> None:
    terminal = await joined(house, records=3000)
    await terminal.reconciled()
    terminal.server.device.backlog(500)
    await terminal.server.set_fault(Fault.CUT, after=60_000)
    outcome = await done(terminal, ReadLog())
    assert outcome.progress.read == 3500
    assert house.attendance.of(terminal.serial) == terminal.truth()
    assert house.alarms_of(terminal) == []
