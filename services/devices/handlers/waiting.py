"""Who waits for operations in this process, and what wakes them."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Final

from services.devices.store import operations as store
from shared.kit.db import transaction

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator
    from uuid import UUID

    from services.devices.handlers.parts import Parts

POLL_SECONDS: Final = 0.5
"""How long the news may take that another replica heard."""


class News:
    """Wakes whoever waits for an operation when this process hears of it.

    Another replica may hear of it instead, so nobody should wait for long without a look at the
    database.
    """

    def __init__(self) -> None:
        self._listening: dict[UUID, set[asyncio.Event]] = {}

    @contextlib.contextmanager
    def of(self, operation_ids: Collection[UUID]) -> Iterator[asyncio.Event]:
        """Return what is set by the next news of one of these operations."""
        event = asyncio.Event()
        for each in operation_ids:
            self._listening.setdefault(each, set()).add(event)
        try:
            yield event
        finally:
            for each in operation_ids:
                listening = self._listening[each]
                listening.discard(event)
                if not listening:
                    del self._listening[each]

    def tell(self, operation_id: UUID) -> None:
        """Wake everybody who waits for an operation."""
        for event in self._listening.get(operation_id, ()):
            event.set()


class Waiting:
    """Waits for operations."""

    def __init__(self, parts: Parts, news: News) -> None:
        self._engine = parts.engine
        self._clock = parts.clock
        self._news = news

    async def until(
        self,
        settled: Callable[[store.Stored], bool],
        operation_ids: Collection[UUID],
        seconds: float,
    ) -> None:
        """Return when all of these operations are settled, or after so many seconds."""
        until, left = self._clock.monotonic() + seconds, seconds
        with self._news.of(operation_ids) as news:
            while operation_ids and left > 0:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(min(left, POLL_SECONDS)):
                        await news.wait()
                news.clear()
                # No connection is held but for the look itself.
                async with transaction(self._engine, "follow") as connection:
                    known = await store.several(connection, operation_ids)
                operation_ids = [each.id for each in known if not settled(each)]
                left = until - self._clock.monotonic()
