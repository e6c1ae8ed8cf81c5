"""Clearing a log: only when all of it is attendance's, and it is still the same."""

from __future__ import annotations

import pytest

from services.devices.agent import actions
from services.devices.drivers.base import DeviceError
from shared.contracts.actions import Cleared, ClearLog, ReadLog
from shared.contracts.errors import Code
from shared.contracts.readings import PunchBatch
from tests.component.agent.device import eventually
from tests.component.agent.house import House
from tests.component.agent.scripted import LOST, records
from tests.component.agent.terminals import Terminal


async def joined(house: House, count: int = 600) -> Terminal:
    terminal = await house.terminal(records=count)
    await terminal.join()
    await terminal.reconciled()
    return terminal


async def test_a_log_is_cleared_when_every_record_has_its_receipt(house: House) -> None:
    terminal = await joined(house)
    before = terminal.truth()
    outcome = await terminal.perform(ClearLog())
    assert outcome.status == "success"
    assert outcome.result == Cleared(records=600, noted=True)
    assert (outcome.progress.read, outcome.progress.receipted) == (600, 600)
    assert terminal.server.device.truth.log_size == 0
    assert terminal.server.device.enabled
    assert house.attendance.of(terminal.serial) == before


async def test_life_goes_on_in_an_empty_log(house: House) -> None:
    terminal = await joined(house)
    await terminal.perform(ClearLog())
    terminal.server.punch("1001", 0)
    await terminal.reconciled()
    outcome = await terminal.perform(ReadLog())
    assert outcome.progress.read == 1


async def test_without_a_receipt_for_each_record_nothing_is_cleared(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actions, "_RECEIPT_SECONDS", 0.5)
    terminal = await joined(house)
    given: list[PunchBatch] = []

    def only_one(batch: PunchBatch) -> bool:
        given.append(batch)
        return len(given) == 1

    house.attendance.before_receipt = only_one
    outcome = await terminal.perform(ClearLog())
    assert outcome.problem is not None
    assert outcome.problem.code is Code.UNRECEIPTED_RECORDS
    missing = 600 - len(given[0].records)
    assert outcome.problem.details.startswith(f"{missing} of 600 records")
    assert outcome.progress.read - outcome.progress.receipted == missing
    assert terminal.server.device.truth.log_size == 600


async def test_a_punch_in_between_is_read_before_the_log_is_cleared(house: House) -> None:
    terminal = await joined(house)
    punched: list[PunchBatch] = []

    def somebody(batch: PunchBatch) -> bool:
        if batch.source == "pull" and not punched:
            punched.append(batch)
            terminal.server.punch("1001", 0)
        return True

    house.attendance.before_receipt = somebody
    outcome = await terminal.perform(ClearLog())
    assert outcome.result == Cleared(records=601, noted=True)
    assert terminal.server.device.truth.log_size == 0
    assert len(house.attendance.of(terminal.serial)) == 601


async def test_a_device_that_is_never_quiet_keeps_its_log(house: House) -> None:
    terminal = await joined(house, 200)

    def somebody(batch: PunchBatch) -> bool:
        if batch.source == "pull":
            terminal.server.punch("1001", 0)
        return True

    house.attendance.before_receipt = somebody
    outcome = await terminal.perform(ClearLog())
    assert outcome.problem is not None
    assert outcome.problem.code is Code.LOG_NOT_QUIET
    assert terminal.server.device.truth.log_size == 204
    assert terminal.server.device.enabled


async def test_a_line_lost_before_the_clearing_is_no_unknown_outcome(house: House) -> None:
    device, script = house.scripted()
    script.log = lambda: records(100)
    script.fails("clear_log", LOST)
    await device.join()
    outcome = await device.perform(ClearLog())
    assert outcome.result == Cleared(records=100, noted=True)
    assert len(script.cleared) == 1


async def test_a_line_lost_over_the_clearing_is_an_unknown_outcome(house: House) -> None:
    device, script = house.scripted()
    script.log = lambda: records(100)
    script.fails("clear_log", DeviceError(Code.OUTCOME_UNKNOWN, "It was asked, and then silent."))
    await device.join()
    outcome = await device.perform(ClearLog())
    assert outcome.problem is not None
    assert outcome.problem.code is Code.OUTCOME_UNKNOWN
    assert script.cleared == [], "and it is not tried again"
    await eventually(lambda: script.opened == 2)


async def test_a_clearing_that_was_begun_before_is_not_begun_again(house: House) -> None:
    terminal = await joined(house)
    outcome = await terminal.perform(ClearLog(), again=True)
    assert outcome.problem is not None
    assert outcome.problem.code is Code.OUTCOME_UNKNOWN
    assert terminal.server.device.truth.log_size == 600
