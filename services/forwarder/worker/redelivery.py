"""Tries deliveries now because somebody asks: out of their turn, but under the same claims."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple
from uuid import UUID

from services.forwarder import rules
from services.forwarder.store import deliveries, standing
from services.forwarder.store.deliveries import Delivery
from services.forwarder.store.standing import Standing
from services.forwarder.worker.attempts import Attempts
from shared.contracts.auth import Caller
from shared.contracts.deliveries import Redeliver, Redelivered, Redelivery
from shared.kit.clock import Clock
from shared.kit.db import AsyncEngine, transaction

SECONDS: Final = 25.0
"""How long one request may take in all."""
_LEAST_SECONDS: Final = 1.0
"""An attempt that has less is not begun."""
_WAIT_SECONDS: Final = 3.0
"""How long an attempt is waited for that is under way elsewhere."""
_LOOK_SECONDS: Final = 0.1

_NOT_QUEUED: Final = "It is not queued for delivery; one that was just made will be in a moment"
_NOT_REACHED: Final = f"It was not reached within {SECONDS:.0f} s; ask again"
_UNDER_WAY: Final = "Another attempt is under way"


class _End(NamedTuple):
    """What came of one delivery."""

    ok: bool
    response: object = None
    error: str | None = None


class Redeliveries:
    """Answers whoever wants punches delivered now."""

    def __init__(
        self,
        engine: AsyncEngine,
        targets: rules.Targets,
        attempts: Mapping[str, Attempts],
        clock: Clock,
        wake: Callable[[str], None],
    ) -> None:
        self._engine = engine
        self._targets = targets
        self._attempts = attempts
        self._clock = clock
        self._wake = wake

    async def redeliver(self, ask: Redeliver, caller: Caller) -> Redelivered:
        """Try each delivery of the caller's that is not delivered, in order, once."""
        until = self._clock.monotonic() + SECONDS
        wanted = tuple(dict.fromkeys(ask.punch_ids))
        async with transaction(self._engine, "find deliveries") as connection:
            found = await standing.of_punches(connection, caller.owner, wanted)
        ends = dict.fromkeys(wanted, _End(ok=False, error=_NOT_QUEUED))
        for each in found:
            if each.status == "delivered":
                for punch_id in each.punch_ids:
                    ends.pop(punch_id, None)
            else:
                ends.update(dict.fromkeys(each.punch_ids, await self._try(each, until)))
        return Redelivered(
            items=tuple(
                Redelivery(punch_id=each, **ends[each]._asdict()) for each in wanted if each in ends
            )
        )

    async def _try(self, found: Standing, until: float) -> _End:
        source = rules.source_at(found.site)
        # One that has no target, or one that is no longer set, gets the present one.
        target = found.target if found.target in self._attempts else self._targets.of(source)
        if target is None:
            return _End(ok=False, error=rules.untargeted(source))
        if self._left(until) < _LEAST_SECONDS:
            return _End(ok=False, error=_NOT_REACHED)
        attempts = self._attempts[target]
        last = min(until, attempts.deadline())
        delivery = await self._claim(found, target)
        if delivery is None:
            return await self._elsewhere(found.id, until)
        result = await attempts.make(delivery, last)
        # Whoever stands behind it in line waited for this claim.
        self._wake(target)
        response = rules.said(result.response_status, result.response)
        return _End(result.status == "delivered", response, result.error)

    def _left(self, until: float) -> float:
        return until - self._clock.monotonic()

    async def _claim(self, found: Standing, target: str) -> Delivery | None:
        async with transaction(self._engine, "claim delivery") as connection:
            delivery = await deliveries.claim_this(connection, found.id)
            if delivery is None or delivery.target == target:
                return delivery
            return await deliveries.move(connection, delivery, target)

    async def _elsewhere(self, identity: UUID, until: float) -> _End:
        """Wait a little for the attempt of another; tell how the delivery stands then."""
        last = min(until, self._clock.monotonic() + _WAIT_SECONDS)
        while True:
            async with transaction(self._engine, "look at delivery") as connection:
                now = await standing.of(connection, identity)
            if not now.claimed:
                response = rules.said(now.response_status, now.response or "")
                return _End(now.status == "delivered", response, now.last_error)
            if self._left(last) <= 0:
                return _End(ok=False, error=_UNDER_WAY)
            await asyncio.sleep(_LOOK_SECONDS)
