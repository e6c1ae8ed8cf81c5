"""What attendance hears and answers."""

from typing import Final

from pydantic import ValidationError

from services.attendance import rules
from services.attendance.store import punches as store
from services.attendance.store import summaries
from shared.contracts import streams, subjects
from shared.contracts.attendance import (
    AttendancePage,
    ListPunches,
    Receipt,
    SummarizePunches,
    SummaryPage,
)
from shared.contracts.auth import Caller
from shared.contracts.catalog import LIST_PUNCHES, SUMMARIZE_PUNCHES
from shared.contracts.devices import Site
from shared.contracts.errors import Code
from shared.contracts.readings import PeopleRead, PunchBatch
from shared.kit.buckets import Bucket
from shared.kit.bus import Bus
from shared.kit.clock import Clock
from shared.kit.db import AsyncConnection, AsyncEngine, transaction
from shared.kit.errors import MusterError, NotYetError
from shared.kit.rpc import Answers

_FRESH_SECONDS: Final = 5.0


class Sites:
    """Whose site it is, by the registry's word, which is believed for at most 5 seconds."""

    def __init__(self, bucket: Bucket, clock: Clock) -> None:
        self._bucket = bucket
        self._clock = clock
        self._owners: dict[str, tuple[float, str]] = {}

    async def guard(self, subject: str, read: PunchBatch | PeopleRead) -> None:
        """Raise MusterError unless a message says of itself what its subject and its site say.

        The broker lets an agent publish under its own site only; so what is checked against the
        subject cannot be claimed by the agent of another site, and so of another owner.
        """
        device = subject.rsplit(".", 1)[-1]
        if (subjects.site_of(subject), device) != (read.site, str(read.device_id)):
            msg = f"a message of {read.site}/{read.device_id} does not belong on {subject}"
            raise MusterError(Code.VALIDATION_ERROR, msg)
        if await self._owner_of(read.site) != read.owner:
            msg = f"site {read.site} does not belong to owner {read.owner}"
            raise MusterError(Code.FORBIDDEN, msg)

    async def _owner_of(self, site: str) -> str:
        now = self._clock.monotonic()
        known = self._owners.get(site)
        if known and now - known[0] < _FRESH_SECONDS:
            return known[1]
        entry = await self._bucket.get(site)
        try:
            owner = Site.model_validate_json(entry or b"").owner
        except ValidationError as error:
            msg = f"the registry has not said yet whose site {site} is"
            raise NotYetError(msg) from error
        self._owners[site] = (now, owner)
        return owner


class Attendance:
    """Commits punches, once each, and then says so."""

    def __init__(
        self, engine: AsyncEngine, bus: Bus, sites: Sites, versions: Bucket, clock: Clock
    ) -> None:
        self._engine = engine
        self._bus = bus
        self._sites = sites
        self._versions = versions
        self._clock = clock

    async def punches_read(self, subject: str, read: PunchBatch) -> None:
        """Commit a batch, then tell its journal; a batch that comes again changes nothing."""
        await self._sites.guard(subject, read)
        batch = rules.cleaned(read)
        async with transaction(self._engine, "record batch") as connection:
            receipt = await self._record(connection, batch)
        await self._announce(batch.owner)
        await self._bus.say(subjects.receipt(batch.site, str(batch.journal_id)), receipt)

    async def _record(self, connection: AsyncConnection, batch: PunchBatch) -> Receipt:
        last_position = await store.lock_feed(connection, batch.site, batch.owner)
        ids = rules.identities(batch)
        content = rules.content_of(ids)
        if before := await store.find_batch(connection, batch):
            if before.content != content:
                msg = f"batch {batch.batch_id} came before with other records"
                raise MusterError(Code.CONFLICT, msg)
            return rules.receipt(batch, before.recorded, before.known)
        known = await store.known_ids(connection, batch.owner, ids)
        decision = rules.decide(batch, ids, known, last_position)
        counts = store.Counts(content, len(decision.fresh), decision.known)
        received_at = self._clock.now()
        await store.insert_batch(connection, batch, received_at, counts, decision.ambiguous)
        if decision.fresh:
            await store.insert_punches(connection, batch, received_at, decision.fresh)
            await store.raise_version(connection, batch.owner)
            event = rules.recorded_event(batch, decision.fresh, received_at)
            await store.say_recorded(connection, event)
        return rules.receipt(batch, counts.recorded, counts.known)

    async def people_read(self, subject: str, read: PeopleRead) -> None:
        """Remember the names that a device has for its people."""
        await self._sites.guard(subject, read)
        async with transaction(self._engine, "keep names") as connection:
            await store.keep_names(connection, read, rules.names_of(read))
            await store.raise_version(connection, read.owner)
        await self._announce(read.owner)

    async def _announce(self, owner: str) -> None:
        """Tell caches the owner's version; held meanwhile, so that a lower one never comes last."""
        async with transaction(self._engine, "announce version") as connection:
            version = await store.hold_version(connection, owner)
            if version is not None:
                await self._versions.put(f"attendance.{owner}", str(version).encode())

    async def list_punches(self, ask: ListPunches, caller: Caller) -> AttendancePage:
        """Return one page of the caller's punches."""
        async with transaction(self._engine, "list punches") as connection:
            return await store.page_of(connection, caller.owner, ask)

    async def summarize(self, ask: SummarizePunches, caller: Caller) -> SummaryPage:
        """Return one page of when the caller's people came first and last."""
        midnights = rules.midnights(ask)
        async with transaction(self._engine, "summarize") as connection:
            return await summaries.page_of(connection, caller.owner, ask, midnights)


def routes(attendance: Attendance, answers: Answers, bus: Bus) -> None:
    """The table of routes: what is heard, and who hears it."""
    (punches,), (people,) = streams.PUNCH.consumers, streams.PEOPLE.consumers
    bus.on_event(streams.PUNCH, punches, PunchBatch, attendance.punches_read)
    bus.on_event(streams.PEOPLE, people, PeopleRead, attendance.people_read)
    answers.to_callers(LIST_PUNCHES, ListPunches, attendance.list_punches)
    answers.to_callers(SUMMARIZE_PUNCHES, SummarizePunches, attendance.summarize)
