"""When a wall clock showed a time."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.attendance.rules import times as rules

READ_AT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
TWICE, NEVER = ("ambiguous_time",), ("nonexistent_time",)


@pytest.mark.parametrize(
    ("device_time", "zone", "instant", "flags"),
    [
        ("2026-03-01T08:00:00", "Asia/Jakarta", "2026-03-01T01:00:00+00:00", ()),
        ("2026-02-28T23:59:59", "America/New_York", "2026-03-01T04:59:59+00:00", ()),
        ("2025-11-02T01:30:00", "America/New_York", "2025-11-02T05:30:00+00:00", TWICE),
        ("2025-11-02T02:00:00", "America/New_York", "2025-11-02T07:00:00+00:00", ()),
        ("2025-03-09T02:30:00", "America/New_York", "2025-03-09T07:30:00+00:00", NEVER),
        ("2025-03-09T03:00:00", "America/New_York", "2025-03-09T07:00:00+00:00", ()),
        # Half an hour only, and in the south.
        ("2025-04-06T01:45:00", "Australia/Lord_Howe", "2025-04-05T14:45:00+00:00", TWICE),
        # A day that Samoa left out.
        ("2011-12-30T12:00:00", "Pacific/Apia", "2011-12-30T22:00:00+00:00", NEVER),
        # Dublin's summer time is its standard time.
        ("2025-10-26T01:30:00", "Europe/Dublin", "2025-10-26T00:30:00+00:00", TWICE),
        ("2026-02-29T08:00:00", "Asia/Jakarta", None, ("impossible_time",)),
        ("2026-13-01T08:00:00", "Asia/Jakarta", None, ("impossible_time",)),
        ("0000-00-00T00:00:00", "Asia/Jakarta", None, ("impossible_time",)),
        ("2026-03-01T24:00:00", "Asia/Jakarta", None, ("impossible_time",)),
        ("2026-03-01T08:00:60", "Asia/Jakarta", None, ("impossible_time",)),
        ("0001-01-01T00:00:00", "Asia/Jakarta", None, ("impossible_time",)),
        ("9999-12-31T23:59:59", "America/New_York", None, ("impossible_time",)),
        ("2000-01-01T23:59:59", "Asia/Jakarta", "2000-01-01T16:59:59+00:00", ("implausible_time",)),
        ("2000-01-02T00:00:00", "Asia/Jakarta", "2000-01-01T17:00:00+00:00", ()),
        ("2026-03-02T19:00:00", "Asia/Jakarta", "2026-03-02T12:00:00+00:00", ()),
        ("2026-03-02T19:00:01", "Asia/Jakarta", "2026-03-02T12:00:01+00:00", ("implausible_time",)),
        ("2026-03-01T08:00:00", "Mars/Olympus", None, ("unknown_zone",)),
        ("2026-03-01T08:00:00", "../../etc/passwd", None, ("unknown_zone",)),
        ("2026-03-01T08:00:00", "Asia", None, ("unknown_zone",)),
        ("2026-03-01T08:00:00", "", None, ("unknown_zone",)),
    ],
)  # fmt: skip
def test_when_it_was(
    device_time: str, zone: str, instant: str | None, flags: tuple[str, ...]
) -> None:
    found, found_flags = rules.instant_of(device_time, rules.zone_of(zone), READ_AT)
    assert found == (instant and datetime.fromisoformat(instant))
    assert found_flags == flags


@given(
    st.datetimes(datetime(2000, 1, 3), datetime(2026, 2, 27), timezones=st.just(UTC)),  # noqa: DTZ001
    st.sampled_from(["Asia/Jakarta", "America/New_York", "Europe/Dublin", "Pacific/Apia"]),
)
def test_a_wall_clock_read_back_is_the_instant_unless_it_is_ambiguous(
    moment: datetime, zone: str
) -> None:
    wall = moment.replace(microsecond=0).astimezone(ZoneInfo(zone))
    text = wall.replace(tzinfo=None).isoformat()
    instant, flags = rules.instant_of(text, rules.zone_of(zone), READ_AT)
    assert instant is not None
    if not flags:
        assert instant == moment.replace(microsecond=0)
    else:
        # The wall clock of an instant exists; at worst the other hour of the same name is taken.
        assert flags == ("ambiguous_time",)
        off = moment.replace(microsecond=0) - instant
        assert off == timedelta(0) or (wall.fold == 1 and off > timedelta(0))


@given(st.from_regex(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}", fullmatch=True))
def test_no_wall_clock_is_too_strange(text: str) -> None:
    for zone in ("Asia/Jakarta", "America/New_York", "Pacific/Kiritimati"):
        instant, flags = rules.instant_of(text, rules.zone_of(zone), READ_AT)
        assert (instant is None) == (flags == ("impossible_time",))
