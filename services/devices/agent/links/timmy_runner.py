"""Runs procedures on a Timmy terminal, which is theirs alone but for their pauses."""

import asyncio
from functools import partial
from typing import TypeVar

from services.devices.agent.links.base import Keep as KeepPiece
from services.devices.agent.links.base import Tell as TellProgress
from services.devices.agent.links.leading import Leading, Left, turn_before
from services.devices.agent.links.reception.commands import Commands
from services.devices.drivers.timmy.codec.answers import shown
from services.devices.drivers.timmy.protocol.procedure import (
    Ask,
    Keep,
    Pause,
    Procedure,
    Reply,
    Tell,
)
from shared.contracts.actions import Said
from shared.kit.clock import Clock

T = TypeVar("T")
_Wish = Ask | Keep | Pause | Tell


class TimmyRunner:
    """One terminal's procedures, one after another.

    The turn is kept from a procedure's first command to its next pause, or its end: a list that is
    read page by page keeps its place in the terminal, which another command would disturb
    (timmy.md 1.8). So an unlock waits for that, as long as its permit allows.
    """

    said: Said = None
    """The terminal's last answer to what was asked of it, without secrets; no look on the way."""

    def __init__(self, commands: Commands, clock: Clock) -> None:
        self._commands = commands
        self._clock = clock
        self._procedure = asyncio.Lock()
        self._has_turn = False

    async def run(
        self,
        procedure: Procedure[T],
        *,
        keep: KeepPiece | None = None,
        tell: TellProgress | None = None,
    ) -> T:
        """Return what comes of a procedure, or raise its DeviceError; see ``Leading``."""
        async with self._procedure:
            self.said = None
            try:
                do = partial(self._do, keep, tell)
                return await Leading(self._clock, procedure, do).to_its_end()
            finally:
                self._give_turn()

    async def hurry(self, ask: Ask, deadline: float) -> Reply:
        """Make a request that must not take effect late; DEVICE_BUSY when its turn never comes."""
        async with turn_before(deadline, self._commands.turn, self._clock):
            return await self._commands.hurry(ask, deadline)

    async def _do(
        self, keep: KeepPiece | None, tell: TellProgress | None, wish: _Wish, left: Left
    ) -> Reply | None:
        match wish:
            case Ask(_, seconds):
                return await self._ask(wish, left(seconds))
            case Pause(seconds):
                self._give_turn()
                await asyncio.sleep(left(seconds))
            case Keep(piece) if keep is not None:
                keep(piece)
            case Tell(progress) if tell is not None:
                await tell(progress)
        return None

    async def _ask(self, ask: Ask, seconds: float) -> Reply:
        if not self._has_turn:
            await self._commands.turn.acquire()
            self._has_turn = True
        reply = await self._commands.exchange(ask, seconds)
        if not ask.aside:
            self.said = shown(reply.body)
        return reply

    def _give_turn(self) -> None:
        if self._has_turn:
            self._has_turn = False
            self._commands.turn.release()
