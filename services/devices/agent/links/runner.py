"""Runs procedures on a channel: one request at a time, and an unlock between any two of them."""

import asyncio
import math
from collections.abc import Container
from functools import partial
from typing import TypeVar

from services.devices.agent.links.base import Keep as KeepPiece
from services.devices.agent.links.base import Tell as TellProgress
from services.devices.agent.links.channel import Channel
from services.devices.agent.links.leading import Leading, Left, turn_before
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
        """
        async with self._procedure:
            self._channel.inbox.drop_others()
            do = partial(self._do, keep, tell)
            return await Leading(self._clock, procedure, do, seconds).to_its_end()

    async def _do(
        self, keep: KeepPiece | None, tell: TellProgress | None, wish: _Wish, left: Left
    ) -> Reply | Heard | None:
        match wish:
            case Ask(seconds=seconds):
                return await self._ask(wish, left(seconds))
            case Await(codes, seconds):
                return await self._heard(codes, left(seconds))
            case Keep(piece) if keep is not None:
                keep(piece)
            case Tell(progress) if tell is not None:
                await tell(progress)
        return None

    async def _ask(self, ask: Ask, seconds: float) -> Reply:
        async with self._turn:
            return self._known(await self._channel.exchange(ask, seconds))

    async def _heard(self, codes: Container[int], seconds: float) -> Heard:
        try:
            async with asyncio.timeout(seconds):
                return await self._channel.inbox.other(codes)
        except TimeoutError as error:
            details = f"Nothing happened at the device for {seconds:.0f} s."
            raise DeviceError(Code.DEVICE_NO_ANSWER, details) from error

    async def hurry(self, ask: Ask, deadline: float) -> Reply:
        """Make a request that must not take effect late; DEVICE_BUSY when its turn never comes."""
        async with turn_before(deadline, self._turn, self._clock):
            return self._known(await self._channel.hurry(ask, deadline))

    def _known(self, reply: Reply) -> Reply:
        """Return an answer, unless it is that of a device that forgot us, as over UDP it can."""
        if self.introduced and reply.code == ReplyCode.UNAUTHORIZED:
            details = "The device does not know this connection any more: it was restarted."
            self._channel.inbox.end(DeviceError(Code.DEVICE_UNREACHABLE, details))
            raise self._channel.inbox.reason
        return reply
