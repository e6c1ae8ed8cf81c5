"""Punches of the recent past, invented: what a terminal's log holds before anybody looks. Pure."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from services.devices.simulators.truth import Punch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime
    from random import Random
    from zoneinfo import ZoneInfo

FINGER, CARD, FACE = 1, 2, 15
IN, OUT = 0, 1
_NOON = 12
_DOUBLE_EVERY = 40
_SHORTEST_SPAN = timedelta(days=7)
_MINUTE = timedelta(minutes=1)


def past(
    count: int,
    people: list[str],
    now: datetime,
    wall: Callable[[datetime], datetime],
    zone: ZoneInfo,
    rng: Random,
) -> list[Punch]:
    """Return `count` punches before `now`, oldest first; every 40th repeats the one before it.

    A repeat is a person identifying twice within a second: an equal record, stored twice.
    Wall-clock seconds that a change of summer time doubles or skips are avoided.
    """
    span = int(max(_SHORTEST_SPAN, count * _MINUTE).total_seconds())
    start = now.replace(microsecond=0) - _MINUTE - timedelta(seconds=span)
    seconds: list[int] = []
    while people and len(seconds) < count:
        second = rng.randrange(span)
        if not _is_doubtful(wall(start + timedelta(seconds=second)), zone):
            seconds.append(second)
    instants = (start + timedelta(seconds=second) for second in sorted(seconds))
    return _with_doubles(at(instants, people, wall, rng))


def recent(count: int, now: datetime) -> list[datetime]:
    """Return the last `count` whole seconds, rising, the newest of them `now`."""
    end = now.replace(microsecond=0)
    return [end - timedelta(seconds=ago) for ago in reversed(range(count))]


def at(
    instants: Iterable[datetime],
    people: list[str],
    wall: Callable[[datetime], datetime],
    rng: Random,
) -> list[Punch]:
    """Return a punch of somebody at each instant: in before noon of the wall clock, then out."""
    return [_somebodys(instant, wall(instant), people, rng) for instant in instants]


def _somebodys(instant: datetime, shown: datetime, people: list[str], rng: Random) -> Punch:
    return Punch(
        person=rng.choice(people),
        device_time=shown,
        instant=instant,
        state=IN if shown.hour < _NOON else OUT,
        verify=rng.choice((FINGER, FINGER, CARD, FACE)),
    )


def _with_doubles(punches: list[Punch]) -> list[Punch]:
    return [
        punches[index - 1] if index % _DOUBLE_EVERY == 1 else punch
        for index, punch in enumerate(punches)
    ]


def _is_doubtful(wall: datetime, zone: ZoneInfo) -> bool:
    early, late = (wall.replace(tzinfo=zone, fold=fold).utcoffset() for fold in (0, 1))
    return early != late
