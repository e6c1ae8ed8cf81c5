"""Commits batches, by whatever way they came: each punch once, and then said."""

from collections.abc import Sequence

from services.attendance.rules import batches
from services.attendance.store import punches as store
from shared.contracts.attendance import PunchesRecorded, Receipt
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

    async def record(
        self, connection: AsyncConnection, read: Sequence[PunchBatch]
    ) -> list[Receipt]:
        """Record batches of one site, in this order, in the caller's transaction.

        One that comes again changes nothing. CONFLICT when it came before with other records.
        """
        site, owner = read[0].site, read[0].owner
        last_position = await store.lock_feed(connection, site, owner)
        told = await store.find_batches(connection, read)
        ids = [batches.identities(each) for each in read]
        known = await store.known_ids(connection, owner, [each for some in ids for each in some])
        received_at = self._clock.now()
        new: list[store.NewBatch] = []
        events: list[PunchesRecorded] = []
        receipts: list[Receipt] = []
        for batch, identities in zip(read, ids, strict=True):
            content = batches.content_of(identities)
            counts = told.get(store.key_of(batch))
            if counts is None:
                decision = batches.decide(batch, identities, known, last_position)
                counts = store.Counts(content, len(decision.fresh), decision.known)
                new.append(store.NewBatch(batch, counts, decision.ambiguous, decision.fresh))
                known |= set(identities)
                last_position += counts.recorded
                told[store.key_of(batch)] = counts
                if decision.fresh:
                    events.append(batches.recorded_event(batch, decision.fresh, received_at))
            elif counts.content != content:
                msg = f"batch {batch.batch_id} came before with other records"
                raise MusterError(Code.CONFLICT, msg)
            receipts.append(batches.receipt(batch, counts.recorded, counts.known))
        await store.insert_batches(connection, new, received_at)
        if events:
            await store.raise_version(connection, owner)
            await store.say_recorded(connection, events)
        return receipts

    async def announce(self, owner: str) -> None:
        """Tell caches the owner's version; held meanwhile, so that a lower one never comes last."""
        async with transaction(self._engine, "announce version") as connection:
            version = await store.hold_version(connection, owner)
            if version is not None:
                await self._versions.put(f"attendance.{owner}", str(version).encode())
