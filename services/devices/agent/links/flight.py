"""One request in flight: what comes of it, and how long it is waited for."""

import asyncio
from typing import Generic, TypeVar

from services.devices.drivers.base import DeviceError
from shared.contracts.errors import Code

R = TypeVar("R")


class Flight(Generic[R]):
    """One request in flight; the first word about it counts."""

    def __init__(self) -> None:
        self._outcome: asyncio.Future[R | DeviceError] = asyncio.get_running_loop().create_future()

    def settle(self, outcome: R | DeviceError) -> None:
        """Take what came of it."""
        if not self._outcome.done():
            self._outcome.set_result(outcome)

    async def reply(self, seconds: float) -> R | None:
        """Return the answer, None when it has not come by then, or raise what went wrong."""
        await asyncio.wait({self._outcome}, timeout=max(0.0, seconds))
        if not self._outcome.done():
            return None
        outcome = self._outcome.result()
        if isinstance(outcome, DeviceError):
            raise outcome
        return outcome

    async def acknowledgement(self, seconds: float) -> R:
        """Return the answer to an unlock, or raise UNLOCK_UNKNOWN: it was sent, so it may open."""
        try:
            reply = await self.reply(seconds)
        except DeviceError as error:
            raise DeviceError(Code.UNLOCK_UNKNOWN, error.details) from error
        if reply is None:
            details = "The device did not acknowledge the unlock in time."
            raise DeviceError(Code.UNLOCK_UNKNOWN, details)
        return reply
