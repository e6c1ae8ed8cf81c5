"""Days, cache keys, repeated requests, numbers."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from services.gateway import rules
from services.gateway.rules import Repeat
from shared.contracts.attendance import ListPunches
from shared.contracts.devices import Job, JobStatus, Progress, QueueCounts
from shared.contracts.errors import Code

NOW = datetime(2024, 2, 5, 14, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("2024-02-05", datetime(2024, 2, 5, tzinfo=UTC), datetime(2024, 2, 6, tzinfo=UTC)),
        ("2024-02-29", datetime(2024, 2, 29, tzinfo=UTC), datetime(2024, 3, 1, tzinfo=UTC)),
        ("2024-02-05T14:30:00Z", NOW, NOW + timedelta(microseconds=1)),
        ("2024-02-05T21:30:00+07:00", NOW, NOW + timedelta(microseconds=1)),
        ("2024-02-05T14:30", NOW, NOW + timedelta(microseconds=1)),
    ],
)
def test_a_period_includes_both_ends(text: str, start: datetime, end: datetime) -> None:
    assert (rules.start_of(text), rules.end_of(text)) == (start, end)


@pytest.mark.parametrize(
    "text", ["", "x", "2024-02-30", "2024-13-01", "05/02/2024", "0001-01-01T00:00:00+23:00"]
)
def test_what_is_no_date_is_refused(text: str) -> None:
    for read in (rules.start_of, rules.end_of):
        with pytest.raises(ValueError, match="must be a date"):
            read(text)


def test_the_last_day_there_is_has_no_end() -> None:
    with pytest.raises(ValueError, match="must be a date"):
        rules.end_of("9999-12-31")


def test_a_cache_key_tells_apart_whatever_may_see_or_ask_something_else() -> None:
    base = ("a" * 24, "1", "g", ListPunches())
    others = [
        ("b" * 24, "1", "g", ListPunches()),
        ("a" * 24, "2", "g", ListPunches()),
        ("a" * 24, "1", "h", ListPunches()),
        ("a" * 24, "1", "g", ListPunches(page=2)),
        ("a" * 24, "1", "g", ListPunches(limit=21)),
        ("a" * 24, "1", "g", ListPunches(device_id=1)),
        ("a" * 24, "1", "g", ListPunches(user_id="1")),
        ("a" * 24, "1", "g", ListPunches(start=NOW)),
        ("a" * 24, "1", "g", ListPunches(end=NOW)),
    ]
    keys = {rules.cache_key(*each) for each in (base, *others)}
    assert len(keys) == 1 + len(others)
    assert rules.cache_key(*base) == rules.cache_key("a" * 24, "1", "g", ListPunches(page=1))
    assert all(part.isalnum() for key in keys for part in key.split("."))


@pytest.mark.parametrize(
    ("same", "answered", "age", "verdict"),
    [
        (True, True, 5, Repeat.ANSWERED),
        (True, False, 5, Repeat.RUNNING),
        (True, False, 60, Repeat.LOST),
        (False, True, 5, Repeat.OTHER),
        (False, False, 90, Repeat.OTHER),
    ],
)
def test_repeated_requests(same: bool, answered: bool, age: int, verdict: Repeat) -> None:
    created_at = NOW - timedelta(seconds=age)
    found = rules.judge_repeat(same=same, answered=answered, created_at=created_at, now=NOW)
    assert found is verdict


@pytest.mark.parametrize("code", list(Code))
def test_only_silence_and_breakdowns_leave_a_door_in_doubt(code: Code) -> None:
    doubtful = {Code.TIMEOUT, Code.SERVICE_UNAVAILABLE, Code.INTERNAL_ERROR}
    assert rules.may_have_opened(code) is (code in doubtful)


@pytest.mark.parametrize(
    ("count", "number"),
    [(1, "AUD-20240205-001"), (999, "AUD-20240205-999"), (1000, "AUD-20240205-1000")],
)
def test_audit_numbers(count: int, number: str) -> None:
    assert rules.audit_number(date(2024, 2, 5), count) == number


def test_documented_queues_are_always_there() -> None:
    counts = QueueCounts(active=1)
    found = rules.all_queues({"user-sync": counts, "other": counts})
    assert list(found) == ["attendance-sync", "user-sync", "other"]
    assert found["attendance-sync"] == QueueCounts()
    assert found["user-sync"] == counts


@pytest.mark.parametrize(
    ("status", "read", "receipted", "percent"),
    [
        ("queued", 0, 0, 0),
        ("active", 0, 0, None),
        ("active", 300, 100, 33),
        ("failed", 0, 0, None),
        ("failed", 300, 299, 99),
        ("completed", 300, 300, 100),
        ("completed", 0, 0, 100),
    ],
)
def test_percent(status: JobStatus, read: int, receipted: int, percent: int | None) -> None:
    progress = Progress(read=read, receipted=receipted)
    job = Job(job_id="j", type="t", device_id=1, status=status, queued_at=NOW, progress=progress)
    assert rules.percent_of(job) == percent


@pytest.mark.parametrize(("total", "pages"), [(0, 0), (1, 1), (20, 1), (21, 2)])
def test_pages(total: int, pages: int) -> None:
    assert rules.pages_of(total, 20) == pages
