"""How a procedure is led to its end, whatever happens, and how an unlock gets its turn."""

import asyncio
import math
from collections.abc import AsyncIterator, Awaitable, Callable, Generator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, Final, Generic, TypeVar

from services.devices.agent.links.wire import SPARE_SECONDS
from services.devices.drivers.base import DeviceError
from shared.contracts.errors import Code
from shared.kit.clock import Clock

W = TypeVar("W")
T = TypeVar("T")
Left = Callable[[float], float]
"""Returns how much of so many seconds there is; raises DEVICE_NO_ANSWER when it is none."""
Do = Callable[[W, Left], Awaitable[Any]]
"""Does what a procedure wishes, and returns what came of it."""
_TIDY_SECONDS: Final = 2.0
"""What a procedure has left to let go of the device once nobody waits for it any more."""


class Leading(Generic[W, T]):
    """One procedure on its way to its end."""

    def __init__(
        self,
        clock: Clock,
        procedure: Generator[W, Any, T],
        do: Do[W],
        seconds: float = math.inf,
    ) -> None:
        self._clock = clock
        self._procedure = procedure
        self._do = do
        self._ends = clock.monotonic() + seconds
        self._interruption: BaseException | None = None

    async def to_its_end(self) -> T:
        """Return what comes of it within its time, or raise its DeviceError.

        Whatever else happens (the caller is cancelled, the disk is full), the procedure is first
        led to its end within a few seconds, so that it lets go of the device.
        """
        step: Callable[[], W] = partial(next, self._procedure)
        try:
            while True:
                step = await self._after(step())
        except StopIteration as end:
            result: T = end.value
            return result
        finally:
            if self._interruption is not None:
                raise self._interruption

    async def _after(self, wish: W) -> Callable[[], W]:
        """Do what the procedure wishes and return the step that tells it what came of it."""
        try:
            return partial(self._procedure.send, await self._do(wish, self._left))
        except DeviceError as error:
            return partial(self._procedure.throw, error)
        except (Exception, asyncio.CancelledError) as interruption:  # noqa: BLE001 - raised again at the end
            # Once more while it tidies up: then it has no time left at all.
            tidy = 0.0 if self._interruption else _TIDY_SECONDS
            self._ends = min(self._ends, self._clock.monotonic() + tidy)
            self._interruption = self._interruption or interruption
            given_up = DeviceError(Code.OPERATION_CANCELED, "Nobody waits for it any more.")
            return partial(self._procedure.throw, given_up)

    def _left(self, seconds: float) -> float:
        left = min(seconds, self._ends - self._clock.monotonic())
        if left <= 0:
            raise DeviceError(Code.DEVICE_NO_ANSWER, "There was no time left to ask the device.")
        return left


@asynccontextmanager
async def turn_before(deadline: float, turn: asyncio.Lock, clock: Clock) -> AsyncIterator[None]:
    """Hold the turn; DEVICE_BUSY when it does not come in time for what must not come late."""
    room = deadline - clock.boottime() - SPARE_SECONDS
    try:
        async with asyncio.timeout(max(0.0, room)):
            await turn.acquire()
    except TimeoutError as error:
        raise DeviceError(Code.DEVICE_BUSY, "The device is at work on another request.") from error
    try:
        yield
    finally:
        turn.release()
