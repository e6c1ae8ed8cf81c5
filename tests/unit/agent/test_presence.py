"""Whose presence is told: what changed soon, everybody within seconds, and never all at once."""

from __future__ import annotations

import asyncio
from itertools import pairwise

import pytest
from typing_extensions import override

from services.devices.agent import presence
from services.devices.agent.presence import Telling
from shared.kit.clock import SystemClock


class AClock(SystemClock):
    """Monotonic seconds that pass when a test says so."""

    seconds = 0.0

    @override
    def monotonic(self) -> float:
        return self.seconds


def rounds(telling: Telling, clock: AClock, held: range, count: int) -> list[list[list[int]]]:
    """The messages of so many rounds without news."""
    said = []
    for _ in range(count):
        said.append(list(telling.parts(held)))
        clock.seconds += 5.0
    return said


def test_a_small_site_is_told_of_whole_in_every_round() -> None:
    clock = AClock()
    assert rounds(Telling(clock), clock, range(500), 3) == [[list(range(500))]] * 3


@pytest.mark.parametrize("count", [501, 700, 5000, 5001])
def test_of_a_large_one_every_device_is_told_within_two_rounds(count: int) -> None:
    clock = AClock()
    said = rounds(Telling(clock), clock, range(count), 12)
    assert max(len(part) for parts in said for part in parts) <= 500
    for first, second in pairwise(said):
        told = {each for part in (*first, *second) for each in part}
        assert told == set(range(count))


def test_whoever_holds_nothing_is_there_all_the_same() -> None:
    clock = AClock()
    assert rounds(Telling(clock), clock, range(0), 2) == [[[]], [[]]]


def test_between_rounds_only_what_changed_is_told() -> None:
    clock = AClock()
    telling = Telling(clock)
    rounds(telling, clock, range(9), 1)
    clock.seconds = 1.0
    for device_id in (3, 3, 1, 77):
        telling.changed(device_id)
    assert list(telling.parts(range(9))) == [[1, 3]]
    assert list(telling.parts(range(9))) == []


def test_changes_by_the_thousand_are_told_in_parts() -> None:
    clock = AClock()
    telling = Telling(clock)
    held = range(2000)
    rounds(telling, clock, held, 1)
    clock.seconds = 1.0
    for device_id in held:
        telling.changed(device_id)
    assert [len(part) for part in telling.parts(held)] == [500, 500, 500, 500]


async def test_news_are_waited_for_until_the_next_round_at_most() -> None:
    clock = AClock()
    telling = Telling(clock)
    list(telling.parts([1]))
    waiting = asyncio.ensure_future(telling.wait())
    await asyncio.sleep(0)
    assert not waiting.done()
    telling.changed(1)
    await asyncio.wait_for(waiting, presence._ROUND_SECONDS / 2)
    clock.seconds = 5.0
    await asyncio.wait_for(telling.wait(), 0.05)


async def test_news_do_not_put_off_a_round() -> None:
    clock = AClock()
    telling = Telling(clock)
    list(telling.parts(range(3)))
    telling.changed(1)
    await telling.wait()
    clock.seconds = 5.0
    assert list(telling.parts(range(3))) == [[0, 1, 2]]
