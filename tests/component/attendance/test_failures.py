"""Whatever fails between the commit and the last word: nothing is lost, nothing is doubled."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from services.attendance.rules import batches as rules
from shared.contracts import streams
from shared.kit.settings import DatabaseSettings
from tests.component.attendance.conftest import (
    Archive,
    a_batch,
    a_record,
    eventually,
    ids_of,
    positions,
    running,
)
from tests.conftest import ROOT


async def test_a_failure_between_commit_and_receipt_brings_the_batch_again(
    attendance: Archive,
) -> None:
    """The version cannot be put, so there is no receipt; the batch comes again and again."""
    await attendance.provisioner.js.delete_stream("KV_VERSION")
    batch = a_batch([a_record(n) for n in range(10)])
    try:
        await attendance.hq.sends(batch)

        async def again() -> bool:
            info = await attendance.provisioner.js.consumer_info("PUNCH", "attendance")
            return bool(info.num_redelivered)

        await eventually(again)
        assert len(await attendance.punches()) == 10
        assert attendance.hq.of(batch) == []
    finally:
        await attendance.platform.servers.provision()
    receipt = await attendance.hq.receipt(batch)
    assert (receipt.recorded, receipt.known) == (10, 0)
    assert positions(await attendance.punches(), "hq") == list(range(1, 11))
    assert len(await attendance.recorded()) == 1
    assert await attendance.version() == 1


async def test_what_is_committed_is_said_when_the_stream_is_back(attendance: Archive) -> None:
    await attendance.provisioner.js.delete_stream("RECORDED")
    batches = [a_batch([a_record(n)]) for n in range(5)]
    try:
        for batch in batches:
            await attendance.hq.delivers(batch)
        assert len(await attendance.rows("select 1 from attendance.outbox")) == 5
    finally:
        await attendance.platform.servers.provision()
    events = await attendance.recorded()
    assert [event.first_position for event in events] == [1, 2, 3, 4, 5]


async def test_a_database_that_is_away_is_waited_for(attendance: Archive) -> None:
    batch = a_batch([a_record(n) for n in range(10)])
    await attendance.platform.servers.postgres.kill()
    try:
        await attendance.hq.sends(batch)

        async def tried_again() -> bool:
            info = await attendance.provisioner.js.consumer_info("PUNCH", "attendance")
            return bool(info.num_redelivered)

        await eventually(tried_again)
        assert attendance.hq.of(batch) == []
    finally:
        await attendance.platform.servers.postgres.start()
    receipt = await attendance.hq.receipt(batch)
    assert (receipt.recorded, receipt.known) == (10, 0)
    assert await attendance.messages(streams.DLQ) == 0
    async with await attendance.platform.superuser() as eye:
        rows = await (await eye.execute("select count(*) from attendance.punches")).fetchone()
    assert rows == (10,)


@asynccontextmanager
async def process(archive: Archive, log: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """``python -m services.attendance``, killed at the end as a crash would."""
    settings = archive.platform.settings(DatabaseSettings, "attendance")
    env = {
        "MUSTER_NATS_URL": settings.nats_url,
        "MUSTER_NATS_SEED_FILE": str(settings.nats_seed_file),
        "MUSTER_DATABASE_URL": settings.database_url,
        "MUSTER_DATABASE_PASSWORD_FILE": str(settings.database_password_file),
        "MUSTER_DATA_DIR": str(log.parent),
    }
    with log.open("ab") as output:
        run = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "services.attendance"),
            cwd=ROOT,
            env=env,
            stdout=output,
            stderr=output,
        )
    try:
        yield run
    finally:
        if run.returncode is None:
            run.kill()
        await run.wait()


async def test_killed_in_the_middle_it_goes_on_without_loss_or_doubles(
    archive: Archive, tmp_path: Path
) -> None:
    batches = [
        a_batch([a_record(n) for n in range(start, start + 100)]) for start in range(0, 6000, 75)
    ]
    wanted = {i for batch in batches for i in rules.identities(batch)}
    for batch in batches:
        await archive.hq.sends(batch)
    async with process(archive, tmp_path / "log"):
        await archive.hq.receipt(batches[3])
    assert 0 < len(await archive.punches()) < len(wanted)
    async with running(archive.service()):
        # As journals do. What the killed process had in hand also comes again, by the broker.
        for batch in batches:
            if not archive.hq.of(batch):
                await archive.hq.sends(batch)
        for batch in batches:
            await archive.hq.receipt(batch)
        events = await archive.recorded()
    rows = await archive.punches()
    assert len(rows) == len(wanted)
    assert ids_of(rows) == wanted
    assert positions(rows, "hq") == list(range(1, len(wanted) + 1))
    assert [p.position for event in events for p in event.punches] == positions(rows, "hq")
