"""One attempt at a claimed delivery: POST it, record how that ended, and say so."""

import asyncio
import contextlib
from typing import Final

from services.forwarder import rules
from services.forwarder.sinks.http import Answer, HttpSink, Outgoing
from services.forwarder.store import deliveries as store
from services.forwarder.store.deliveries import Delivery, Result
from shared.contracts.deliveries import DeliveryNews
from shared.kit import telemetry
from shared.kit.clock import Clock
from shared.kit.db import UNAVAILABLE, AsyncEngine, transaction
from shared.kit.logging import get_logger

log = get_logger(__name__)

PAUSE_SECONDS: Final = 0.5


class Attempts:
    """Makes attempts at deliveries to one target; whoever asks for one holds the claim."""

    def __init__(self, engine: AsyncEngine, target: str, sink: HttpSink, clock: Clock) -> None:
        self._engine = engine
        self._target = target
        self._sink = sink
        self._clock = clock

    def deadline(self) -> float:
        """Return until when a claim that is asked for now is good at least."""
        return self._clock.monotonic() + store.CLAIM_SECONDS

    async def make(self, delivery: Delivery, until: float) -> Result:
        """Try once, and be done by ``until``; stopped meanwhile, give the claim back.

        A process that froze since it claimed is late: another may be at the same delivery now.
        """
        with telemetry.span(
            f"deliver {self._target}",
            telemetry.SpanKind.CLIENT,
            headers=delivery.headers,
            sequence=delivery.sequence,
            attempt=delivery.attempts,
        ):
            outgoing = Outgoing(
                delivery.id,
                delivery.sequence,
                delivery.serial_number,
                delivery.records,
                delivery.punch_ids,
            )
            try:
                answer = await self._sink.post(outgoing, until - self._clock.monotonic())
            except asyncio.CancelledError:
                await self.release(delivery)
                raise
            result = self._result(delivery, answer)
            await self._settle(delivery, result)
            return result

    async def release(self, delivery: Delivery) -> None:
        """Give a claim back, once: nothing is under way any more, and it runs out by itself."""
        stopped = Result("pending", "stopped", refused=False, delay=0.0, response="")
        with contextlib.suppress(*UNAVAILABLE):
            async with transaction(self._engine, "release delivery") as connection:
                await store.settle(connection, delivery, stopped)

    def _result(self, delivery: Delivery, answer: Answer) -> Result:
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
        return Result(
            verdict.status,
            verdict.error,
            verdict.refused,
            verdict.delay,
            response=answer.text,
            response_status=answer.status,
        )

    async def _settle(self, delivery: Delivery, result: Result) -> None:
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
                await asyncio.sleep(PAUSE_SECONDS)
                continue
            if not mine:
                log.error("claim lost", target=self._target, sequence=delivery.sequence)
            return

    async def _record(self, delivery: Delivery, result: Result) -> bool:
        async with transaction(self._engine, "settle delivery") as connection:
            mine = await store.settle(connection, delivery, result)
            if mine:
                await store.say(connection, self._target, [self._news(delivery, result)])
            return mine

    def _news(self, delivery: Delivery, result: Result) -> DeliveryNews:
        return DeliveryNews(
            owner=delivery.owner,
            site=delivery.site,
            delivery_id=delivery.id,
            punch_ids=tuple(delivery.punch_ids),
            status=result.status,
            attempt=delivery.attempts,
            at=self._clock.now(),
            response=rules.said(result.response_status, result.response),
            error=result.error,
        )
