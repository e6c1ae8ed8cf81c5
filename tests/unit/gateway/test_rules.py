"""Days, cache keys, repeated requests, numbers."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest

from services.gateway import rules
from services.gateway.rules import Repeat
from shared.contracts import catalog
from shared.contracts.attendance import ListPunches
from shared.contracts.errors import Code
from shared.contracts.operations import Job, JobStatus, Progress, QueueCounts

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


@pytest.mark.parametrize("text", ["", "x", "2024-02-30", "2024-13-01", "05/02/2024"])
def test_what_is_no_date_is_refused(text: str) -> None:
    for read in (rules.start_of, rules.end_of):
        with pytest.raises(ValueError, match="must be a date"):
            read(text)


@pytest.mark.parametrize("text", ["9999-12-31", "9999-12-31T23:59:59-14:00"])
def test_a_period_may_end_with_the_calendar(text: str) -> None:
    assert rules.end_of(text) == datetime.max.replace(tzinfo=UTC)
    assert rules.start_of("0001-01-01T00:00:00+23:00") == datetime.min.replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "began", "hours"),
    [
        ("UTC", datetime(2024, 3, 10, tzinfo=UTC), 24),
        ("Asia/Jakarta", datetime(2024, 3, 10, 17, tzinfo=UTC), 24),
        ("America/New_York", datetime(2024, 3, 10, 5, tzinfo=UTC), 23),
    ],
)
def test_today_is_a_day_of_the_zone(zone: str, began: datetime, hours: int) -> None:
    now = datetime(2024, 3, 10, 20, tzinfo=UTC)
    assert rules.today(now, zone) == (began, began + timedelta(hours=hours))


def test_a_cache_key_tells_apart_whatever_may_see_or_ask_something_else() -> None:
    owner, versions = "a" * 24, ("1", "g")
    base = (catalog.LIST_PUNCHES, owner, versions, ListPunches())
    others = [
        (catalog.SUMMARIZE_PUNCHES, owner, versions, ListPunches()),
        (catalog.LIST_PUNCHES._replace(permission=None), owner, versions, ListPunches()),
        (catalog.LIST_PUNCHES, "b" * 24, versions, ListPunches()),
        (catalog.LIST_PUNCHES, owner, ("2", "g"), ListPunches()),
        (catalog.LIST_PUNCHES, owner, ("1", "h"), ListPunches()),
        *(
            (catalog.LIST_PUNCHES, owner, versions, ListPunches(**asked))
            for asked in (
                {"page": 2},
                {"limit": 21},
                {"device_id": 1},
                {"user_id": "1"},
                {"start": NOW},
                {"end": NOW},
            )
        ),
    ]
    keys = {rules.cache_key(*each) for each in (base, *others)}
    assert len(keys) == 1 + len(others)
    same = rules.cache_key(catalog.LIST_PUNCHES, owner, versions, ListPunches(page=1))
    assert rules.cache_key(*base) == same
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
def test_only_silence_and_breakdowns_leave_doubt(code: Code) -> None:
    doubtful = {Code.TIMEOUT, Code.SERVICE_UNAVAILABLE, Code.INTERNAL_ERROR}
    assert rules.may_have_happened(code) is (code in doubtful)


@pytest.mark.parametrize(
    ("count", "number"),
    [(1, "AUD-20240205-001"), (999, "AUD-20240205-999"), (1000, "AUD-20240205-1000")],
)
def test_audit_numbers(count: int, number: str) -> None:
    assert rules.audit_number(date(2024, 2, 5), count) == number


@pytest.mark.parametrize(
    ("left", "seconds", "times"),
    [(None, 0, 60), (0.0, 0, 0), (0.0, 1.5, 1.5), (0.0, 30, 30), (59.0, 30, 60)],
)
def test_what_is_allowed_grows_evenly(left: float | None, seconds: float, times: float) -> None:
    before = None if left is None else rules.Allowance(left, 100.0)
    assert rules.refilled(before, 100.0 + seconds, 60).times == times


def test_documented_queues_are_always_there() -> None:
    counts = QueueCounts(active=1)
    found = rules.all_queues({"user-sync": counts, "other": counts})
    assert list(found) == ["attendance-sync", "user-sync", "other"]
    assert found["attendance-sync"] == QueueCounts()
    assert found["user-sync"] == counts


@pytest.mark.parametrize(
    ("status", "progress", "percent"),
    [
        ("queued", Progress(), 0),
        ("active", Progress(), None),
        ("active", Progress(read=300, receipted=100), 33),
        ("active", Progress(total=3, done=2), 66),
        ("failed", Progress(), None),
        ("failed", Progress(read=300, receipted=299), 99),
        ("completed", Progress(read=300, receipted=300), 100),
        ("completed", Progress(), 100),
    ],
)
def test_percent(status: JobStatus, progress: Progress, percent: int | None) -> None:
    job = Job(
        job_id="j",
        operation_id=UUID(int=1),
        type="t",
        kind="read_log",
        device_id=1,
        status=status,
        queued_at=NOW,
        progress=progress,
    )
    assert rules.percent_of(job) == percent


def test_sums_are_over_all_queues() -> None:
    queues = [QueueCounts(active=1, failed=2), QueueCounts(active=3, completed=4)]
    assert rules.sums_of(queues) == QueueCounts(active=4, completed=4, failed=2)


@pytest.mark.parametrize(("total", "pages"), [(0, 0), (1, 1), (20, 1), (21, 2)])
def test_pages(total: int, pages: int) -> None:
    assert rules.pages_of(total, 20) == pages
