"""Unlocking a door: audited before and after, once per idempotency key, now or not at all."""

from collections.abc import Awaitable, Callable
from typing import Final, NamedTuple

from services.gateway import rules, store
from services.gateway.handlers.keys import claimed, key_of
from services.gateway.store import Asked, KeyOf
from shared.contracts import catalog
from shared.contracts.auth import Caller
from shared.contracts.doors import DoorPermit, DoorUnlocked, PermitDoor, UnlockDoor
from shared.contracts.errors import Code, Problem
from shared.contracts.message import Instant, Message
from shared.kit.bus import Bus
from shared.kit.clock import Clock
from shared.kit.db import UNAVAILABLE, AsyncEngine, transaction
from shared.kit.errors import MusterError
from shared.kit.logging import get_logger
from shared.kit.rpc import ask

log = get_logger(__name__)

_ACTION: Final = "doors.unlock"
_UNLOCK_SECONDS: Final = 6.5
"""A little more than the 5 s of the permit: the agent's own deadline comes first."""


class Wish(NamedTuple):
    """One request to unlock: whose it is, where it came from, and what is wanted."""

    caller: Caller
    token: str
    address: str
    request_id: str
    device_id: int
    seconds: int
    key: str | None

    @property
    def fingerprint(self) -> str:
        """What must be the same when a key is used again."""
        return f"{_ACTION} device={self.device_id} seconds={self.seconds}"

    @property
    def key_of(self) -> KeyOf | None:
        """The idempotency key with its holder, if one was sent."""
        return key_of(self.caller, self.key)


class Opening(Message):
    """A door that was unlocked."""

    device_id: int
    unlock_time: Instant
    unlocked_by: str
    auto_lock_in: int
    audit_id: str


class Ending(Message):
    """How a wish ended: an opening or a problem; every repetition gets the same."""

    opening: Opening | None = None
    problem: Problem | None = None


class Doors:
    """Unlocks doors."""

    def __init__(self, bus: Bus, engine: AsyncEngine, clock: Clock) -> None:
        self._bus = bus
        self._engine = engine
        self._clock = clock

    async def unlock(self, wish: Wish, gone: Callable[[], Awaitable[bool]]) -> Opening:
        """Unlock once and say so, or raise; ``gone`` tells whether the caller has left."""
        asked = Asked(
            self._clock.now(),
            wish.caller.owner,
            wish.caller.user_id,
            wish.caller.email,
            wish.address,
            wish.request_id,
            _ACTION,
            wish.device_id,
            {"seconds": wish.seconds, "idempotency_key": wish.key},
        )
        begun = await self._begin(wish, asked)
        if isinstance(begun, Ending):
            ending = begun
        else:
            unlocked = await self._ask(wish, gone)
            ending = await self._end(wish, asked, begun, unlocked)
        if ending.opening is None:
            raise MusterError.of(ending.problem or MusterError(Code.INTERNAL_ERROR).problem)
        return ending.opening

    async def _begin(self, wish: Wish, asked: Asked) -> int | Ending:
        """Return the id of the audit row that was written, or how the same wish ended before."""
        key, lost = wish.key_of, MusterError(Code.UNLOCK_UNKNOWN)
        async with transaction(self._engine, "unlock asked") as connection:
            if key:
                known = await claimed(connection, key, wish.fingerprint, asked.at, lost)
                if known is not None:
                    return Ending.model_validate(known)
            return await store.write_asked(connection, asked)

    async def _ask(self, wish: Wish, gone: Callable[[], Awaitable[bool]]) -> DoorUnlocked | Problem:
        try:
            permit = await ask(
                self._bus,
                catalog.PERMIT_DOOR,
                PermitDoor(device_id=wish.device_id),
                DoorPermit,
                token=wish.token,
            )
        except MusterError as error:
            return error.problem
        if await gone():
            # Nobody waits at the door any more: opening it now would be for somebody else.
            return MusterError(Code.UNLOCK_EXPIRED, "The caller left before the unlock.").problem
        return await self._use(wish, permit)

    async def _use(self, wish: Wish, permit: DoorPermit) -> DoorUnlocked | Problem:
        try:
            return await ask(
                self._bus,
                catalog.UNLOCK_DOOR,
                UnlockDoor(
                    device_id=wish.device_id,
                    permit_id=permit.permit_id,
                    operation_id=permit.operation_id,
                    seconds=wish.seconds,
                ),
                DoorUnlocked,
                token=wish.token,
                seconds=_UNLOCK_SECONDS,
            )
        except MusterError as error:
            if rules.may_have_happened(error.problem.code):
                return MusterError(Code.UNLOCK_UNKNOWN).problem
            return error.problem

    async def _end(
        self, wish: Wish, asked: Asked, row_id: int, unlocked: DoorUnlocked | Problem
    ) -> Ending:
        at = self._clock.now()
        try:
            async with transaction(self._engine, "unlock ended") as connection:
                if isinstance(unlocked, Problem):
                    ending, outcome, number = Ending(problem=unlocked), unlocked.code.lower(), None
                else:
                    day = unlocked.at.date()
                    count = await store.next_of_day(connection, asked.owner, day)
                    number, outcome = rules.audit_number(day, count), "unlocked"
                    ending = Ending(opening=_opening(wish, unlocked, number))
                after = asked._replace(at=at)
                await store.write_ended(connection, after, row_id, outcome, number)
                if wish.key_of:
                    answer = ending.model_dump(mode="json")
                    await store.answer_key(connection, wish.key_of, answer)
        except UNAVAILABLE as error:
            log.exception("unlock not recorded", asked=row_id, device=wish.device_id)
            if isinstance(unlocked, Problem):
                return Ending(problem=unlocked)
            raise MusterError(
                Code.UNLOCK_UNKNOWN, "The door was unlocked, but this could not be recorded."
            ) from error
        return ending


def _opening(wish: Wish, unlocked: DoorUnlocked, number: str) -> Opening:
    return Opening(
        device_id=unlocked.device_id,
        unlock_time=unlocked.at,
        unlocked_by=wish.caller.email,
        auto_lock_in=unlocked.seconds,
        audit_id=number,
    )
