"""Take one message at a time from a durable consumer, and hold it for as long as the work takes.

For work that is longer than an acknowledgement may wait: what FastStream's handlers cannot do.
"""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator
from typing import Any, Final

import nats.errors
import nats.js.errors
from nats.aio.msg import Msg
from nats.js import JetStreamContext

from shared.kit.bus import Bus
from shared.kit.logging import get_logger

log = get_logger(__name__)
_FETCH_SECONDS: Final = (20.0, 40.0)
"""How long the broker is asked to wait for a message: thousands of consumers ask in turns."""
_PAUSE_SECONDS: Final = 0.5
_BEAT_SECONDS: Final = 3.0


class Held:
    """One message in hand; nobody else gets it while ``working`` is open."""

    def __init__(self, message: Msg) -> None:
        self._message = message
        self.subject = message.subject
        self.body = message.data
        self.headers: dict[str, str] = dict(message.headers or {})

    @contextlib.asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        """Keep telling the broker that the work goes on."""
        beats = asyncio.ensure_future(self._beat())
        try:
            yield
        finally:
            beats.cancel()

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(_BEAT_SECONDS)
            with contextlib.suppress(nats.errors.Error):
                await self._message.in_progress()

    async def done(self) -> None:
        """Take the message off the stream."""
        await self._message.ack()


class Puller:
    """Takes messages from one durable consumer."""

    def __init__(self, bus: Bus, stream: str, durable: str) -> None:
        self._bus = bus
        self._stream = stream
        self._durable = durable
        self._subscription: JetStreamContext.PullSubscription | None = None

    async def next(self) -> Held | None:
        """Return the next message, or None when none came for a while or the broker is away."""
        try:
            messages = await self._fetched(self._subscription or await self._bound())
        except nats.errors.TimeoutError:
            return None
        except (nats.errors.Error, nats.js.errors.Error) as error:
            log.info("no operations now", consumer=self._durable, error=repr(error))
            await asyncio.sleep(_PAUSE_SECONDS)
            return None
        return Held(messages[0]) if messages else None

    async def _fetched(self, subscription: JetStreamContext.PullSubscription) -> list[Msg]:
        """Return one message, or none because a broker that was asked is not there any more."""
        seconds = random.uniform(*_FETCH_SECONDS)  # noqa: S311 - no secret
        fetch = asyncio.ensure_future(subscription.fetch(1, timeout=seconds))
        try:
            waits: set[asyncio.Future[Any]] = {fetch, self._bus.interruption}
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            return fetch.result() if fetch.done() else []
        finally:
            fetch.cancel()

    async def _bound(self) -> JetStreamContext.PullSubscription:
        self._subscription = await self._bus.js.pull_subscribe_bind(
            consumer=self._durable,
            stream=self._stream,
            inbox_prefix=f"{self._bus.inbox}.".encode(),
        )
        return self._subscription

    async def close(self) -> None:
        """Stop asking."""
        if self._subscription is not None:
            with contextlib.suppress(nats.errors.Error):
                await self._subscription.unsubscribe()
            self._subscription = None
