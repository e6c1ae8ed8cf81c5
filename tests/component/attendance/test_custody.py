"""A punch once, whatever the path or the repetition; a receipt only for what is committed."""

from __future__ import annotations

import asyncio
import random
from uuid import UUID

import pytest
from typing_extensions import override

from services.attendance.handlers.forwards import Forwards
from services.attendance.handlers.readings import Readings
from services.attendance.handlers.recorder import Recorder
from services.attendance.handlers.sites import Sites
from services.attendance.rules import batches as rules
from services.attendance.store import punches as store
from shared.contracts import streams, subjects
from shared.contracts.attendance import PunchesRecorded
from shared.contracts.readings import PunchBatch
from shared.kit.buckets import Bucket
from shared.kit.bus import Bus
from shared.kit.clock import SystemClock
from shared.kit.db import AsyncEngine
from tests.component.attendance.conftest import (
    Archive,
    MakeBus,
    a_batch,
    a_record,
    eventually,
    ids_of,
    positions,
    running,
)
from tests.conftest import OTHER_OWNER, OWNER


async def test_a_batch_is_committed_receipted_and_said(attendance: Archive) -> None:
    batch = a_batch([a_record(n) for n in range(250)])
    receipt = await attendance.hq.delivers(batch)
    assert (receipt.recorded, receipt.known) == (250, 0)
    assert (receipt.owner, receipt.site, receipt.device_id) == (OWNER, "hq", 1)
    rows = await attendance.punches()
    assert [row["position"] for row in rows] == list(range(1, 251))
    assert [row["id"] for row in rows] == list(rules.identities(batch))
    first = rows[0]
    assert first["punched_at"].isoformat() == "2026-03-01T01:00:00+00:00"
    assert (first["raw"], first["epoch"], first["source"]) == (bytes(4), 1, "pull")
    assert (first["clock_error_ms"], first["zone"], first["flags"]) == (250, "Asia/Jakarta", [])
    (event,) = await attendance.recorded()
    assert (event.first_position, event.last_position) == (1, 250)
    assert [each.id for each in event.punches] == [row["id"] for row in rows]
    (ledger,) = await attendance.rows("select * from attendance.batches")
    assert (ledger["recorded"], ledger["known"], ledger["ambiguous"]) == (250, 0, 0)


async def test_a_batch_again_changes_nothing_and_is_receipted_again(attendance: Archive) -> None:
    batch = a_batch([a_record(1), a_record(1), a_record(2)])
    first = await attendance.hq.delivers(batch)
    version = await attendance.version()
    assert await attendance.hq.delivers(batch) == first
    assert (first.recorded, first.known) == (2, 1)
    assert len(await attendance.punches()) == 2
    assert len(await attendance.recorded()) == 1
    assert await attendance.version() == version
    (ledger,) = await attendance.rows("select * from attendance.batches")
    assert ledger["ambiguous"] == 1


async def test_the_same_punches_by_another_path_are_known(attendance: Archive) -> None:
    for n in range(3):
        await attendance.hq.delivers(a_batch([a_record(n)], source="live"))
    again = a_batch([a_record(n) for n in range(5)], epoch=2)
    receipt = await attendance.hq.delivers(again)
    assert (receipt.recorded, receipt.known) == (2, 3)
    rows = await attendance.punches()
    assert [row["source"] for row in rows] == ["live"] * 3 + ["pull"] * 2
    assert [row["epoch"] for row in rows] == [1, 1, 1, 2, 2]
    assert positions(rows, "hq") == [1, 2, 3, 4, 5]
    only_known = await attendance.hq.delivers(a_batch([a_record(n) for n in range(5)]))
    assert (only_known.recorded, only_known.known) == (0, 5)
    assert len(await attendance.recorded()) == 4


async def test_a_device_that_moved_brings_no_doubles(attendance: Archive) -> None:
    await attendance.hq.delivers(a_batch([a_record(n) for n in range(3)]))
    moved = a_batch([a_record(n) for n in range(5)], site="annex", device_id=9)
    receipt = await attendance.annex.delivers(moved)
    assert (receipt.recorded, receipt.known) == (2, 3)
    assert positions(await attendance.punches(), "annex") == [1, 2]


async def test_owners_do_not_share_punches(attendance: Archive, bus_of: MakeBus) -> None:
    """The same serial under two owners: neither takes the other's punches away."""
    handler = Handler(attendance, await bus_of("attendance"))
    try:
        for owner, site in ((OWNER, "hq"), (OTHER_OWNER, "other")):
            await handler.hear(a_batch([a_record(1)], owner=owner, site=site))
    finally:
        await handler.close()
    rows = await attendance.punches()
    assert {row["owner"] for row in rows} == {OWNER, OTHER_OWNER}
    assert len(ids_of(rows)) == 1


async def test_two_instances_at_once_record_each_punch_once_without_gaps(
    archive: Archive,
) -> None:
    """Overlapping batches of two sites, in any order, each of them said twice."""
    dice = random.Random(7)  # noqa: S311 - the same disorder each time
    batches = [
        a_batch(
            [a_record(n) for n in sorted(dice.sample(range(300), 40))],
            site=site,
            source=dice.choice(["live", "pull", "push"]),
            serial=f"SN-{site}",
        )
        for site in ("hq", "annex")
        for _ in range(20)
    ]
    wanted = {i for batch in batches for i in rules.identities(batch)}
    twice = [*batches, *batches]
    dice.shuffle(twice)
    async with running(archive.service()), running(archive.service()):
        for batch in twice:
            journal = archive.hq if batch.site == "hq" else archive.annex
            await journal.sends(batch)
        for batch in batches:
            journal = archive.hq if batch.site == "hq" else archive.annex
            await journal.receipt(batch, 2)
        events = await archive.recorded()
    rows = await archive.punches()
    assert len(rows) == len(wanted)
    assert ids_of(rows) == wanted
    for site in ("hq", "annex"):
        found = positions(rows, site)
        assert found == list(range(1, len(found) + 1))
        spans = [(e.first_position, e.last_position) for e in events if e.site == site]
        # In the stream, too, each event begins where the one before it ended.
        assert [first for first, _ in spans] == [1, *(last + 1 for _, last in spans[:-1])]
        assert spans[-1][1] == len(found)
    assert {p.id for event in events for p in event.punches} == wanted
    (committed,) = await archive.rows("select version from attendance.versions")
    assert await archive.version() == committed["version"]


class Handler:
    """Attendance's handlers without its process, so that a test can call them out of turn."""

    def __init__(self, archive: Archive, bus: Bus, kind: type[Readings] = Readings) -> None:
        clock = SystemClock()
        service = archive.service()
        assert service.engine is not None
        self.engine: AsyncEngine = service.engine
        self.readings = kind(
            self.engine,
            bus,
            Sites(Bucket(bus, streams.SITE), clock),
            Recorder(self.engine, Bucket(bus, streams.VERSION), clock),
            Forwards(self.engine, clock),
        )

    async def hear(self, batch: PunchBatch) -> None:
        where = subjects.punch_read(batch.site, batch.device_id)
        await self.readings.punches_read(where, batch)

    async def close(self) -> None:
        await self.engine.dispose()


class Hasty(Readings):
    """The control: it gives the receipt before the commit."""

    @override
    async def punches_read(self, subject: str, read: PunchBatch) -> None:
        early = rules.receipt(read, len(read.records), 0)
        await self._bus.say(subjects.receipt(read.site, str(read.journal_id)), early)
        await super().punches_read(subject, read)


@pytest.mark.parametrize(("kind", "early"), [(Readings, 0), (Hasty, 1)])
async def test_no_receipt_before_the_commit(
    archive: Archive, bus_of: MakeBus, kind: type[Readings], early: int
) -> None:
    """While the commit is held up, nobody may think that it happened."""
    handler = Handler(archive, await bus_of("attendance"), kind)
    batch = a_batch([a_record(1)])
    await archive.eye.execute("begin; lock attendance.punches in exclusive mode")
    try:
        task = asyncio.ensure_future(handler.hear(batch))

        async def waits() -> bool:
            query = "select 1 from pg_locks where not granted"
            return bool(await archive.rows(query))

        await eventually(waits)
        # Whatever was said has arrived once a later message has.
        await archive.hq.bus.client.flush()
        assert len(archive.hq.of(batch)) == early
    finally:
        await archive.eye.execute("rollback")
    await task
    await archive.hq.receipt(batch, early + 1)
    await handler.close()


async def blind(*_: object) -> set[UUID]:
    return set()


@pytest.mark.parametrize("guarded", [True, False])
async def test_the_key_alone_keeps_doubles_away(
    archive: Archive, bus_of: MakeBus, monkeypatch: pytest.MonkeyPatch, *, guarded: bool
) -> None:
    """Attendance that cannot see what is known: only the table's key is left. Then not even it."""
    handler = Handler(archive, await bus_of("attendance"))
    monkeypatch.setattr(store, "known_ids", blind)
    await handler.hear(a_batch([a_record(1)]))
    if not guarded:
        await archive.eye.execute("alter table attendance.punches drop constraint punches_pkey")
    try:
        again = a_batch([a_record(1)])
        if guarded:
            with pytest.raises(Exception, match="punches_pkey"):
                await handler.hear(again)
            assert archive.hq.of(again) == []
        else:
            await handler.hear(again)
        assert len(await archive.punches()) == (1 if guarded else 2)
    finally:
        await handler.close()
        if not guarded:
            await archive.eye.execute(
                "truncate attendance.punches;"
                "alter table attendance.punches add primary key (owner, id)"
            )


async def test_a_batch_id_used_for_other_records_costs_none_of_them(attendance: Archive) -> None:
    batch = a_batch([a_record(1)])
    await attendance.hq.delivers(batch)
    await attendance.hq.sends(batch.model_copy(update={"records": (a_record(2),)}))
    assert (await attendance.dead())["muster-error"] == "CONFLICT"
    assert len(attendance.hq.of(batch)) == 1
    assert len(await attendance.punches()) == 1


async def test_positions_of_two_sites_are_counted_apart(attendance: Archive) -> None:
    for site, journal in (("hq", attendance.hq), ("annex", attendance.annex)):
        await journal.delivers(a_batch([a_record(5)], site=site, serial=f"S-{site}"))
    rows = await attendance.punches()
    assert [(row["site"], row["position"]) for row in rows] == [("annex", 1), ("hq", 1)]
    assert {event.site for event in await attendance.recorded()} == {"hq", "annex"}


async def test_an_event_carries_its_batchs_trace_and_an_id_that_lasts(attendance: Archive) -> None:
    batch = a_batch([a_record(1)])
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    await attendance.hq.bus.publish(
        streams.PUNCH,
        subjects.punch_read("hq", 1),
        batch.model_dump_json().encode(),
        message_id=str(batch.batch_id),
        headers={"traceparent": f"00-{trace}-00f067aa0ba902b7-01"},
    )
    (event,) = await eventually_recorded(attendance)
    where = subjects.punch_recorded("hq", 1)
    headers = (await attendance.provisioner.js.get_last_msg("RECORDED", where)).headers or {}
    assert headers["Nats-Msg-Id"] == str(event.event_id)
    assert headers["traceparent"].split("-")[1] == trace


async def eventually_recorded(archive: Archive) -> list[PunchesRecorded]:
    async def there() -> bool:
        return await archive.messages(streams.RECORDED) > 0

    await eventually(there)
    return await archive.recorded()
