"""Where the days of a summary begin."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.attendance.rules import times as rules
from shared.contracts.attendance import SUMMARY_DAYS, SummarizePunches
from shared.contracts.errors import Code
from shared.kit.errors import MusterError

ZONES = st.sampled_from(["UTC", "Asia/Jakarta", "Pacific/Apia", "Africa/Cairo", "America/Havana"])


def asks(first: date, last: date, zone: str = "UTC") -> tuple[datetime, ...]:
    return rules.midnights(SummarizePunches(first_day=first, last_day=last, zone=zone))


def test_a_day_is_one_of_its_zone() -> None:
    day = date(2026, 3, 1)
    assert asks(day, day, "Asia/Jakarta") == (
        datetime(2026, 2, 28, 17, tzinfo=UTC),
        datetime(2026, 3, 1, 17, tzinfo=UTC),
    )


def test_days_with_a_change_of_clocks_are_shorter_and_longer() -> None:
    spring = asks(date(2026, 3, 29), date(2026, 3, 29), "Europe/Berlin")
    autumn = asks(date(2026, 10, 25), date(2026, 10, 25), "Europe/Berlin")
    assert [last - first for first, last in (spring, autumn)] == [
        timedelta(hours=23),
        timedelta(hours=25),
    ]


def test_a_midnight_that_is_skipped_is_the_change_itself() -> None:
    # Cairo, 24 April 2026: 23:59:59 is followed by 01:00:00.
    first, last = asks(date(2026, 4, 24), date(2026, 4, 24), "Africa/Cairo")
    assert first == datetime(2026, 4, 23, 22, tzinfo=UTC)
    assert last - first == timedelta(hours=23)


def test_no_day_lies_between_an_end_and_a_later_beginning() -> None:
    assert asks(date(2026, 3, 2), date(2026, 3, 1)) == ()


def test_too_many_days_are_bad_input() -> None:
    first = date(2026, 1, 1)
    assert len(asks(first, first + timedelta(days=SUMMARY_DAYS - 1))) == SUMMARY_DAYS + 1
    with pytest.raises(MusterError) as refused:
        asks(first, first + timedelta(days=SUMMARY_DAYS))
    assert refused.value.problem.code is Code.VALIDATION_ERROR
    assert [each.field for each in refused.value.problem.fields] == ["last_day"]


@given(st.dates(), st.integers(0, 5), ZONES)
def test_midnights_never_fall_whatever_the_calendar_ends_with(
    first: date, more: int, zone: str
) -> None:
    last = date.fromordinal(min(first.toordinal() + more, date.max.toordinal()))
    found = asks(first, last, zone)
    assert len(found) == (last - first).days + 2
    assert list(found) == sorted(found)
