"""Terminals that dial in, from their backlog to whole operations, through the agent's own door."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path

import pytest

from services.devices.simulators.faults import Fault
from shared.contracts.actions import (
    Cleared,
    ClearLog,
    Count,
    DeleteUser,
    Enroll,
    EnrolmentBegun,
    PushUser,
    ReadLog,
    ReadTemplates,
    ReadTime,
    ReadUsers,
)
from shared.contracts.errors import Code
from shared.contracts.readings import Hardware
from tests.component.agent.conftest import running
from tests.component.agent.device import eventually
from tests.component.agent.house import House
from tests.component.agent.terminals import Dialler


async def joined(house: House, **spec: object) -> Dialler:
    dialler = await house.dialler(**spec)
    await dialler.join()
    return dialler


# ── what is handed over ──────────────────────────────────────────────────────


@pytest.mark.parametrize("family", ["a", "b", "c", "d"])
async def test_a_backlog_and_what_follows_is_handed_over(house: House, family: str) -> None:
    dialler = await joined(house, family=family, backlog=120, records=50)
    terminal = dialler.terminal
    await eventually(lambda: not terminal.device.unsent)
    terminal.punch(terminal.device.anybody(), state=0)
    await eventually(lambda: not terminal.device.unsent)
    handed = dialler.truth()
    await eventually(lambda: len(house.attendance.of(dialler.serial)) == 121)
    assert house.attendance.of(dialler.serial) < handed, "what had its answer before stays there"
    assert terminal.told.wrong_answers == terminal.told.wrong_early == terminal.told.stray == 0


async def test_an_agent_that_forgets_everything_in_the_middle_loses_and_doubles_nothing(
    house: House, tmp_path: Path
) -> None:
    """What is only in its memory has no answer; whoever comes after it gets it again."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    diallers = [
        await house.dialler(backlog=400, users=0, server=f"ws://127.0.0.1:{port}") for _ in range(5)
    ]
    for dialler in diallers:
        await house.enter(dialler.device())

    def kept() -> int:
        return sum(len(house.attendance.of(each.serial)) for each in diallers)

    for life in range(2):
        settings = house.settings.model_copy(
            update={"data_dir": tmp_path / str(life), "agent": "hq-2", "timmy_port": port}
        )
        async with running(settings, house.scripts):
            await eventually(lambda: kept() > 200)
            assert life or kept() < 2000, "in the middle of it"
            if life:
                await asyncio.gather(*(each.handed_over() for each in diallers))
    for dialler in diallers:
        assert house.attendance.of(dialler.serial) == dialler.truth()


async def test_a_log_that_is_read_holds_the_same_punches(house: House) -> None:
    dialler = await joined(house, backlog=60, records=200)
    await eventually(lambda: not dialler.terminal.device.unsent)
    outcome = await dialler.perform(ReadLog())
    assert outcome.problem is None
    assert outcome.progress.read == outcome.progress.receipted == 260
    assert house.attendance.of(dialler.serial) == dialler.truth()


async def test_doors_and_strangers_are_told_and_never_punches(house: House) -> None:
    dialler = await joined(house)
    dialler.terminal.door(5)
    dialler.terminal.stranger()
    await eventually(lambda: not dialler.terminal.device.unsent)

    def kinds() -> set[str]:
        return {e.kind for e in house.registry.events if e.device_id == dialler.device_id}

    await eventually(lambda: kinds() == {"door", "stranger"})
    assert house.attendance.of(dialler.serial) == set()


async def test_everybody_of_whom_it_tells_is_handed_to_the_registry(house: House) -> None:
    dialler = await joined(house, family="c", users=5, templates=5)
    people = {str(each) for each in dialler.terminal.device.credentials.people}

    def told() -> set[str]:
        mine = (each for each in house.registry.told if each.device_id == dialler.device_id)
        return {person.user_id for each in mine for person in each.people}

    await eventually(lambda: told() == people)
    assert not house.people_of(dialler), "nothing is said to be all that there is"


# ── who is served ────────────────────────────────────────────────────────────


async def test_one_that_nobody_registered_is_told_of_and_not_served(house: House) -> None:
    dialler = await house.dialler(backlog=5)
    sighted = await eventually(
        lambda: next((s for s in house.registry.sighted if s.serial == dialler.serial), None)
    )
    assert (sighted.reason, sighted.dialect, sighted.path) == ("unknown", "timmy", "/pub/chat")
    assert sighted.hardware.mac is not None
    assert len(dialler.terminal.device.unsent) == 5
    await dialler.join()
    await dialler.handed_over()


async def test_another_body_is_an_alarm_and_not_served(house: House) -> None:
    dialler = await house.dialler(backlog=5)
    other = Hardware(processor="another", mac="00-00-00-00-00-01")
    await house.enter(dialler.device(hardware=other.model_dump()))
    (alarm,) = await eventually(lambda: house.alarms_of(dialler))
    assert alarm.code is Code.HARDWARE_CHANGED
    presence = await dialler.until(lambda each: each.problem is not None)
    assert not presence.connected
    assert len(dialler.terminal.device.unsent) == 5
    await dialler.join(hardware=None)
    await dialler.handed_over()
    assert len(house.alarms_of(dialler)) == 1, "the same trouble is told once"


# ── operations ───────────────────────────────────────────────────────────────


async def test_people_go_from_one_terminal_to_another(house: House) -> None:
    source = await joined(house, family="c", users=3, templates=3)
    target = await joined(house, family="c", users=0)
    who = str(next(iter(source.terminal.device.credentials.people)))
    outcome = await source.perform(ReadTemplates(user_id=who))
    assert isinstance(outcome.result, Count)
    deposits = [each for each in house.registry.templates if each.device_id == source.device_id]
    read = [each for each in deposits if each.operation_id == outcome.operation_id]
    person = next(p for part in read for p in part.people)
    templates = tuple(t for part in read for t in part.templates)
    push = PushUser(user_id=who, person=person, templates=templates)
    pushed = await target.perform(push)
    assert pushed.problem is None, pushed.problem
    held = target.terminal.device.credentials.people
    assert {str(each) for each in held} == {who}


async def test_an_enrolment_is_followed_to_its_end(house: House) -> None:
    dialler = await joined(house, family="c", users=0)
    order = await dialler.order(Enroll(user_id="77", finger=50, name="Ali", follow=False))
    outcome = await order.end()
    assert outcome.result == EnrolmentBegun(user_id="77", finger=50)
    await eventually(
        lambda: any(each.enrolment and each.enrolment.state == "captured" for each in order.said)
    )
    assert any(
        (t.user_id, t.finger) == ("77", 50)
        for part in house.registry.told
        if part.device_id == dialler.device_id
        for t in part.templates
    )


async def test_a_log_is_cleared_once_all_of_it_has_its_receipt(house: House) -> None:
    dialler = await joined(house, backlog=30, records=30)
    outcome = await dialler.perform(ClearLog())
    assert outcome.problem is None, outcome.problem
    assert isinstance(outcome.result, Cleared)
    assert house.attendance.of(dialler.serial) == dialler.truth()


async def test_what_it_answered_is_told(house: House) -> None:
    dialler = await joined(house)
    said = (await dialler.perform(ReadTime())).said
    assert said is not None
    assert said["ret"] == "gettime"


async def test_people_are_read(house: House) -> None:
    dialler = await joined(house, family="a", users=25)
    outcome = await dialler.perform(ReadUsers())
    assert outcome.result == Count(count=25)
    assert len(house.people_of(dialler)[-1].people) == 25


async def test_somebody_is_deleted_when_the_terminal_is_back(house: House) -> None:
    dialler = await joined(house, family="a", users=3)
    who = str(next(iter(dialler.terminal.device.credentials.people)))
    await dialler.terminal.set_fault(Fault.UNREACHABLE)
    await dialler.until(lambda each: not each.connected)
    gone = await dialler.perform(ReadTime())
    assert gone.problem is not None
    assert gone.problem.code is Code.DEVICE_OFFLINE
    order = await dialler.order(DeleteUser(user_id=who), lasting=True)
    await dialler.terminal.set_fault(Fault.NONE)
    outcome = await order.end()
    assert outcome.problem is None, outcome.problem
    assert who not in {str(each) for each in dialler.terminal.device.credentials.people}
