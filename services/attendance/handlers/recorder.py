"""Commits batches, by whatever way they came: each punch once, and then said."""

from services.attendance.rules import batches
from services.attendance.store import punches as store
from shared.contracts.attendance import Receipt
from shared.contracts.errors import Code
from shared.contracts.readings import PunchBatch
from shared.kit.buckets import Bucket
from shared.kit.clock import Clock
from shared.kit.db import AsyncConnection, AsyncEngine, transaction
from shared.kit.errors import MusterError


class Recorder:
    """The only one who makes punches."""

    def __init__(self, engine: AsyncEngine, versions: Bucket, clock: Clock) -> None:
        self._engine = engine
        self._versions = versions
        self._clock = clock

    async def record(self, connection: AsyncConnection, batch: PunchBatch) -> Receipt:
        """Record a batch in the caller's transaction; one that comes again changes nothing."""
        last_position = await store.lock_feed(connection, batch.site, batch.owner)
        ids = batches.identities(batch)
        content = batches.content_of(ids)
        if before := await store.find_batch(connection, batch):
            if before.content != content:
                msg = f"batch {batch.batch_id} came before with other records"
                raise MusterError(Code.CONFLICT, msg)
            return batches.receipt(batch, before.recorded, before.known)
        known = await store.known_ids(connection, batch.owner, ids)
        decision = batches.decide(batch, ids, known, last_position)
        counts = store.Counts(content, len(decision.fresh), decision.known)
        received_at = self._clock.now()
        await store.insert_batch(connection, batch, received_at, counts, decision.ambiguous)
        if decision.fresh:
            await store.insert_punches(connection, batch, received_at, decision.fresh)
            await store.raise_version(connection, batch.owner)
            event = batches.recorded_event(batch, decision.fresh, received_at)
            await store.say_recorded(connection, event)
        return batches.receipt(batch, counts.recorded, counts.known)

    async def announce(self, owner: str) -> None:
        """Tell caches the owner's version; held meanwhile, so that a lower one never comes last."""
        async with transaction(self._engine, "announce version") as connection:
            version = await store.hold_version(connection, owner)
            if version is not None:
                await self._versions.put(f"attendance.{owner}", str(version).encode())
