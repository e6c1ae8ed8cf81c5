"""Operations as agents do them: leave to begin, how it goes, how it ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pydantic import TypeAdapter

from services.devices.rules import operations as rules
from services.devices.store import custody, devices, people, progress
from services.devices.store import operations as store
from shared.contracts import catalog, streams, subjects
from shared.contracts.actions import Action, UserDone, WriteTemplates
from shared.contracts.agents import Start, Started
from shared.contracts.errors import Code
from shared.contracts.operations import Outcome
from shared.contracts.readings import PeopleRead, Person, Template
from shared.kit import rpc
from shared.kit.clock import new_id
from shared.kit.db import transaction
from shared.kit.errors import MusterError
from shared.kit.logging import get_logger

if TYPE_CHECKING:
    from services.devices.handlers.parts import Afterwards, Parts
    from services.devices.handlers.seals import Seals
    from services.devices.handlers.waiting import News
    from shared.kit.bus import Bus
    from shared.kit.db import AsyncConnection

log = get_logger(__name__)

_ACTION: Final[TypeAdapter[Any]] = TypeAdapter(Action)
_OF_PEOPLE: Final = frozenset({"put_user", "delete_user"})


class Outcomes:
    """What agents ask and say of operations."""

    def __init__(self, parts: Parts, seals: Seals, news: News, afterwards: Afterwards) -> None:
        self._engine = parts.engine
        self._clock = parts.clock
        self._seals = seals
        self._news = news
        self._afterwards = afterwards

    # ── leave to begin ───────────────────────────────────────────────────────

    async def start(self, subject: str, request: Start) -> Started:
        """Give leave to do an operation, with everything it needs; one that has ended gets none.

        Raises NOT_FOUND for what is none of the site's, OPERATION_CANCELED, OPERATION_EXPIRED, or
        CONFLICT when it ended in another way.
        """
        site, now = subject.rsplit(".", 1)[1], self._clock.now()
        async with transaction(self._engine, "start") as connection:
            known = await progress.lock(connection, request.operation_id)
            if known is None or known.site != site or known.kind == "unlock":
                raise MusterError(Code.NOT_FOUND)
            if refused := rules.refusal(known.status, known.problem):
                raise refused
            if known.expires_at > now:
                action = await self._action(connection, known)
                attempt = known.attempts
                if known.status == "pending":
                    expires_at = now + rules.OPERATION_LIFE
                    attempt = await progress.start(connection, known.id, now, expires_at)
                return Started(action=action, again=known.status == "sent", attempt=attempt)
            problem = rules.overdue(known.kind, known.status)
            await progress.end(connection, known.id, progress.Ending("failed", problem, now))
        self._news.tell(known.id)
        raise MusterError(Code.OPERATION_EXPIRED)

    async def _action(self, connection: AsyncConnection, known: store.Stored) -> Action:
        action: Action
        if known.sealed:
            key = await self._seals.of(connection, known.owner)
            action = _ACTION.validate_json(key.decrypt(known.sealed))
        else:
            # What the first version stored has its kind only.
            action = _ACTION.validate_python({**known.action, "kind": known.kind})
        if isinstance(action, WriteTemplates):
            templates = await self._templates(connection, known, action.user_id)
            return action.model_copy(update={"templates": templates})
        return action

    async def _templates(
        self, connection: AsyncConnection, known: store.Stored, user_id: str
    ) -> tuple[Template, ...]:
        """Return a person's templates: those just read for a copy, else the newest there are."""
        if known.after is not None:
            kept = await custody.read_by(connection, known.after, user_id)
        else:
            kept = await custody.newest(connection, known.owner, user_id)
        key = await self._seals.of(connection, known.owner)
        return tuple(
            Template.model_validate(
                {
                    "user_id": each.user_id,
                    "finger": each.finger,
                    "flag": each.flag,
                    "data": key.decrypt(each.sealed),
                }
            )
            for each in kept
        )

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
            news = rules.advance(known.status, known.progress, outcome)
            if news is None or rules.is_former(known.status, known.attempts, outcome.attempt):
                log.info("outcome says nothing new", operation=str(known.id), said=outcome.status)
                return
            await progress.record(connection, news, self._clock.now() + rules.OPERATION_LIFE)
            if news.status == "success":
                await self._succeeded(connection, known, news)
        self._news.tell(known.id)
        if news.status == "success":
            await self._make_known(known)

    async def _succeeded(
        self, connection: AsyncConnection, known: store.Stored, news: Outcome
    ) -> None:
        """Record what follows from a success, and say what has waited for it."""
        if known.kind == "clear_log":
            await devices.next_epoch(connection, known.device_id)
        elif known.kind in _OF_PEOPLE:
            await _copy_person(connection, known, news)
        for each in await progress.lock_followers(connection, known.id):
            expires_at = self._clock.now() + rules.OPERATION_LIFE
            await store.say(connection, await store.reopen(connection, each.id, expires_at))

    async def _make_known(self, known: store.Stored) -> None:
        if known.kind == "clear_log":
            await self._afterwards.roster_changed(known.site)
        elif known.kind in _OF_PEOPLE:
            await self._afterwards.people_changed(known.owner)


async def _copy_person(connection: AsyncConnection, known: store.Stored, news: Outcome) -> None:
    """Do to the registry's copy what was done to a device."""
    if isinstance(news.result, UserDone):
        read = PeopleRead(
            owner=known.owner,
            site=known.site,
            device_id=known.device_id,
            read_at=news.at,
            people=(Person.model_validate(news.result.model_dump()),),
        )
        await people.keep(connection, read, known.id, read.people)
        await people.say(connection, read, str(new_id()))
    elif known.kind == "delete_user":
        gone = known.action["user_id"]
        await people.forget(connection, known.device_id, gone)
        await custody.forget(connection, known.device_id, gone)
    await people.raise_version(connection, known.owner)


def routes(outcomes: Outcomes, bus: Bus) -> None:
    """Hear agents do operations."""
    of_any_site = subjects.rpc_of_site("devices", "start", subjects.ANY)
    rpc.answer_at(bus, catalog.START, of_any_site, Start, outcomes.start)
    bus.on_event(streams.OUTCOME, streams.OUTCOME.consumers[0], Outcome, outcomes.outcome)
