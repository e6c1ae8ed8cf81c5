"""Bytes that nobody understands: kept, told, and no reason to stop listening."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from services.devices.drivers.base import DecodeError, PersonEntry
from shared.contracts.actions import DeleteUser, ReadLog, ReadUsers
from shared.contracts.errors import Code
from tests.component.agent.device import Device, eventually
from tests.component.agent.house import House
from tests.component.agent.scripted import LOST, Script, live, narrow, records

STRANGE = bytes(range(256)) * 17 + b"?"
"""No multiple of any known width."""


def strange() -> Iterable[bytes]:
    return (STRANGE[:1000], STRANGE[1000:])


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


async def unknown(device: Device) -> None:
    """Wait until the agent says that it does not understand the device."""
    await device.until(
        lambda each: each.problem is not None and each.problem.code is Code.UNKNOWN_FORM
    )


async def test_a_log_of_unknown_form_is_kept_and_told(house: House) -> None:
    device, script = house.scripted()
    script.log = strange
    await device.join()
    (alarm,) = await eventually(lambda: house.alarms_of(device))
    assert (alarm.code, alarm.size, alarm.digest) == (
        Code.UNKNOWN_FORM,
        len(STRANGE),
        digest(STRANGE),
    )
    (file,) = (file for file in house.files("quarantine") if file.name == alarm.digest)
    assert file.read_bytes() == STRANGE
    assert house.files("staging") == []
    await unknown(device)
    assert house.attendance.of(script.serial) == set()


async def test_a_log_of_unknown_form_is_read_again_only_when_there_is_a_reason(
    house: House,
) -> None:
    device, script = house.scripted()
    script.log = strange
    await device.join()
    await unknown(device)
    for number in range(5):
        script.live.put_nowait(b"unknown too")
        script.live.put_nowait(live(str(number)))
    await eventually(lambda: len(house.attendance.of(script.serial)) == 5)
    assert script.readings == 1, "live punches are none"
    outcome = await device.perform(ReadLog())
    assert outcome.problem is not None
    assert outcome.problem.code is Code.UNKNOWN_FORM
    assert script.readings == 2, "somebody asked"
    script.live.put_nowait(LOST)
    await eventually(lambda: script.readings == 3)
    script.log = lambda: records(100)
    script.live.put_nowait(LOST)
    await eventually(lambda: len(house.attendance.of(script.serial)) == 105)
    await device.until(lambda each: each.problem is None)


async def test_a_live_punch_of_unknown_form_is_kept_told_and_read_from_the_log(
    house: House,
) -> None:
    device, script = house.scripted()
    script.log = lambda: records(10)
    await device.join()
    await eventually(lambda: len(house.attendance.of(script.serial)) == 10)
    script.log = lambda: records(11)
    script.live.put_nowait(b"unknown")
    (alarm,) = await eventually(lambda: house.alarms_of(device))
    assert (alarm.size, alarm.digest) == (7, digest(b"unknown"))
    assert digest(b"unknown") in {file.name for file in house.files("quarantine")}
    await unknown(device)
    await eventually(lambda: len(house.attendance.of(script.serial)) == 11)
    script.live.put_nowait(live("77"))
    await eventually(lambda: len(house.attendance.of(script.serial)) == 12)
    await device.until(lambda each: each.problem is None)


async def test_one_alarm_until_a_live_punch_is_understood_again(house: House) -> None:
    """A terminal with a new firmware would raise one with every punch at the door."""
    device, script = house.scripted()
    await device.join()
    for body in (b"unknown", b"unknown too"):
        script.live.put_nowait(body)
    await eventually(
        lambda: digest(b"unknown too") in {file.name for file in house.files("quarantine")}
    )
    script.live.put_nowait(live("77"))
    script.live.put_nowait(b"unknown again")
    await eventually(lambda: len(house.alarms_of(device)) == 2)
    assert [alarm.digest for alarm in house.alarms_of(device)] == [
        digest(b"unknown"),
        digest(b"unknown again"),
    ]


async def test_people_of_unknown_form_are_kept_and_told(house: House) -> None:
    device, script = house.scripted()
    await device.join()
    script.fails("people", DecodeError("no known width", b"people"))
    outcome = await device.perform(ReadUsers())
    assert outcome.problem is not None
    assert outcome.problem.code is Code.UNKNOWN_FORM
    (alarm,) = await eventually(lambda: house.alarms_of(device))
    assert alarm.digest == digest(b"people")
    assert house.people_of(device)[-1].people == (), "nothing of them is taken as complete"


async def test_an_action_that_meets_an_unknown_form_changes_nothing_and_tells(
    house: House,
) -> None:
    device, script = house.scripted()
    await device.join()
    script.fails("do", DecodeError("no known width", b"table"))
    outcome = await device.perform(DeleteUser(user_id="1"))
    assert outcome.problem is not None
    assert outcome.problem.code is Code.UNKNOWN_FORM
    (alarm,) = await eventually(lambda: house.alarms_of(device))
    assert alarm.digest == digest(b"table")


async def test_a_log_that_seems_to_be_of_another_form_than_before_is_not_taken(
    house: House,
) -> None:
    device, script = house.scripted()
    script.log, script.people = lambda: records(100), ONE
    await device.join()
    await eventually(lambda: len(house.attendance.of(script.serial)) == 100)
    script.log = lambda: narrow(100)
    outcome = await device.perform(ReadLog())
    assert outcome.problem is not None
    assert outcome.problem.code is Code.UNKNOWN_FORM
    assert "of form 40" in outcome.problem.details
    (alarm,) = await eventually(lambda: house.alarms_of(device))
    assert alarm.digest == digest(b"".join(narrow(100)))


ONE = (PersonEntry("4711", "Somebody", uid=1),)


async def joined(house: House, script: Script, device: Device) -> None:
    script.log = lambda: narrow(100)
    await device.join()


async def test_the_same_form_is_taken_when_it_was_found_first(house: House) -> None:
    """The control: nothing but the form before makes the narrow log doubtful."""
    device, script = house.scripted()
    script.people = ONE
    await joined(house, script, device)
    await eventually(lambda: len(house.attendance.of(script.serial)) == 100)
    assert {record.person for record in house.records_of(script.serial)} == {"4711"}


async def test_narrow_records_wait_until_the_people_can_be_read(house: House) -> None:
    """Otherwise the slot would stand for the person, in another identity of the same punch."""
    device, script = house.scripted()
    script.people = ONE
    script.fails("people", DecodeError("no known width"))
    await joined(house, script, device)
    await unknown(device)
    assert house.attendance.of(script.serial) == set()
    await device.perform(ReadLog())
    assert {record.person for record in house.records_of(script.serial)} == {"4711"}


async def test_a_live_punch_of_somebody_new_is_read_from_the_log(house: House) -> None:
    device, script = house.scripted()
    script.people = ONE
    await joined(house, script, device)
    await eventually(lambda: len(house.attendance.of(script.serial)) == 100)
    script.people = (*ONE, PersonEntry("4712", "Newcomer", uid=2))
    script.log = lambda: (*narrow(100), *narrow(1, slot=2))
    script.live.put_nowait(b"\x02\x00\x01\x00\x1a\x03\x02\x10\x00\x00")
    await eventually(lambda: len(house.attendance.of(script.serial)) == 101)
    assert {record.person for record in house.records_of(script.serial)} == {"4711", "4712"}
