"""Carries deliveries to one target: in the order of their sequence, one at a time."""

import asyncio
import contextlib
from typing import Final, NoReturn

from services.forwarder.store import deliveries as store
from services.forwarder.worker.attempts import PAUSE_SECONDS, Attempts
from shared.kit.db import UNAVAILABLE, AsyncEngine, transaction
from shared.kit.logging import get_logger

log = get_logger(__name__)

_POLL_SECONDS: Final = 1.0
"""How soon deliveries are seen that another process queued, or left behind."""


class Worker:
    """Works on one target; many processes may, since each delivery is claimed before its POST."""

    def __init__(self, engine: AsyncEngine, target: str, attempts: Attempts) -> None:
        self._engine = engine
        self._target = target
        self._attempts = attempts
        self._news = asyncio.Event()

    def wake(self) -> None:
        """Look at once: something was queued."""
        self._news.set()

    async def run(self) -> NoReturn:
        """Deliver for ever; a database that is away is waited for."""
        while True:
            # Cleared before looking, so that news which come meanwhile are not slept over.
            self._news.clear()
            try:
                rest = await self.deliver_next()
            except UNAVAILABLE as error:
                log.warning("deliveries wait for the database", error=repr(error)[:300])
                await asyncio.sleep(PAUSE_SECONDS)
                continue
            if rest > 0:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(min(rest, _POLL_SECONDS)):
                        await self._news.wait()

    async def deliver_next(self) -> float:
        """Try the first pending delivery if it is due; return the seconds to rest after it."""
        until = self._attempts.deadline()
        delivery = await self._claimed()
        if isinstance(delivery, float):
            return delivery
        await self._attempts.make(delivery, until)
        return 0

    async def _claimed(self) -> store.Delivery | float:
        """Claim the first delivery; stopped meanwhile, let the claim be made and give it back."""
        claiming = asyncio.ensure_future(self._claim())
        try:
            return await asyncio.shield(claiming)
        except asyncio.CancelledError:
            with contextlib.suppress(*UNAVAILABLE):
                claimed = await claiming
                if isinstance(claimed, store.Delivery):
                    await self._attempts.release(claimed)
            raise

    async def _claim(self) -> store.Delivery | float:
        """Claim the first pending delivery if it is due, or return the seconds to rest."""
        async with transaction(self._engine, "claim delivery") as connection:
            delivery = await store.claim(connection, self._target)
            if delivery is not None:
                return delivery
            rest = await store.rest(connection, self._target)
            return _POLL_SECONDS if rest is None else rest
