"""What an agent asks the registry; each question raises MusterError when it is not answered."""

import asyncio
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final, NamedTuple, TypeVar
from uuid import UUID

from services.devices.agent.links.base import Fetched, Tell
from services.devices.drivers.base import Live, PersonEntry
from shared.contracts import catalog
from shared.contracts.agents import (
    TOLD_LIMIT,
    AskRoster,
    Deposited,
    DepositPeople,
    DepositTemplates,
    DepositTold,
    Roster,
    Sighted,
    SightingNoted,
    Start,
    Started,
    Told,
)
from shared.contracts.catalog import Question
from shared.contracts.errors import Code
from shared.contracts.message import Message
from shared.contracts.operations import Progress
from shared.contracts.readings import PEOPLE_LIMIT, TEMPLATE_LIMIT, Person, Template
from shared.kit import rpc
from shared.kit.bus import Bus
from shared.kit.clock import new_id
from shared.kit.errors import MusterError
from shared.kit.logging import get_logger

log = get_logger(__name__)
R = TypeVar("R", bound=Message)

AWAY: Final = frozenset({Code.SERVICE_UNAVAILABLE, Code.TIMEOUT})
"""The registry may answer the same question later."""
_TRIES: Final = 3
_PAUSE_SECONDS: Final = 1.0
_PART_BYTES: Final = 1024 * 1024
"""Of templates in one part: as JSON they are a third more, and the broker takes 4 MiB."""


class _Part(NamedTuple):
    templates: tuple[Template, ...]
    people: tuple[Person, ...]


class Registry:
    """The registry, as the agents of one site see it."""

    def __init__(self, bus: Bus, site: str) -> None:
        self._bus = bus
        self._site = site
        self._told: list[tuple[Told, asyncio.Future[None]]] = []
        self._news = asyncio.Event()

    async def roster(self, agent: str) -> Roster:
        """Return the devices of the site, with all that is needed to connect to them."""
        return await self._ask(catalog.ROSTER, AskRoster(agent=agent), Roster)

    async def start(self, operation_id: UUID) -> Started:
        """Return leave to do an operation, with everything it needs."""
        return await self._ask(catalog.START, Start(operation_id=operation_id), Started)

    async def deposit_people(
        self, device_id: int, people: Sequence[PersonEntry], read_at: datetime, tell: Tell
    ) -> None:
        """Hand over everybody whom a device holds, a part at a time."""
        reading_id, total = new_id(), len(people)
        for start in range(0, max(1, total), PEOPLE_LIMIT):
            done = min(total, start + PEOPLE_LIMIT)
            part = DepositPeople(
                device_id=device_id,
                reading_id=reading_id,
                read_at=read_at,
                people=_persons(people[start:done]),
                last=done == total,
            )
            await self._deposit(catalog.DEPOSIT_PEOPLE, part)
            await tell(Progress(total=total, done=done))

    async def deposit_templates(
        self, deposit: DepositTemplates, fetched: Fetched, tell: Tell
    ) -> None:
        """Hand over templates, a part at a time; ``deposit`` says whose and carries none itself."""
        total, done = len(fetched.templates), 0
        for part in _parts(fetched):
            await self._deposit(
                catalog.DEPOSIT_TEMPLATES, deposit.model_copy(update=part._asdict())
            )
            done += len(part.templates)
            await tell(Progress(total=total, done=done))

    async def deposit_told(self, device_id: int, live: Live, at: datetime) -> None:
        """Hand over the people and templates that a device told of by itself."""
        told = Told(
            device_id=device_id,
            told_at=at,
            people=_persons(live.people),
            templates=live.templates,
        )
        taken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._told.append((told, taken))
        self._news.set()
        await taken

    async def keep_handing_over(self) -> None:
        """Hand over what devices told, for ever: one after the other, but all there is at once.

        A site that comes back tells of everybody it has, on every device at the same time.
        """
        while True:
            await self._news.wait()
            part = self._next_told()
            if not part:
                self._news.clear()
                continue
            items = tuple(told for told, _ in part)
            refused: MusterError | None = None
            try:
                await self._ask(catalog.DEPOSIT_TOLD, DepositTold(items=items), Deposited)
            except MusterError as error:
                refused = error
            for _, taken in part:
                _settle(taken, refused)

    def _next_told(self) -> list[tuple[Told, asyncio.Future[None]]]:
        """Take what fits into one message off the list, without what nobody waits for any more."""
        part: list[tuple[Told, asyncio.Future[None]]] = []
        size = 0
        while self._told and len(part) < TOLD_LIMIT:
            told, taken = self._told[0]
            size += sum(len(each.data) for each in told.templates)
            if part and size > _PART_BYTES:
                break
            del self._told[0]
            if not taken.done():
                part.append((told, taken))
        return part

    async def sighted(self, sighted: Sighted) -> None:
        """Tell of a terminal that dialled in and is not served."""
        await self._ask(catalog.SIGHTED, sighted, SightingNoted)

    async def _deposit(self, question: Question, part: Message) -> None:
        for left in reversed(range(_TRIES)):
            try:
                await self._ask(question, part, Deposited)
            except MusterError as error:
                if error.problem.code not in AWAY or not left:
                    raise
                log.info("deposit not taken now", error=str(error))
                await asyncio.sleep(_PAUSE_SECONDS)
            else:
                return

    async def _ask(self, question: Question, request: Message, reply: type[R]) -> R:
        where = question.subject.replace(catalog.SITE, self._site)
        return await rpc.ask(self._bus, question, request, reply, subject=where)


def _settle(waiting: asyncio.Future[None], refused: MusterError | None) -> None:
    """Let whoever still waits know."""
    if waiting.done():
        return
    if refused is None:
        waiting.set_result(None)
    else:
        waiting.set_exception(refused)


async def unheard(_: Progress) -> None:
    """Nobody waits for this deposit."""


def _persons(people: Sequence[PersonEntry]) -> tuple[Person, ...]:
    return tuple(Person(**each._asdict()) for each in people)


def _parts(fetched: Fetched) -> Iterator[_Part]:
    """Cut templates and people into what one message may carry; nothing of nothing."""
    people = _persons(fetched.people)
    templates: list[Template] = []
    size = 0
    for template in fetched.templates:
        size += len(template.data)
        if templates and (len(templates) == TEMPLATE_LIMIT or size > _PART_BYTES):
            yield _Part(tuple(templates), people[:TEMPLATE_LIMIT])
            templates, people, size = [], people[TEMPLATE_LIMIT:], len(template.data)
        templates.append(template)
    while templates or people:
        yield _Part(tuple(templates), people[:TEMPLATE_LIMIT])
        templates, people = [], people[TEMPLATE_LIMIT:]
