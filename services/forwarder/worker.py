"""Carries deliveries to one target: in the order of their sequence, one at a time."""

import asyncio
import contextlib
from typing import Final, NoReturn

from services.forwarder import rules, store
from services.forwarder.sinks.http import Answer, HttpSink, Outgoing
from shared.kit import telemetry
from shared.kit.db import UNAVAILABLE, AsyncEngine, transaction
from shared.kit.logging import get_logger

log = get_logger(__name__)

_POLL_SECONDS: Final = 1.0
"""How soon deliveries are seen that another process queued, or left behind."""
_PAUSE_SECONDS: Final = 0.5


class Worker:
    """Works on one target; many processes may, since each delivery is claimed before its POST."""

    def __init__(self, engine: AsyncEngine, target: str, sink: HttpSink) -> None:
        self._engine = engine
        self._target = target
        self._sink = sink
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
                await asyncio.sleep(_PAUSE_SECONDS)
                continue
            if rest > 0:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(min(rest, _POLL_SECONDS)):
                        await self._news.wait()

    async def deliver_next(self) -> float:
        """Try the first pending delivery if it is due; return the seconds to rest after it."""
        delivery = await self._claimed()
        if isinstance(delivery, float):
            return delivery
        with telemetry.span(
            f"deliver {self._target}",
            telemetry.SpanKind.CLIENT,
            headers=delivery.headers,
            sequence=delivery.sequence,
            attempt=delivery.attempts,
        ):
            await self._attempt(delivery)
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
                    await self._release(claimed)
            raise

    async def _claim(self) -> store.Delivery | float:
        """Claim the first pending delivery if it is due, or return the seconds to rest."""
        async with transaction(self._engine, "claim delivery") as connection:
            delivery = await store.claim(connection, self._target)
            if delivery is not None:
                return delivery
            rest = await store.rest(connection, self._target)
            return _POLL_SECONDS if rest is None else rest

    async def _attempt(self, delivery: store.Delivery) -> None:
        try:
            answer = await self._sink.post(
                Outgoing(
                    delivery.id,
                    delivery.sequence,
                    delivery.serial_number,
                    delivery.records,
                    delivery.punch_ids,
                )
            )
        except asyncio.CancelledError:
            await self._release(delivery)
            raise
        await self._settle(delivery, self._result(delivery, answer))

    async def _release(self, delivery: store.Delivery) -> None:
        """Give a claim back, once: nothing is under way any more, and it runs out by itself."""
        stopped = store.Result("pending", "stopped", refused=False, delay=0.0, response="")
        with contextlib.suppress(*UNAVAILABLE):
            async with transaction(self._engine, "release delivery") as connection:
                await store.settle(connection, delivery, stopped)

    def _result(self, delivery: store.Delivery, answer: Answer) -> store.Result:
        verdict = rules.judge(
            rules.Attempt(
                status=answer.status,
                confirmed=answer.confirmed,
                error=answer.error,
                attempts=delivery.attempts,
                refusals=delivery.refusals,
                jitter=rules.jitter_of(delivery.id, delivery.attempts),
            )
        )
        if verdict.status != "delivered":
            log.warning(
                "not delivered",
                target=self._target,
                sequence=delivery.sequence,
                attempt=delivery.attempts,
                status=verdict.status,
                answer=answer.status,
                error=verdict.error,
            )
        return store.Result(
            verdict.status,
            verdict.error,
            verdict.refused,
            verdict.delay,
            response=answer.text,
            response_status=answer.status,
        )

    async def _settle(self, delivery: store.Delivery, result: store.Result) -> None:
        """Record the result, for as long as it takes: forgotten, it would be POSTed again."""
        while True:
            recording = asyncio.ensure_future(self._record(delivery, result))
            try:
                mine = await asyncio.shield(recording)
            except asyncio.CancelledError:
                with contextlib.suppress(*UNAVAILABLE):
                    await recording  # stopped, but not in the middle
                raise
            except UNAVAILABLE as error:
                log.warning("a result waits for the database", error=repr(error)[:300])
                await asyncio.sleep(_PAUSE_SECONDS)
                continue
            if not mine:
                log.error("claim lost", target=self._target, sequence=delivery.sequence)
            return

    async def _record(self, delivery: store.Delivery, result: store.Result) -> bool:
        async with transaction(self._engine, "settle delivery") as connection:
            return await store.settle(connection, delivery, result)
