"""Records that came by another way than an agent: the same punches, and nobody else's."""

from __future__ import annotations

from typing import Any

import pytest

from shared.contracts import catalog
from shared.contracts.attendance import PunchesKept, RecordPunches, app_site
from shared.contracts.errors import Code
from shared.contracts.readings import PunchBatch
from shared.kit import rpc
from shared.kit.errors import MusterError
from tests.component.attendance.conftest import Archive, a_batch, a_record
from tests.component.attendance.test_forwards import Teller, some_news, teller
from tests.conftest import OTHER_OWNER, OWNER

__all__ = ["teller"]


async def keep(archive: Archive, batch: PunchBatch, wait: float = 0) -> PunchesKept:
    ask = RecordPunches(batch=batch, wait=wait)
    return await rpc.ask(archive.devices, catalog.RECORD_PUNCHES, ask, PunchesKept, seconds=15)


async def test_records_that_were_posted_are_the_agents_punches(
    attendance: Archive, teller: Teller
) -> None:
    posted = a_batch([a_record(n) for n in range(3)], source="http")
    assert (await keep(attendance, posted)) == PunchesKept(recorded=3, known=0, forwarded=False)
    assert (await keep(attendance, posted)) == PunchesKept(recorded=3, known=0, forwarded=False)
    receipt = await attendance.hq.delivers(a_batch([a_record(n) for n in range(5)], source="push"))
    assert (receipt.recorded, receipt.known) == (2, 3)
    again = a_batch([a_record(n) for n in range(5)], source="http")
    assert (await keep(attendance, again)).known == 5
    rows = await attendance.punches()
    assert [row["source"] for row in rows] == ["http"] * 3 + ["push"] * 2
    assert len(await attendance.recorded()) == 2
    assert attendance.hq.of(posted) == []
    assert await attendance.version() == 2
    ids = tuple(row["id"] for row in rows)
    await teller.tells(some_news(ids[0], "delivered", 1, punch_ids=ids))
    assert (await keep(attendance, again, wait=10)).forwarded


async def test_records_without_an_instant_are_not_waited_for(attendance: Archive) -> None:
    record = a_record(1).model_copy(update={"device_time": "2026-02-31T08:00:00"})
    kept = await keep(attendance, a_batch([record], source="http"), wait=10)
    assert kept == PunchesKept(recorded=1, known=0, forwarded=False)


@pytest.mark.parametrize(
    ("lie", "code"),
    [
        ({"owner": OTHER_OWNER}, Code.FORBIDDEN),
        ({"site": app_site(OWNER)}, Code.FORBIDDEN),
        ({"source": "app"}, Code.FORBIDDEN),
        ({"site": "nowhere"}, Code.SERVICE_UNAVAILABLE),
    ],
)
async def test_records_of_anothers_site_are_refused(
    attendance: Archive, lie: dict[str, Any], code: Code
) -> None:
    with pytest.raises(MusterError) as refused:
        await keep(attendance, a_batch([a_record(1)], **lie))
    assert refused.value.problem.code == code
    assert await attendance.punches() == []
