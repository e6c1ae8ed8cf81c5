"""Idempotency keys: what was asked twice with one key is done once."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from services.gateway import rules, store
from services.gateway.rules import Repeat
from services.gateway.store import KeyOf
from shared.contracts.auth import Caller
from shared.contracts.errors import Code
from shared.contracts.message import Instant, Message
from shared.kit.clock import Clock
from shared.kit.db import UNAVAILABLE, AsyncConnection, AsyncEngine, transaction
from shared.kit.errors import MusterError
from shared.kit.logging import get_logger

log = get_logger(__name__)
R = TypeVar("R", bound=Message)


def key_of(caller: Caller, key: str | None) -> KeyOf | None:
    """Return the key with its holder, if one was sent."""
    return KeyOf(caller.owner, caller.employee_id or str(caller.user_id), key) if key else None


async def claimed(
    connection: AsyncConnection, key: KeyOf, fingerprint: str, now: Instant, lost: MusterError
) -> dict[str, Any] | None:
    """Take a key for a request; return the answer that the same request got before, if it did.

    Raises KEY_REUSED when it was used for another one, IN_PROGRESS while the first one runs, and
    ``lost`` when nobody will ever know how that ended.
    """
    await store.forget_keys(connection, now - rules.KEY_LIFE)
    if await store.claim_key(connection, key, fingerprint, now):
        return None
    stored = await store.stored_key(connection, key)
    match rules.judge_repeat(
        same=stored.fingerprint == fingerprint,
        answered=stored.answer is not None,
        created_at=stored.created_at,
        now=now,
    ):
        case Repeat.ANSWERED:
            return stored.answer
        case Repeat.RUNNING:
            raise MusterError(Code.IN_PROGRESS)
        case Repeat.LOST:
            raise lost
        case Repeat.OTHER:
            raise MusterError(Code.KEY_REUSED)


class Once:
    """Does things once for each key."""

    def __init__(self, engine: AsyncEngine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock

    async def done(
        self, key: KeyOf | None, fingerprint: str, act: Callable[[], Awaitable[R]], made: type[R]
    ) -> R:
        """Return what ``act`` gives, or gave when the same was asked with this key before.

        A key whose act failed is free again, unless the act may have happened all the same.
        """
        if key is None:
            return await act()
        lost = MusterError(
            Code.OUTCOME_UNKNOWN, "Nobody knows how the first request with this key ended."
        )
        async with transaction(self._engine, "key claimed") as connection:
            known = await claimed(connection, key, fingerprint, self._clock.now(), lost)
        if known is not None:
            return made.model_validate(known)
        try:
            result = await act()
        except MusterError as error:
            if not rules.may_have_happened(error.problem.code):
                async with transaction(self._engine, "key released") as connection:
                    await store.release_key(connection, key)
            raise
        await self._answer(key, result)
        return result

    async def _answer(self, key: KeyOf, result: Message) -> None:
        try:
            async with transaction(self._engine, "key answered") as connection:
                await store.answer_key(connection, key, result.model_dump(mode="json"))
        except UNAVAILABLE:
            # It is done: who asked must hear so, and a repetition hears that it is unknown.
            log.exception("answer not kept for repetitions", owner=key.owner, caller=key.caller)
