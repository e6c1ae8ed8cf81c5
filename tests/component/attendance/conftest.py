"""Attendance itself, on real servers, with a journal that listens for its receipts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest_asyncio

from services.attendance.app import build
from services.attendance.settings import AttendanceSettings
from shared.contracts import streams, subjects
from shared.contracts.attendance import PunchesRecorded, Receipt
from shared.contracts.readings import PunchBatch, PunchRecord
from shared.kit.buckets import Bucket
from shared.kit.bus import Bus
from shared.kit.clock import new_id
from shared.kit.service import Service
from tests.component.attendance.callers import Callers
from tests.conftest import OWNER, SITES, Platform

MakeBus = Callable[[str], Awaitable[Bus]]
Eye = psycopg.AsyncConnection[tuple[object, ...]]
READ_AT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
MORNING = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)


def a_record(second: int, person: str | None = None, ordinal: int = 0) -> PunchRecord:
    """One record of a log; its second is what tells it from the others."""
    wall = (MORNING + timedelta(seconds=second)).replace(tzinfo=None)
    return PunchRecord(
        person=person or str(second % 7 + 1),
        device_time=wall.isoformat(timespec="seconds"),
        ordinal=ordinal,
        verify=1,
        state=second % 2,
        raw=second.to_bytes(4, "little"),
    )


def a_batch(records: Sequence[PunchRecord], **changes: Any) -> PunchBatch:
    """One batch of device 1 of site hq, unless told otherwise."""
    values: dict[str, Any] = {
        "batch_id": new_id(),
        "journal_id": new_id(),
        "owner": OWNER,
        "site": "hq",
        "device_id": 1,
        "serial": "SN1",
        "epoch": 1,
        "source": "pull",
        "zone": "Asia/Jakarta",
        "read_at": READ_AT,
        "drift_ms": 250,
        "records": tuple(records),
    }
    return PunchBatch(**{**values, **changes})


async def eventually(found: Callable[[], Awaitable[bool]], seconds: float = 30.0) -> None:
    """Wait until something is so; fail when it is not in time."""
    async with asyncio.timeout(seconds):
        while not await found():
            await asyncio.sleep(0.02)


async def seen(eye: Eye, query: str, *values: object) -> list[dict[str, Any]]:
    """Return the rows of a query by the names of their columns."""
    cursor = await eye.execute(query.encode(), values)
    names = [column.name for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in await cursor.fetchall()]


@asynccontextmanager
async def running(service: Service) -> AsyncIterator[None]:
    """Run the parts of a built service that talk to servers, as its process would."""
    await service.bus.connect()
    await service.check.run()
    await service.bus.start()
    tasks = [asyncio.ensure_future(task()) for task in service.tasks]
    try:
        yield
    finally:
        over = [task.exception() for task in tasks if task.done()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for step in service.closing:
            await step()
        await service.bus.stop()
        assert service.engine is not None
        await service.engine.dispose()
        assert not over


@dataclass
class Journal:
    """An agent's side: publishes batches, hears receipts, on the agent's own user."""

    bus: Bus
    site: str
    receipts: list[Receipt] = field(default_factory=list)

    async def start(self) -> None:
        self.bus.on_message(subjects.receipt(self.site, "*"), Receipt, self._hear)
        await self.bus.start()

    async def _hear(self, _: str, receipt: Receipt) -> None:
        self.receipts.append(receipt)

    async def sends(self, batch: PunchBatch) -> None:
        await self.sends_raw(batch.model_dump_json().encode(), device=batch.device_id)

    async def sends_raw(self, body: bytes, device: int = 1) -> None:
        where = subjects.punch_read(self.site, device)
        # A fresh id each time: the broker must not be the one that keeps doubles away.
        await self.bus.publish(streams.PUNCH, where, body, message_id=str(new_id()))

    def of(self, batch: PunchBatch) -> list[Receipt]:
        return [each for each in self.receipts if each.batch_id == batch.batch_id]

    async def receipt(self, batch: PunchBatch, number: int = 1) -> Receipt:
        """Wait for the n-th receipt of a batch."""

        async def there() -> bool:
            return len(self.of(batch)) >= number

        await eventually(there)
        return self.of(batch)[number - 1]

    async def delivers(self, batch: PunchBatch) -> Receipt:
        """Send a batch and wait until there is one receipt more for it."""
        number = len(self.of(batch)) + 1
        await self.sends(batch)
        return await self.receipt(batch, number)


@dataclass
class Archive:
    """Everything around attendance that a test looks at or acts on."""

    platform: Platform
    hq: Journal
    annex: Journal
    devices: Bus
    provisioner: Bus
    gateway: Bus
    eye: Eye

    def service(self) -> Service:
        return build(self.platform.settings(AttendanceSettings, "attendance"))

    async def rows(self, query: str, *values: object) -> list[dict[str, Any]]:
        return await seen(self.eye, query, *values)

    async def punches(self) -> list[dict[str, Any]]:
        return await self.rows("select * from attendance.punches order by site, position")

    async def put_site(self, site: str, owner: str) -> None:
        entry = f'{{"owner": "{owner}", "name": "{site}", "zone": "Asia/Jakarta"}}'
        await Bucket(self.devices, streams.SITE).put(site, entry.encode())

    async def version(self, owner: str = OWNER) -> int:
        return int(await Bucket(self.gateway, streams.VERSION).get(f"attendance.{owner}") or 0)

    async def messages(self, stream: streams.StreamSpec) -> int:
        return (await self.provisioner.js.stream_info(stream.name)).state.messages

    async def dead(self, number: int = 1) -> dict[str, str]:
        """Wait for a number of dead letters; return the headers of the last."""

        async def there() -> bool:
            return await self.messages(streams.DLQ) >= number

        await eventually(there)
        where = subjects.dead_letter("PUNCH", "attendance")
        return (await self.provisioner.js.get_last_msg(streams.DLQ.name, where)).headers or {}

    async def recorded(self) -> list[PunchesRecorded]:
        """Every event that attendance said, in the stream's order, once the outbox is empty."""

        async def said() -> bool:
            return not await self.rows("select 1 from attendance.outbox")

        await eventually(said)
        state = (await self.provisioner.js.stream_info(streams.RECORDED.name)).state
        found = [
            await self.provisioner.js.get_msg(streams.RECORDED.name, seq)
            for seq in range(state.first_seq, state.last_seq + 1)
        ]
        return [PunchesRecorded.model_validate_json(each.data or b"") for each in found]


@pytest_asyncio.fixture(loop_scope="session")
async def archive(clean: Platform, bus_of: MakeBus) -> AsyncIterator[Archive]:
    """Everything but attendance itself."""
    async with await clean.superuser() as eye:
        made = Archive(
            clean,
            Journal(await bus_of("agent-hq"), "hq"),
            Journal(await bus_of("agent-annex"), "annex"),
            await bus_of("devices"),
            await bus_of("provisioner"),
            await bus_of("gateway"),
            eye,
        )
        await made.hq.start()
        await made.annex.start()
        for site, owner in SITES.items():
            await made.put_site(site, owner)
        yield made


@pytest_asyncio.fixture(loop_scope="session")
async def attendance(archive: Archive) -> AsyncIterator[Archive]:
    """Attendance, running once."""
    async with running(archive.service()):
        yield archive


@pytest_asyncio.fixture(loop_scope="session")
async def callers(clean: Platform, bus_of: MakeBus) -> Callers:
    """Makes tokens that services believe."""
    made = Callers()
    await made.publish(await bus_of("auth"))
    return made


def positions(rows: Sequence[dict[str, Any]], site: str) -> list[int]:
    return [row["position"] for row in rows if row["site"] == site]


def ids_of(rows: Sequence[dict[str, Any]]) -> set[UUID]:
    return {row["id"] for row in rows}
