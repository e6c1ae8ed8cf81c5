"""What else a device says by itself: doors, people, what nobody understands, and what it is."""

from __future__ import annotations

import pytest

from shared.contracts import catalog
from shared.contracts.errors import Code
from shared.contracts.readings import Hardware
from tests.component.agent.device import eventually
from tests.component.agent.house import House
from tests.component.agent.said import answer, backlog, joined, record, sendlog, senduser

# ── what is no punch ─────────────────────────────────────────────────────────


async def test_doors_and_strangers_are_events_and_never_punches(house: House) -> None:
    device, script = await joined(house)
    body = sendlog(record(0, event=5), record(7), record(99_999_999, event=2, image="/9j/"))
    assert await answer(script, body)
    assert await answer(script, body)
    await eventually(lambda: house.attendance.of(script.serial))
    assert {each.person for each in house.records_of(script.serial)} == {"7"}

    def events() -> set[tuple[str, int | None]]:
        said = [each for each in house.registry.events if each.device_id == device.device_id]
        assert len({each.event_id for each in said}) <= 2, "said again, it is the same"
        return {(each.kind, each.code) for each in said}

    await eventually(lambda: events() == {("door", 5), ("stranger", None)})


async def test_somebody_who_was_enrolled_at_the_device_is_handed_to_the_registry(
    house: House,
) -> None:
    device, script = await joined(house)
    assert await answer(script, senduser(17, 10, 1234))
    (told,) = (each for each in house.registry.told if each.device_id == device.device_id)
    assert [each.user_id for each in told.people] == ["17"]
    assert [(each.user_id, each.finger) for each in told.templates] == [("17", 10)]


async def test_a_registry_that_is_away_leaves_it_with_the_device(house: House) -> None:
    _, script = await joined(house)
    house.registry.away.add(catalog.DEPOSIT_TOLD.subject)
    assert not await answer(script, senduser(17, 10, 1234))
    house.registry.away.clear()
    assert await answer(script, senduser(17, 10, 1234))


# ── what nobody understands ──────────────────────────────────────────────────


async def test_what_is_not_understood_is_answered_once_its_bytes_are_on_disk(
    house: House,
) -> None:
    device, script = await joined(house)
    assert await answer(script, b'{"cmd":"dance"}')
    (alarm,) = await eventually(lambda: house.alarms_of(device))
    assert alarm.code is Code.UNKNOWN_FORM
    assert alarm.digest in {file.name for file in house.files("quarantine")}
    await device.until(lambda each: each.connected and each.problem is not None)
    assert await answer(script, backlog(1))
    await device.until(lambda each: each.problem is None)
    assert (script.opened, script.readings) == (1, 0)


async def test_a_full_quarantine_leaves_it_with_the_device(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, script = await joined(house)
    monkeypatch.setattr("services.devices.agent.quarantine._LEAST", 1 << 60)
    assert not await answer(script, b'{"cmd":"sing"}')


async def test_one_bad_record_does_not_cost_the_others(house: House) -> None:
    device, script = await joined(house)
    assert await answer(script, sendlog(record(1), {"enrollid": 2, "time": "yesterday"}, record(3)))
    await eventually(lambda: len(house.attendance.of(script.serial)) == 2)
    (alarm,) = await eventually(lambda: house.alarms_of(device))
    assert alarm.size > 0


async def test_presence_tells_what_dialled_in_and_from_where(house: House) -> None:
    device, script = house.scripted("timmy")
    script.hardware, script.address = Hardware(processor="4410029", mac="00-01"), "10.0.0.9"
    await device.join()
    presence = device.presence
    assert presence is not None
    assert (presence.hardware, presence.address) == (script.hardware, script.address)
    assert (presence.serial, presence.firmware) == (script.serial, "1.0")
