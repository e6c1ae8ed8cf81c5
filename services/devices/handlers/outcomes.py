"""Operations as agents do them: leave to begin, how it goes, how it ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.devices.handlers.filling import Filling
from services.devices.rules import operations as rules
from services.devices.rules.people import answered
from services.devices.store import custody, devices, people, progress
from services.devices.store import operations as store
from shared.contracts import catalog, streams, subjects
from shared.contracts.actions import Pushed, UserDone
from shared.contracts.agents import Start, Started
from shared.contracts.errors import Code
from shared.contracts.operations import Outcome
from shared.contracts.readings import PeopleRead, Person
from shared.kit import rpc
from shared.kit.clock import new_id
from shared.kit.db import transaction
from shared.kit.errors import MusterError
from shared.kit.logging import get_logger

if TYPE_CHECKING:
    from services.devices.handlers.parts import Afterwards, Parts
    from services.devices.handlers.seals import Seals
    from services.devices.handlers.waiting import News
    from shared.contracts.errors import Problem
    from shared.contracts.operations import OperationStatus
    from shared.kit.bus import Bus
    from shared.kit.db import AsyncConnection

log = get_logger(__name__)

_OF_PEOPLE: Final = frozenset({"put_user", "delete_user", "push_user"})


class Outcomes:
    """What agents ask and say of operations."""

    def __init__(self, parts: Parts, seals: Seals, news: News, afterwards: Afterwards) -> None:
        self._engine = parts.engine
        self._clock = parts.clock
        self._filling = Filling(seals)
        self._news = news
        self._afterwards = afterwards

    # ── leave to begin ───────────────────────────────────────────────────────

    async def start(self, subject: str, request: Start) -> Started:
        """Give leave to do an operation, with everything it needs; one that has ended gets none.

        Raises NOT_FOUND for what is none of the site's, OPERATION_CANCELED, OPERATION_EXPIRED, or
        CONFLICT when it ended in another way.
        """
        site = subject.rsplit(".", 1)[1]
        async with transaction(self._engine, "start") as connection:
            known = await progress.lock(connection, request.operation_id)
            if known is None or known.site != site or known.kind == "unlock":
                raise MusterError(Code.NOT_FOUND)
            if refused := rules.refusal(known.status, known.problem):
                raise refused
            begun = await self._begun(connection, known)
            if isinstance(begun, Started):
                return begun
            ending = progress.Ending("failed", begun, self._clock.now())
            await progress.end(connection, known.id, ending)
        self._news.tell(known.id)
        raise rules.over(begun)

    async def _begun(self, connection: AsyncConnection, known: store.Stored) -> Started | Problem:
        """Return leave to do an operation, or why it comes to its end instead."""
        now = self._clock.now()
        if (known.lasts_until or known.expires_at) <= now:
            return rules.overdue(known.kind, known.status)
        first = await store.one(connection, known.after) if known.after else None
        if first is not None and not rules.may_follow(first.status):
            raise MusterError(Code.CONFLICT, "What it waits for has not succeeded.")
        try:
            action = await self._filling.action(connection, known, first)
        except MusterError as error:
            return error.problem
        attempt = known.attempts
        again = rules.begun_before(known.status, known.attempts, counted=known.counted)
        # That the attempt before lost its device may be told only after this: of what lasts, each
        # beginning is an attempt of its own, and the late word is not of the one that runs.
        if known.status == "pending" or known.lasting:
            expires_at = now + rules.OPERATION_LIFE
            attempt = await progress.start(connection, known.id, now, expires_at)
        return Started(action=action, again=again, attempt=attempt)

    # ── how it goes ──────────────────────────────────────────────────────────

    async def outcome(self, subject: str, outcome: Outcome) -> None:
        """Record how an operation goes or ended; repeated or late, it changes nothing.

        Raises what makes it a dead letter: it names no operation, or another site's.
        """
        async with transaction(self._engine, "outcome") as connection:
            await devices.hold(connection, outcome.device_id)
            known = await progress.lock(connection, outcome.operation_id)
            if known is None:
                raise MusterError(Code.NOT_FOUND, f"no operation {outcome.operation_id}")
            if (
                subject != subjects.outcome(known.site, known.device_id)
                or (outcome.site, outcome.device_id) != (known.site, known.device_id)
                or outcome.owner != known.owner
            ):
                raise MusterError(Code.FORBIDDEN, f"{subject} is not where this operation belongs")
            news = await self._recorded(connection, known, outcome)
        if news is None:
            log.info("outcome says nothing new", operation=str(known.id), said=outcome.status)
            return
        self._news.tell(known.id)
        if news == "success":
            await self._make_known(known)

    async def _recorded(
        self, connection: AsyncConnection, known: store.Stored, outcome: Outcome
    ) -> OperationStatus | None:
        """Record what is new and what follows from it; return the status then, if it is news."""
        if rules.is_former(known.status, known.attempts, outcome.attempt, counted=known.counted):
            return None
        told = outcome.enrolment
        if told is not None and rules.is_news(known.kind, known.enrolment, told):
            await progress.note_enrolment(connection, known.id, told)
        if known.lasting and rules.goes_back(known.status, known.attempts, outcome):
            await progress.go_back(connection, known.id)
            return "pending"
        news = rules.advance(known.status, known.progress, outcome)
        if news is None:
            return None
        news = news.model_copy(update={"said": answered(news.said)})
        await progress.record(connection, news, self._clock.now() + rules.OPERATION_LIFE)
        if news.status == "success":
            await self._succeeded(connection, known, news)
        return news.status

    async def _succeeded(
        self, connection: AsyncConnection, known: store.Stored, news: Outcome
    ) -> None:
        """Record what follows from a success, and say what has waited for it."""
        if known.kind == "clear_log":
            await devices.next_epoch(connection, known.device_id)
        elif known.kind in _OF_PEOPLE:
            await _copy_person(connection, known, news)
        for each in await progress.lock_followers(connection, known.id):
            expires_at = self._clock.now() + rules.life(lasting=each.lasting)
            await store.say(connection, await progress.prolong(connection, each.id, expires_at))

    async def _make_known(self, known: store.Stored) -> None:
        if known.kind == "clear_log":
            await self._afterwards.roster_changed(known.site)
        elif known.kind in _OF_PEOPLE:
            await self._afterwards.people_changed(known.owner)


async def _copy_person(connection: AsyncConnection, known: store.Stored, news: Outcome) -> None:
    """Do to the registry's copy what was done to a device."""
    if isinstance(news.result, UserDone):
        written = Person.model_validate(news.result.model_dump())
        await _keep(connection, known, news, written, untold=("alias", "credentials"))
    elif isinstance(news.result, Pushed):
        person = await _pushed(connection, known, news.result)
        if person is not None:
            await _keep(connection, known, news, person)
    elif known.kind == "delete_user":
        gone = known.action["user_id"]
        await people.forget(connection, known.device_id, gone)
        await custody.forget(connection, known.device_id, gone)
    await people.raise_version(connection, known.owner)


async def _pushed(
    connection: AsyncConnection, known: store.Stored, result: Pushed
) -> Person | None:
    """Return a person as they were brought over; None when the copy has lost them meanwhile."""
    source = await store.one(connection, known.after) if known.after else None
    if source is None:
        return None
    person = await people.one(connection, source.device_id, result.user_id)
    return person and person.model_copy(update={"credentials": result.slots})


async def _keep(
    connection: AsyncConnection,
    known: store.Stored,
    news: Outcome,
    person: Person,
    *,
    untold: tuple[str, ...] = (),
) -> None:
    read = PeopleRead(
        owner=known.owner,
        site=known.site,
        device_id=known.device_id,
        read_at=news.at,
        people=(person,),
    )
    await people.keep(connection, read, known.id, untold=untold)
    await people.say(connection, read, str(new_id()))


def routes(outcomes: Outcomes, bus: Bus) -> None:
    """Hear agents do operations."""
    of_any_site = subjects.rpc_of_site("devices", "start", subjects.ANY)
    rpc.answer_at(bus, catalog.START, of_any_site, Start, outcomes.start)
    bus.on_event(streams.OUTCOME, streams.OUTCOME.consumers[0], Outcome, outcomes.outcome)
