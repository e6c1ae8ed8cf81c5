"""Staged logs: exact numbers without the log in memory, all of it or nothing, gone when done."""

from __future__ import annotations

import hashlib
import tracemalloc
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.devices.agent.numbering import Suspects, numbered, second_of, survey
from services.devices.agent.staging import StagedLog, Staging
from services.devices.drivers.base import SLOT_ONLY, DeviceError, LogEntry, Table
from shared.contracts.errors import Code
from shared.contracts.readings import BATCH_LIMIT

WIDTH = 40


def entry(person: str, second: int) -> LogEntry:
    minutes, seconds = divmod(second, 60)
    hours, minutes = divmod(minutes, 60)
    return LogEntry(person, f"2026-03-02T{hours:02}:{minutes:02}:{seconds:02}", 1, 0, None, b"")


def whole(entries: list[LogEntry]) -> list[int]:
    """The numbers as a reader with the whole log in memory gives them."""
    seen: Counter[tuple[str, str]] = Counter()
    numbers = []
    for each in entries:
        numbers.append(seen[second_of(each)])
        seen[second_of(each)] += 1
    return numbers


def table_of(content: bytes) -> Table:
    return Table(len(content), None, None, hashlib.sha256(content).hexdigest())


@pytest.fixture
def staging(tmp_path: Path) -> Staging:
    return Staging(tmp_path / "staging")


PEOPLE = st.sampled_from(["1", "01", "7", "A7", "a7"])


@given(st.lists(st.tuples(PEOPLE, st.integers(0, 5)), max_size=700), st.integers(0, 64))
def test_a_staged_log_is_numbered_like_the_whole_list(
    tmp_path_factory: pytest.TempPathFactory, punches: list[tuple[str, int]], size: int
) -> None:
    """``size`` is far too small, so that almost everything is suspect by chance alone."""
    entries = [entry(person, second) for person, second in punches]
    staging = Staging(tmp_path_factory.mktemp("log"))
    staged = StagedLog(staging.stage(), size, lambda: iter(entries))
    parts = [staged.part()]
    while not parts[-1].last:
        parts.append(staged.part())
    records = [record for part in parts for record in part.records]
    assert [record.person for record in records] == [each.person for each in entries]
    assert [record.ordinal for record in records] == whole(entries)
    assert all(len(part.records) == BATCH_LIMIT for part in parts[:-1])
    assert staged.survey.total == len(entries)


@given(st.lists(st.tuples(PEOPLE, st.integers(0, 200)), max_size=300))
def test_a_second_that_occurs_twice_is_always_a_suspect(punches: list[tuple[str, int]]) -> None:
    seconds = [second_of(entry(person, second)) for person, second in punches]
    suspects = Suspects(WIDTH * len(seconds))
    for second in seconds:
        suspects.meet(second)
    assert all(second in suspects for second, times in Counter(seconds).items() if times > 1)


def test_few_are_suspect_by_chance() -> None:
    seconds = [second_of(entry(str(number), number)) for number in range(20_000)]
    suspects = Suspects(WIDTH * len(seconds))
    for second in seconds:
        suspects.meet(second)
    suspects.all_met()
    assert sum(second in suspects for second in seconds) < len(seconds) * 0.05


def test_the_tail_counts_the_newest_only() -> None:
    entries = (
        [entry("1", 0)] * 3 + [entry(str(number), 1) for number in range(255)] + [entry("1", 0)]
    )
    tail = survey(entries, WIDTH * len(entries)).tail
    assert tail[second_of(entry("1", 0))] == 1
    assert sum(tail.values()) == 256


def test_a_record_without_a_name_is_noticed() -> None:
    named, nameless = entry("1", 0), entry("2", 0)._replace(flags=(SLOT_ONLY,))
    assert not survey([named], WIDTH).nameless
    assert survey([nameless, named], WIDTH).nameless


def test_memory_is_bounded_by_ten_bytes_a_record_and_not_by_the_log() -> None:
    """50,000 records of 40 bytes: 2 MB on the wire, 25 MB as a list of records."""
    count = 50_000

    def log() -> Iterator[LogEntry]:
        for number in range(count):
            yield entry(str(number % 500), number // 3)

    tracemalloc.start()
    looked = survey(log(), WIDTH * count)
    records = sum(1 for _ in numbered(log(), looked.suspects))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert records == looked.total == count
    assert peak < 10 * count


# ── the file ─────────────────────────────────────────────────────────────────


def test_what_is_kept_can_be_read_as_often_as_needed(staging: Staging) -> None:
    stage = staging.stage()
    stage.keep(b"one")
    stage.keep(b"two" * 50_000)
    stage.seal(table_of(b"one" + b"two" * 50_000))
    for _ in range(2):
        pieces = list(stage)
        assert b"".join(pieces) == b"one" + b"two" * 50_000
        assert max(map(len, pieces)) <= 65_536


@pytest.mark.parametrize("arrived", [b"", b"whol", b"whole.", b"whale"])
def test_a_log_that_is_not_what_was_read_is_not_taken(staging: Staging, arrived: bytes) -> None:
    stage = staging.stage()
    stage.keep(arrived)
    with pytest.raises(DeviceError) as caught:
        stage.seal(table_of(b"whole"))
    assert caught.value.code is Code.PULL_INCOMPLETE


def test_the_file_goes_with_the_last_part(staging: Staging, tmp_path: Path) -> None:
    entries = [entry(str(number), 0) for number in range(BATCH_LIMIT + 1)]
    staged = StagedLog(staging.stage(), 0, lambda: iter(entries))
    assert not staged.part().last
    assert len(list((tmp_path / "staging").iterdir())) == 1
    assert staged.part().last
    assert list((tmp_path / "staging").iterdir()) == []


def test_what_an_earlier_process_left_is_removed_at_the_start(tmp_path: Path) -> None:
    Staging(tmp_path).stage().keep(b"half a log")
    Staging(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_refuses_is_named(staging: Staging, tmp_path: Path) -> None:
    (tmp_path / "staging").rmdir()
    with pytest.raises(DeviceError) as caught:
        staging.stage()
    assert caught.value.code is Code.SERVICE_UNAVAILABLE
    assert "disk" in caught.value.details


def test_a_full_disk_ends_the_reading(staging: Staging, monkeypatch: pytest.MonkeyPatch) -> None:
    stage = staging.stage()
    with Path("/dev/full").open("wb", buffering=0) as full:
        monkeypatch.setattr(stage, "_file", full)
        with pytest.raises(DeviceError) as caught:
            stage.keep(b"piece")
    assert caught.value.code is Code.SERVICE_UNAVAILABLE
