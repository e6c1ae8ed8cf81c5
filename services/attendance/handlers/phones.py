"""Punches by phone."""

from pydantic import SecretBytes

from services.attendance.handlers.forwards import Forwards
from services.attendance.handlers.recorder import Recorder
from services.attendance.handlers.waiting import WAITING
from services.attendance.rules import batches
from services.attendance.rules import phones as rules
from services.attendance.store import logs, punches
from services.attendance.store import phones as store
from shared.contracts.attendance import GetImage, Image, LoggedPunch, PunchByApp, app_site
from shared.contracts.auth import Caller
from shared.contracts.catalog import GET_IMAGE, PUNCH_BY_APP
from shared.contracts.errors import Code
from shared.kit.buckets import AWAY
from shared.kit.clock import Clock, new_id
from shared.kit.db import UNAVAILABLE, AsyncEngine, transaction
from shared.kit.errors import MusterError
from shared.kit.logging import get_logger
from shared.kit.rpc import Answers

log = get_logger(__name__)


class Phones:
    """Commits punches of employees who ask for them, as any other punch."""

    def __init__(
        self, engine: AsyncEngine, recorder: Recorder, forwards: Forwards, clock: Clock
    ) -> None:
        self._engine = engine
        self._recorder = recorder
        self._forwards = forwards
        self._clock = clock

    async def punch(self, ask: PunchByApp, caller: Caller) -> LoggedPunch:
        """Commit a punch of the caller, now, and wait for its delivery."""
        logged = await self._commit(ask, caller)
        try:
            await self._recorder.announce(caller.owner)
            await self._forwards.wait(caller.owner, (logged.id,), ask.wait)
            async with transaction(self._engine, "read punch") as connection:
                return await logs.one(connection, caller.owner, logged.id)
        except (*UNAVAILABLE, *AWAY) as error:
            # It is committed: after an error the phone would punch again.
            log.warning("what became of a punch by phone is not known", error=repr(error)[:300])
            return logged

    async def _commit(self, ask: PunchByApp, caller: Caller) -> LoggedPunch:
        person, owner = caller.enroll_id, caller.owner
        if person is None:
            raise MusterError(Code.FORBIDDEN, "Only employees punch by phone.")
        now = self._clock.now()
        at = now.replace(microsecond=now.microsecond // 1000 * 1000)
        async with transaction(self._engine, "record punch by phone") as connection:
            # Whoever counts has the feed for themselves, so that nobody else has the same ordinal.
            await punches.lock_feed(connection, app_site(owner), owner)
            ordinal = await store.in_second(connection, owner, person, at)
            batch = rules.batch_of(ask, caller, new_id(), at, ordinal)
            await self._recorder.record(connection, [batch])
            (identity,) = batches.identities(batch)
            await store.keep_details(connection, owner, identity, ask)
            name = rules.name_of(batch, caller.name)
            await punches.keep_names(connection, name, batches.names_of(name))
            return await logs.one(connection, owner, identity)

    async def image(self, ask: GetImage, caller: Caller) -> Image:
        """Return the photo of a punch of the caller's owner."""
        span = rules.span_of(ask.punch_id)
        async with transaction(self._engine, "read image") as connection:
            jpeg = await store.image(connection, caller.owner, span) if span else None
        if jpeg is None:
            raise MusterError(Code.NOT_FOUND, "No photo was taken with a punch of this id.")
        return Image(jpeg=SecretBytes(jpeg))


def routes(phones: Phones, answers: Answers) -> None:
    """The table of routes: what is asked, and who answers it."""
    answers.to_callers(PUNCH_BY_APP, PunchByApp, phones.punch, workers=WAITING)
    answers.to_callers(GET_IMAGE, GetImage, phones.image)
