"""Reading attendance, through a cache that never hides a punch.

The key of an answer carries the owner's version, which attendance raises at every commit, so an
answer is found again only while nothing changed. A cache that is away is no reason to fail.
"""

import asyncio
from typing import Final

from services.gateway import rules
from shared.contracts import catalog
from shared.contracts.attendance import AttendancePage, ListPunches
from shared.kit.buckets import AWAY, Bucket
from shared.kit.bus import Bus
from shared.kit.clock import new_id
from shared.kit.logging import get_logger
from shared.kit.rpc import ask

log = get_logger(__name__)
_NEVER: Final = b"0"


class Attendance:
    """Lists punches; ``versions`` is written by attendance, ``cache`` by us."""

    def __init__(self, bus: Bus, cache: Bucket, versions: Bucket) -> None:
        self._bus = bus
        self._cache = cache
        self._versions = versions

    async def page(
        self, request: ListPunches, owner: str, token: str
    ) -> tuple[AttendancePage, bool]:
        """Return one page, and whether it came from the cache."""
        key = await self._key(owner, request)
        if key and (found := await self._found(key)):
            return found, True
        page = await ask(self._bus, catalog.LIST_PUNCHES, request, AttendancePage, token=token)
        if key:
            await self._keep(key, page)
        return page, False

    async def clear(self, owner: str) -> None:
        """Let nothing that is cached for this owner be found again.

        The new generation lives exactly as long as any answer kept before it, so its own end
        brings none of them back.
        """
        await self._cache.put(_generation(owner), str(new_id()).encode())

    async def _key(self, owner: str, request: ListPunches) -> str | None:
        # Asked before the page: an answer may be newer than its key says, never older.
        try:
            version, generation = await asyncio.gather(
                self._versions.get(f"attendance.{owner}"), self._cache.get(_generation(owner))
            )
        except AWAY as error:
            log.warning("cache not used", error=repr(error)[:300])
            return None
        return rules.cache_key(
            owner, (version or _NEVER).decode(), (generation or _NEVER).decode(), request
        )

    async def _found(self, key: str) -> AttendancePage | None:
        try:
            kept = await self._cache.get(key)
            return AttendancePage.model_validate_json(kept) if kept else None
        except (*AWAY, ValueError) as error:
            log.warning("cache not read", error=repr(error)[:300])
            return None

    async def _keep(self, key: str, page: AttendancePage) -> None:
        try:
            await self._cache.put(key, page.model_dump_json().encode())
        except AWAY as error:
            log.warning("answer not cached", error=repr(error)[:300])


def _generation(owner: str) -> str:
    return f"generation.{owner}"
