"""When a wall clock showed a time, and what is odd about that; where days begin."""

from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from shared.contracts.attendance import SUMMARY_DAYS, SummarizePunches
from shared.contracts.errors import Code, FieldProblem
from shared.kit.errors import MusterError

AMBIGUOUS: Final = "ambiguous_time"
"""The wall clock showed this time twice (clocks went back); the first of the two is taken."""
NONEXISTENT: Final = "nonexistent_time"
"""No wall clock of the zone showed this time (clocks went forward); read as if they had not."""
IMPOSSIBLE: Final = "impossible_time"
"""No calendar has this date, or no clock this time; the punch has no instant."""
IMPLAUSIBLE: Final = "implausible_time"
"""The device's clock was wrong: never set, or more than a day ahead of the reading."""
UNKNOWN_ZONE: Final = "unknown_zone"
"""The device's zone is not one of IANA's; the punch has no instant."""

_CLOCK_NEVER_SET: Final = datetime(2000, 1, 2, tzinfo=UTC)
"""Terminals that lost their clock start at 2000-01-01; on their own wall clock, not in UTC."""
_AHEAD: Final = timedelta(days=1)

_EARLIEST: Final = datetime.min.replace(tzinfo=UTC)
_LATEST: Final = datetime.max.replace(tzinfo=UTC)

Timed = tuple[datetime | None, tuple[str, ...]]


@lru_cache(maxsize=64)
def zone_of(name: str) -> tzinfo | None:
    """Return the zone of an IANA name, None when there is no such zone."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return None


def instant_of(device_time: str, zone: tzinfo | None, read_at: datetime) -> Timed:
    """Return when a wall clock of the zone showed ``device_time``, and what is odd about it."""
    if zone is None:
        return None, (UNKNOWN_ZONE,)
    date, _, time = device_time.partition("T")
    year, month, day = (int(each) for each in date.split("-"))
    hour, minute, second = (int(each) for each in time.split(":"))
    try:
        wall = datetime(year, month, day, hour, minute, second, tzinfo=zone)
        instant = wall.astimezone(UTC)
    except (ValueError, OverflowError):
        return None, (IMPOSSIBLE,)
    return instant, (*_fold_flags(wall), *_plausibility_flags(wall, instant, read_at))


def _fold_flags(wall: datetime) -> tuple[str, ...]:
    # PEP 495: the two readings of a wall clock differ only where its zone changes its offset; the
    # later one has the smaller offset where hours repeat, the greater one where they are missing.
    first, second = wall.utcoffset(), wall.replace(fold=1).utcoffset()
    if first is None or second is None or first == second:
        return ()
    return (AMBIGUOUS,) if first > second else (NONEXISTENT,)


def _plausibility_flags(wall: datetime, instant: datetime, read_at: datetime) -> tuple[str, ...]:
    never_set = wall.replace(tzinfo=UTC) < _CLOCK_NEVER_SET
    return (IMPLAUSIBLE,) if never_set or instant - read_at > _AHEAD else ()


def midnights(ask: SummarizePunches) -> tuple[datetime, ...]:
    """Return where each day asked for begins in its zone, and where the last one ends.

    In order, never falling; none when the last day lies before the first. Raises VALIDATION_ERROR
    for too many days.
    """
    days = (ask.last_day - ask.first_day).days + 1
    if days > SUMMARY_DAYS:
        problem = FieldProblem(field="last_day", problem=f"at most {SUMMARY_DAYS} days at once")
        raise MusterError(Code.VALIDATION_ERROR, problem.problem, fields=(problem,))
    zone = ZoneInfo(ask.zone)
    first = ask.first_day.toordinal()
    return tuple(_midnight(first + each, zone) for each in range(days + 1 if days > 0 else 0))


def _midnight(day: int, zone: tzinfo) -> datetime:
    # Where clocks go forward at midnight, the first of the two readings is the change itself.
    try:
        return datetime.combine(date.fromordinal(day), time(), zone).astimezone(UTC)
    except (ValueError, OverflowError):  # the calendar's own ends
        return _EARLIEST if day <= 1 else _LATEST
