"""The truth log survives: a crash in the middle of a line, a cleared log, a second start."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from services.devices.simulators.device import Device
from services.devices.simulators.spec import DeviceSpec
from services.devices.simulators.truth import Punch, TruthDamagedError, TruthLog

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.simulators.conftest import FakeNow


def punches(count: int) -> list[Punch]:
    first = datetime(2026, 3, 1, 2, tzinfo=UTC)
    instants = [first + timedelta(seconds=n) for n in range(count)]
    return [
        Punch(str(n), instant.replace(hour=9, tzinfo=None), instant, 0, 1)
        for n, instant in enumerate(instants)
    ]


def test_a_log_comes_back_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "A.jsonl"
    log = TruthLog.create(path, punches(3))
    log.append(punches(2))
    assert TruthLog.open(path).punches == punches(3) + punches(2)


def test_an_appended_punch_is_in_the_file_before_it_can_be_read(tmp_path: Path) -> None:
    path = tmp_path / "A.jsonl"
    log = TruthLog.create(path, [])
    log._file.close()
    with pytest.raises(ValueError, match="closed"):
        log.append(punches(1))
    assert log.punches == []


def test_a_line_cut_short_is_dropped_and_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "A.jsonl"
    TruthLog.create(path, punches(2)).close()
    path.write_bytes(path.read_bytes() + b'{"person": "9", "devi')
    TruthLog.open(path).append(punches(1))
    assert TruthLog.open(path).punches == punches(2) + punches(1)


def test_a_damaged_line_is_named(tmp_path: Path) -> None:
    path = tmp_path / "A.jsonl"
    TruthLog.create(path, punches(2)).close()
    path.write_bytes(path.read_bytes().replace(b'"person": "1"', b'"person" "1"'))
    with pytest.raises(TruthDamagedError, match=r"A\.jsonl:2"):
        TruthLog.open(path)


def test_clearing_empties_the_log_and_keeps_the_truth(tmp_path: Path) -> None:
    path = tmp_path / "A.jsonl"
    log = TruthLog.create(path, punches(3))
    log.clear(datetime(2026, 3, 2, tzinfo=UTC))
    log.append(punches(1))
    for seen in (log, TruthLog.open(path)):
        assert (seen.log, seen.log_size) == (punches(1), 1)
        assert seen.punches == punches(3) + punches(1)


def test_a_second_start_has_the_same_people_and_the_same_log(tmp_path: Path, now: FakeNow) -> None:
    spec = DeviceSpec(serial="A", users=5, records=100, zone="Asia/Jakarta")
    first = Device(spec, tmp_path, now, seed=1)
    first.punch("1001", 1)
    second = Device(spec, tmp_path, now, seed=1)
    assert second.users == first.users
    assert second.truth.punches == first.truth.punches
    assert len(second.truth.punches) == 101


def test_another_seed_is_another_log(tmp_path: Path, now: FakeNow) -> None:
    spec = DeviceSpec(serial="A", records=20)
    one, other, same = (
        Device(spec, tmp_path / folder, now, seed).truth.punches
        for folder, seed in (("1", 1), ("2", 2), ("3", 1))
    )
    assert one == same
    assert one != other


def test_a_date_that_no_calendar_has_comes_back(tmp_path: Path, now: FakeNow) -> None:
    device = Device(DeviceSpec(serial="A", users=1), tmp_path, now, seed=1)
    stamps = ["2024-02-31T12:30:15", "2000-01-01T00:00:00"]
    added = [device.record("1001", stamp, state=1) for stamp in stamps]
    assert [punch.entry()["device_time"] for punch in added] == stamps
    assert [punch.six() for punch in added] == [(2024, 2, 31, 12, 30, 15), (2000, 1, 1, 0, 0, 0)]
    assert [punch.stamp for punch in added] == [stamps[0], None]
    assert TruthLog.open(tmp_path / "A.jsonl").punches == added


@pytest.mark.parametrize("stamp", ["", "yesterday", "2024-13-01T00:00:00", "1999-12-30T00:00:00"])
def test_what_no_terminal_can_stamp_is_refused(tmp_path: Path, now: FakeNow, stamp: str) -> None:
    device = Device(DeviceSpec(serial="A", users=1), tmp_path, now, seed=1)
    with pytest.raises(ValueError, match="stamp"):
        device.record("1001", stamp, state=1)
    assert device.truth.punches == []
