"""How punches are forwarded: the forwarder's news, and who waits for them."""

import asyncio
import contextlib
from collections.abc import Sequence
from typing import Final
from uuid import UUID

from services.attendance.handlers.waiting import News
from services.attendance.store import forwards as store
from services.attendance.store.forwards import Progress
from shared.contracts import streams, subjects
from shared.contracts.deliveries import DeliveryNews
from shared.contracts.errors import Code
from shared.kit.bus import Bus
from shared.kit.clock import Clock
from shared.kit.db import AsyncEngine, transaction
from shared.kit.errors import MusterError

_LOOK_SECONDS: Final = 0.5
"""How soon news are seen that another replica heard."""


class Forwards:
    """Keeps how the forwarding of each punch stands.

    It does not raise the owner's version: nothing of it is in what caches hold.
    """

    def __init__(self, engine: AsyncEngine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock
        self._news = News()

    async def delivery_told(self, subject: str, news: DeliveryNews) -> None:
        """Keep what became of a delivery's punches; news that come again change nothing."""
        if subjects.site_of(subject) != news.site:
            msg = f"news of site {news.site} do not belong on {subject}"
            raise MusterError(Code.VALIDATION_ERROR, msg)
        async with transaction(self._engine, "keep news") as connection:
            await store.keep(connection, news)
        self._news.tell(news.punch_ids)

    async def wait(self, owner: str, ids: Sequence[UUID], seconds: float) -> Progress:
        """Wait until something was heard of each punch, or for so long; return how far they are."""
        until = self._clock.monotonic() + seconds
        with self._news.of(ids) as heard:
            while True:
                # Cleared before looking, so that news which come meanwhile are not slept over.
                heard.clear()
                async with transaction(self._engine, "look at forwards") as connection:
                    progress = await store.progress(connection, owner, ids)
                left = until - self._clock.monotonic()
                if not progress.waiting or left <= 0:
                    return progress
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(min(left, _LOOK_SECONDS)):
                        await heard.wait()


def routes(forwards: Forwards, bus: Bus) -> None:
    """The table of routes: what is heard, and who hears it."""
    (news,) = streams.DELIVERY.consumers
    bus.on_event(streams.DELIVERY, news, DeliveryNews, forwards.delivery_told)
