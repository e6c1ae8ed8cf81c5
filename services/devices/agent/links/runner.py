"""Runs procedures on a channel: one request at a time, and an unlock between any two of them."""

import asyncio
import math
from collections.abc import Callable, Container
from dataclasses import dataclass
from functools import partial
from typing import Final, Generic, TypeVar

from services.devices.agent.links.base import Keep as KeepPiece
from services.devices.agent.links.base import Tell as TellProgress
from services.devices.agent.links.channel import Channel
from services.devices.agent.links.wire import SPARE_SECONDS
from services.devices.drivers.base import DeviceError
from services.devices.drivers.zk.messages import ReplyCode
from services.devices.drivers.zk.protocol.procedure import (
    Ask,
    Await,
    Heard,
    Keep,
    Procedure,
    Reply,
    Tell,
)
from shared.contracts.errors import Code
from shared.kit.clock import Clock

T = TypeVar("T")
_Wish = Ask | Keep | Await | Tell
_TIDY_SECONDS: Final = 2.0
"""What a procedure has left to let go of the device once nobody waits for it any more."""


class Runner:
    """One device's requests, in turns.

    The turn is taken and given back with every single request, and who waits gets it in order: so
    an unlock waits for one request at most, however long the procedure is that runs meanwhile.
    """

    def __init__(self, channel: Channel, clock: Clock) -> None:
        self._channel = channel
        self._clock = clock
        self._turn = asyncio.Lock()
        self._procedure = asyncio.Lock()
        self.introduced = False
        """Whether the device has accepted this connection; it then never asks for the key again."""

    async def run(
        self,
        procedure: Procedure[T],
        *,
        keep: KeepPiece | None = None,
        tell: TellProgress | None = None,
        seconds: float = math.inf,
    ) -> T:
        """Return what comes of a procedure within so many seconds, or raise its DeviceError.

        It waits for the end of the one before, which may have to let go of the device yet.
        Whatever else happens (the caller is cancelled, the disk is full), the procedure is first
        led to its end within a few seconds, so that it lets go of the device.
        """
        async with self._procedure:
            self._channel.inbox.drop_others()
            ends = self._clock.monotonic() + seconds
            return await _Run(self, self._clock, procedure, keep, tell, ends).to_its_end()

    async def ask(self, ask: Ask, seconds: float) -> Reply:
        """Make one request when it is its turn."""
        async with self._turn:
            return self._known(await self._channel.exchange(ask, seconds))

    async def heard(self, codes: Container[int], seconds: float) -> Heard:
        """Return the live event that is waited for."""
        try:
            async with asyncio.timeout(seconds):
                return await self._channel.inbox.other(codes)
        except TimeoutError as error:
            details = f"Nothing happened at the device for {seconds:.0f} s."
            raise DeviceError(Code.DEVICE_NO_ANSWER, details) from error

    async def hurry(self, ask: Ask, deadline: float) -> Reply:
        """Make a request that must not take effect late; DEVICE_BUSY when its turn never comes."""
        room = deadline - self._clock.boottime() - SPARE_SECONDS
        try:
            async with asyncio.timeout(max(0.0, room)):
                await self._turn.acquire()
        except TimeoutError as error:
            details = "The device is at work on another request."
            raise DeviceError(Code.DEVICE_BUSY, details) from error
        try:
            return self._known(await self._channel.hurry(ask, deadline))
        finally:
            self._turn.release()

    def _known(self, reply: Reply) -> Reply:
        """Return an answer, unless it is that of a device that forgot us, as over UDP it can."""
        if self.introduced and reply.code == ReplyCode.UNAUTHORIZED:
            details = "The device does not know this connection any more: it was restarted."
            self._channel.inbox.end(DeviceError(Code.DEVICE_UNREACHABLE, details))
            raise self._channel.inbox.reason
        return reply


@dataclass
class _Run(Generic[T]):
    """One procedure on its way to its end."""

    _runner: Runner
    _clock: Clock
    _procedure: Procedure[T]
    _keep: KeepPiece | None
    _tell: TellProgress | None
    _ends: float
    _interruption: BaseException | None = None

    async def to_its_end(self) -> T:
        """Do what the procedure wishes until it wishes nothing more."""
        step: Callable[[], _Wish] = partial(next, self._procedure)
        try:
            while True:
                step = await self._after(step())
        except StopIteration as end:
            result: T = end.value
            return result
        finally:
            if self._interruption is not None:
                raise self._interruption

    async def _after(self, wish: _Wish) -> Callable[[], _Wish]:
        """Do what the procedure wishes and return the step that tells it what came of it."""
        try:
            return partial(self._procedure.send, await self._do(wish))
        except DeviceError as error:
            return partial(self._procedure.throw, error)
        except (Exception, asyncio.CancelledError) as interruption:  # noqa: BLE001 - raised again at the end
            # Once more while it tidies up: then it has no time left at all.
            tidy = 0.0 if self._interruption else _TIDY_SECONDS
            self._ends = min(self._ends, self._clock.monotonic() + tidy)
            self._interruption = self._interruption or interruption
            given_up = DeviceError(Code.OPERATION_CANCELED, "Nobody waits for it any more.")
            return partial(self._procedure.throw, given_up)

    async def _do(self, wish: _Wish) -> Reply | Heard | None:
        match wish:
            case Ask(seconds=seconds):
                return await self._runner.ask(wish, self._left(seconds))
            case Await(codes, seconds):
                return await self._runner.heard(codes, self._left(seconds))
            case Keep(piece) if self._keep is not None:
                self._keep(piece)
            case Tell(progress) if self._tell is not None:
                await self._tell(progress)
        return None

    def _left(self, seconds: float) -> float:
        left = min(seconds, self._ends - self._clock.monotonic())
        if left <= 0:
            raise DeviceError(Code.DEVICE_NO_ANSWER, "There was no time left to ask the device.")
        return left
