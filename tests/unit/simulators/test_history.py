"""The invented past: ascending, before now, with doubles, and in seconds that happened once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from services.devices.simulators import history, people

BERLIN = ZoneInfo("Europe/Berlin")
AFTER_WINTER_BEGAN = datetime(2025, 10, 28, 12, tzinfo=UTC)
PINS = ["1001", "1002", "1003"]


def dice(seed: int) -> Random:
    return Random(seed)  # noqa: S311 - invented data, no secret


def wall(instant: datetime) -> datetime:
    return instant.astimezone(BERLIN).replace(tzinfo=None)


@given(st.integers(0, 300), st.integers())
def test_the_past_is_ordered_over_and_complete(count: int, seed: int) -> None:
    past = history.past(count, PINS, AFTER_WINTER_BEGAN, wall, BERLIN, dice(seed))
    instants = [punch.instant for punch in past]
    assert len(past) == count
    assert instants == sorted(instants)
    assert all(instant < AFTER_WINTER_BEGAN for instant in instants)
    assert all(punch.device_time == wall(punch.instant) for punch in past)


def test_somebody_punches_twice_in_a_second() -> None:
    past = history.past(2, PINS, AFTER_WINTER_BEGAN, wall, BERLIN, dice(1))
    assert past[0] == past[1]


def test_the_hour_that_came_twice_is_left_out() -> None:
    past = history.past(20_000, PINS, AFTER_WINTER_BEGAN, wall, BERLIN, dice(1))
    twice = datetime.fromisoformat("2025-10-26T02:00:00")
    around = [punch.device_time - twice for punch in past]
    hour, nothing = timedelta(hours=1), timedelta(0)
    assert not [gap for gap in around if nothing <= gap < hour]
    assert [gap for gap in around if -hour <= gap < nothing]
    assert [gap for gap in around if hour <= gap < 2 * hour]


def test_the_last_seconds_end_now() -> None:
    seconds = history.recent(3, AFTER_WINTER_BEGAN)
    assert [(AFTER_WINTER_BEGAN - second).total_seconds() for second in seconds] == [2, 1, 0]


def test_people_have_pins_that_are_not_their_slots() -> None:
    crowd = people.invent(50, dice(1))
    assert [user.uid for user in crowd] == list(range(1, 51))
    assert crowd[0].user_id == "1001"
    assert crowd[0].privilege == people.SUPER_ADMIN
    assert not {user.user_id for user in crowd} & {str(user.uid) for user in crowd}
