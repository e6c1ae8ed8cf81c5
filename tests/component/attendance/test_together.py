"""Batches that come at the same time are committed together, and each as if it came alone."""

from __future__ import annotations

import asyncio

from shared.contracts.attendance import PunchesKept
from shared.contracts.errors import Code
from shared.kit.errors import MusterError
from tests.component.attendance.conftest import Archive, a_batch, a_record
from tests.component.attendance.test_records import keep


async def test_a_crowd_of_batches_is_each_committed_once(attendance: Archive) -> None:
    batches = [a_batch([a_record(n), a_record(n + 1)], source="http") for n in range(0, 60, 2)]
    crowd = [*batches, *batches[:10]]
    kept = await asyncio.gather(*(keep(attendance, each) for each in crowd))
    assert all(each == PunchesKept(recorded=2, known=0, forwarded=False) for each in kept)
    rows = await attendance.punches()
    assert sorted(row["position"] for row in rows) == list(range(1, 61))
    said = await attendance.recorded()
    assert len(said) == len(batches)
    assert await attendance.version() < len(batches), "they were committed together"


async def test_one_that_cannot_be_committed_is_refused_alone(attendance: Archive) -> None:
    first = a_batch([a_record(1)], source="http")
    await keep(attendance, first)
    liar = first.model_copy(update={"records": (a_record(2),)})
    others = [a_batch([a_record(n)], source="http") for n in range(10, 30)]
    crowd = [*others[:10], liar, *others[10:]]
    kept = await asyncio.gather(*(keep(attendance, each) for each in crowd), return_exceptions=True)
    refused = [each for each in kept if isinstance(each, BaseException)]
    assert [each.problem.code for each in refused if isinstance(each, MusterError)] == [
        Code.CONFLICT
    ]
    assert len(refused) == 1
    assert len(await attendance.punches()) == 21
