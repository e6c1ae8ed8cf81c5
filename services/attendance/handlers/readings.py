"""What agents read from devices, and what the registry was handed by another way."""

from services.attendance.handlers.committing import AT_ONCE, Committing
from services.attendance.handlers.forwards import Forwards
from services.attendance.handlers.recorder import Recorder
from services.attendance.handlers.sites import Sites
from services.attendance.handlers.waiting import WAITING
from services.attendance.rules import batches
from services.attendance.store import punches as store
from shared.contracts import streams, subjects
from shared.contracts.attendance import PunchesKept, RecordPunches
from shared.contracts.catalog import RECORD_PUNCHES
from shared.contracts.errors import Code
from shared.contracts.readings import PeopleRead, PunchBatch
from shared.kit.bus import Bus
from shared.kit.db import AsyncEngine, transaction
from shared.kit.errors import MusterError, NotYetError
from shared.kit.rpc import Answers


class Readings:
    """Commits what was read, and then says so."""

    def __init__(
        self, engine: AsyncEngine, bus: Bus, sites: Sites, recorder: Recorder, forwards: Forwards
    ) -> None:
        self._engine = engine
        self._bus = bus
        self._sites = sites
        self._recorder = recorder
        self._committing = Committing(engine, recorder)
        self._forwards = forwards

    async def punches_read(self, subject: str, read: PunchBatch) -> None:
        """Commit a batch, then tell its journal; a batch that comes again changes nothing."""
        await self._sites.guard(subject, read)
        receipt = await self._committing.commit(batches.cleaned(read))
        await self._bus.say(subjects.receipt(receipt.site, str(receipt.journal_id)), receipt)

    async def people_read(self, subject: str, read: PeopleRead) -> None:
        """Remember the names that a device has for its people."""
        await self._sites.guard(subject, read)
        async with transaction(self._engine, "keep names") as connection:
            await store.keep_names(connection, read, batches.names_of(read))
            await store.raise_version(connection, read.owner)
        await self._recorder.announce(read.owner)

    async def record_punches(self, ask: RecordPunches) -> PunchesKept:
        """Commit a batch as if an agent had read it, but for the receipt; wait for its delivery."""
        try:
            await self._sites.check(ask.batch)
        except NotYetError as error:
            raise MusterError(Code.SERVICE_UNAVAILABLE, str(error)) from error
        batch = batches.cleaned(ask.batch)
        receipt = await self._committing.commit(batch)
        ids = set(batches.identities(batch))
        progress = await self._forwards.wait(batch.owner, tuple(ids), ask.wait)
        return PunchesKept(
            recorded=receipt.recorded,
            known=receipt.known,
            forwarded=progress.delivered == len(ids),
        )


def routes(readings: Readings, answers: Answers, bus: Bus) -> None:
    """The table of routes: what is heard, and who hears it."""
    (punches,), (people,) = streams.PUNCH.consumers, streams.PEOPLE.consumers
    bus.on_event(streams.PUNCH, punches, PunchBatch, readings.punches_read, at_once=AT_ONCE)
    bus.on_event(streams.PEOPLE, people, PeopleRead, readings.people_read)
    answers.to_anyone(RECORD_PUNCHES, RecordPunches, readings.record_punches, workers=WAITING)
