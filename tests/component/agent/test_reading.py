"""From a device's log to attendance: all of it, once, whatever happens in between."""

from __future__ import annotations

import tracemalloc

import pytest

from services.devices.agent import people, reading
from services.devices.agent.links import zk
from services.devices.drivers.base import DeviceError, PersonEntry
from services.devices.simulators.faults import Fault
from shared.contracts import catalog
from shared.contracts.actions import ReadLog
from shared.contracts.errors import Code
from tests.component.agent.device import CLOCK, eventually
from tests.component.agent.house import House
from tests.component.agent.scripted import LOST, live, records

INCOMPLETE = DeviceError(Code.PULL_INCOMPLETE, "The table does not add up.")


def crowd(count: int) -> tuple[PersonEntry, ...]:
    return tuple(
        PersonEntry(str(number), f"Person {number}", uid=number) for number in range(count)
    )


async def test_a_device_that_connects_is_read_and_listened_to(house: House) -> None:
    terminal = await house.terminal(records=600)
    await terminal.join()
    await terminal.reconciled()
    terminal.server.punch("1001", 0)
    await terminal.reconciled()
    assert house.attendance.of(terminal.serial) == terminal.truth()
    assert house.files("staging") == []


async def test_what_happened_while_the_line_was_cut_is_read_afterwards(house: House) -> None:
    terminal = await house.terminal(records=600)
    await terminal.join()
    await terminal.reconciled()
    await terminal.server.set_fault(Fault.UNREACHABLE)
    await terminal.until(lambda presence: not presence.connected)
    terminal.server.device.backlog(300)
    await terminal.server.set_fault(Fault.NONE)
    await terminal.reconciled()
    assert house.attendance.of(terminal.serial) == terminal.truth()


async def test_a_sync_tells_how_far_it_is_and_ends_with_the_last_receipt(house: House) -> None:
    terminal = await house.terminal(records=5000)
    await terminal.join()
    outcome = await terminal.perform(ReadLog())
    assert outcome.status == "success"
    assert (outcome.progress.read, outcome.progress.receipted) == (5000, 5000)
    assert house.attendance.of(terminal.serial) == terminal.truth()


async def test_an_incomplete_reading_is_tried_again_after_a_pause_with_one_alarm(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "_AGAIN_SECONDS", 0.1)
    device, script = house.scripted()
    script.log = lambda: records(300)
    script.fails("log", *[INCOMPLETE] * 5)
    await device.join()
    await eventually(lambda: len(house.attendance.of(script.serial)) == 300)
    assert script.readings == 6
    (alarm,) = await eventually(lambda: house.alarms_of(device))
    assert (alarm.code, alarm.size, alarm.digest) == (Code.PULL_INCOMPLETE, 0, "")
    await device.until(lambda presence: presence.connected and presence.problem is None)


async def test_presence_tells_what_is_wrong_with_the_log(house: House) -> None:
    device, script = house.scripted()
    script.fails("log", INCOMPLETE)
    await device.join()
    presence = await device.until(lambda each: each.problem is not None)
    assert presence.connected
    assert presence.problem is not None
    assert presence.problem.code is Code.PULL_INCOMPLETE


async def test_people_reach_the_registry_in_parts(house: House) -> None:
    device, script = house.scripted()
    script.people = crowd(250)
    await device.join()
    await eventually(lambda: any(part.last for part in house.people_of(device)))
    parts = house.people_of(device)
    assert [len(part.people) for part in parts] == [100, 100, 50]
    assert [part.last for part in parts] == [False, False, True]
    assert len({part.reading_id for part in parts}) == 1
    assert {each.user_id for part in parts for each in part.people} == {
        each.user_id for each in script.people
    }


async def test_punches_do_not_wait_for_a_registry_that_takes_no_people(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(people, "_AGAIN_SECONDS", 0.1)
    house.registry.away.add(catalog.DEPOSIT_PEOPLE.subject)
    device, script = house.scripted()
    script.people = crowd(1)
    script.log = lambda: records(300)
    await device.join()
    await eventually(lambda: len(house.attendance.of(script.serial)) >= 300)
    assert house.people_of(device) == []
    house.registry.away.clear()
    await eventually(lambda: house.people_of(device))


async def test_people_that_cannot_be_read_hold_nothing_up(house: House) -> None:
    device, script = house.scripted()
    script.log = lambda: records(10)
    script.fails("people", DeviceError(Code.DEVICE_ERROR, "It gives no reason."))
    await device.join()
    await eventually(lambda: len(house.attendance.of(script.serial)) == 10)


async def test_a_line_that_goes_dead_is_noticed(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert zk._CLOCK_SECONDS + 5 <= 15, "with the link's patience of 5 s"
    monkeypatch.setattr(zk, "_CLOCK_SECONDS", 0.1)
    terminal = await house.terminal()
    await terminal.join()
    await terminal.perform(ReadLog())  # so that only the line itself is looked after
    await terminal.server.set_fault(Fault.HANG)
    began = CLOCK.monotonic()
    presence = await terminal.until(lambda each: not each.connected)
    assert CLOCK.monotonic() - began < 7
    assert presence.problem is not None
    assert presence.problem.code is Code.DEVICE_NO_ANSWER


async def test_a_clock_that_cannot_be_read_does_not_cost_the_line(house: House) -> None:
    device, script = house.scripted()
    script.fails("clock", DeviceError(Code.DEVICE_ERROR, "It gives no reason."))
    await device.join()
    script.live.put_nowait(live("77"))
    await eventually(lambda: house.attendance.of(script.serial))
    assert script.opened == 1


async def test_news_of_the_device_count_without_another_connection(house: House) -> None:
    device, script = house.scripted()
    await device.join()
    await house.enter(device.device(epoch=7))
    script.live.put_nowait(live("78"))

    def epochs() -> set[int]:
        # Until the roster has been asked, punches are still of the epoch before.
        script.live.put_nowait(live("78"))
        return {b.epoch for b in house.attendance.batches if b.records[0].person == "78"} & {7}

    await eventually(epochs)
    assert script.opened == 1


async def test_a_lost_line_is_opened_again(house: House) -> None:
    device, script = house.scripted()
    await device.join()
    script.live.put_nowait(LOST)
    await eventually(lambda: script.opened == 2)
    await device.until(lambda presence: presence.connected)


async def test_a_device_that_leaves_takes_its_staged_log_along(house: House) -> None:
    house.attendance.before_receipt = lambda _: False
    device, script = house.scripted()
    script.log = lambda: records(10_000)
    await device.join()
    await eventually(lambda: house.files("staging"))
    await house.leave()
    # What is being looked through in a thread is let go of when the thread is done.
    await eventually(lambda: not house.files("staging"))


async def test_memory_does_not_grow_with_the_log(house: House) -> None:
    """200,000 records: 8 MB on the wire, 100 MB as a list; 10 bytes a record and a window stay."""
    house.attendance.before_receipt = lambda _: False  # the window is full, and stays so
    device, script = house.scripted()
    script.log = lambda: records(200_000)
    tracemalloc.start()
    try:
        await device.join()
        await eventually(lambda: house.files("staging"))
        before = len(house.attendance.batches)
        await eventually(lambda: len(house.attendance.batches) - before >= 8, 60)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 10_000_000
