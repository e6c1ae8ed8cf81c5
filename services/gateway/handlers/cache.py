"""Lists through a cache that never hides a change.

The key of an answer carries the owner's version, which its service raises at every commit, so an
answer is found again only while nothing changed. A cache that is away is no reason to fail.
"""

import asyncio
from typing import Final, Generic, NamedTuple, TypeVar

from services.gateway import rules
from shared.contracts import catalog
from shared.contracts.attendance import (
    AttendancePage,
    ListPunches,
    SummarizePunches,
    SummaryPage,
)
from shared.contracts.devices import ListUsers, UserPage
from shared.contracts.message import Message
from shared.kit.buckets import AWAY, Bucket
from shared.kit.bus import Bus
from shared.kit.clock import new_id
from shared.kit.logging import get_logger
from shared.kit.rpc import ask

log = get_logger(__name__)
R = TypeVar("R", bound=Message)
_NEVER: Final = b"0"


class _Asked(NamedTuple, Generic[R]):
    """One question: of whom and for whom, and the version its answers depend on."""

    question: catalog.Question
    request: Message
    reply: type[R]
    owner: str
    token: str
    version: str


class Cache:
    """Asks for lists and keeps the answers; each method says whether its answer was kept."""

    def __init__(self, bus: Bus, kept: Bucket, punches: Bucket, people: Bucket) -> None:
        """``kept`` is ours; attendance writes the versions of punches, the registry of people."""
        self._bus = bus
        self._kept = kept
        self._versions = {"attendance": punches, "people": people}

    async def punches(
        self, request: ListPunches, owner: str, token: str
    ) -> tuple[AttendancePage, bool]:
        """Return one page of punches."""
        return await self._answer(
            _Asked(catalog.LIST_PUNCHES, request, AttendancePage, owner, token, "attendance")
        )

    async def summary(
        self, request: SummarizePunches, owner: str, token: str
    ) -> tuple[SummaryPage, bool]:
        """Return one page of a summary."""
        return await self._answer(
            _Asked(catalog.SUMMARIZE_PUNCHES, request, SummaryPage, owner, token, "attendance")
        )

    async def people(self, request: ListUsers, owner: str, token: str) -> tuple[UserPage, bool]:
        """Return one page of people."""
        return await self._answer(
            _Asked(catalog.LIST_USERS, request, UserPage, owner, token, "people")
        )

    async def clear(self, owner: str) -> None:
        """Let nothing that is kept for this owner be found again.

        The new generation lives exactly as long as any answer kept before it, so its own end
        brings none of them back.
        """
        await self._kept.put(_generation(owner), str(new_id()).encode())

    async def _answer(self, asked: _Asked[R]) -> tuple[R, bool]:
        key = await self._key(asked)
        if key and (found := await self._found(key, asked.reply)):
            return found, True
        page = await ask(self._bus, asked.question, asked.request, asked.reply, token=asked.token)
        if key:
            await self._keep(key, page)
        return page, False

    async def _key(self, asked: _Asked[R]) -> str | None:
        # Asked before the page: an answer may be newer than its key says, never older.
        try:
            version, generation = await asyncio.gather(
                self._versions[asked.version].get(f"{asked.version}.{asked.owner}"),
                self._kept.get(_generation(asked.owner)),
            )
        except AWAY as error:
            log.warning("cache not used", error=repr(error)[:300])
            return None
        said = ((version or _NEVER).decode(), (generation or _NEVER).decode())
        return rules.cache_key(asked.question, asked.owner, said, asked.request)

    async def _found(self, key: str, reply: type[R]) -> R | None:
        try:
            kept = await self._kept.get(key)
            return reply.model_validate_json(kept) if kept else None
        except (*AWAY, ValueError) as error:
            log.warning("cache not read", error=repr(error)[:300])
            return None

    async def _keep(self, key: str, page: Message) -> None:
        try:
            await self._kept.put(key, page.model_dump_json().encode())
        except AWAY as error:
            log.warning("answer not cached", error=repr(error)[:300])


def _generation(owner: str) -> str:
    return f"generation.{owner}"
