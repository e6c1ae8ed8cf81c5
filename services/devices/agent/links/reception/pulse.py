"""Whether a terminal is still there: when it was heard last, and when to ask it for a sign of life.

The kernel finds out by itself when a machine or a network is gone (``tcp.watch``). This finds the
terminal that hangs while its network goes on answering.
"""

import asyncio
from enum import Enum, auto
from typing import Final

from websockets.asyncio.server import ServerConnection
from websockets.protocol import State

from shared.kit.clock import Clock

_PING_SECONDS: Final = 7.0
_PONG_SECONDS: Final = 15.0
"""One that answers pings is given up after so long a silence."""
_TIME_SECONDS: Final = 30.0
"""One that does not is asked for its time instead (timmy.md 1.1)."""
_SILENT_SECONDS: Final = 120.0


class Need(Enum):
    """What is to be done about a terminal."""

    NOTHING = auto()
    PING = auto()
    TIME = auto()
    """Ask it what time it is."""
    BURIAL = auto()
    """It is gone: end the connection."""


class Pulse:
    """One connection's signs of life."""

    def __init__(self, connection: ServerConnection, clock: Clock) -> None:
        self._connection = connection
        self._clock = clock
        self._heard = self._pinged = self._asked = clock.monotonic()
        self.answers_pings = False
        """Whether it ever did."""
        self.beats = 0
        """How often anything came of it."""
        self.unheard = False
        """Whether nobody listens to it just now, so that its silence tells nothing."""

    def beat(self) -> None:
        """Take note that something came of the terminal."""
        self.beats += 1
        self._heard = self._clock.monotonic()

    @property
    def need(self) -> Need:
        """What is to be done about the terminal now."""
        now = self._clock.monotonic()
        silence = now - self._heard
        if self.unheard:
            return Need.NOTHING
        if silence > (_PONG_SECONDS if self.answers_pings else _SILENT_SECONDS):
            return Need.BURIAL
        if silence > _PING_SECONDS and self._pinged <= self._heard:
            return Need.PING
        asked = max(self._asked, self._heard)
        if not self.answers_pings and now - asked > _TIME_SECONDS:
            return Need.TIME
        return Need.NOTHING

    def asked(self) -> None:
        """Take note that it is asked for its time."""
        self._asked = self._clock.monotonic()

    async def ping(self) -> asyncio.Future[float] | None:
        """Send a ping and return what awaits its pong; None where it cannot be sent at once."""
        self._pinged = self._clock.monotonic()
        connection = self._connection
        if connection.state is not State.OPEN or connection.transport.get_write_buffer_size():
            return None
        pong = asyncio.ensure_future(await connection.ping())
        pong.add_done_callback(self._ponged)
        return pong

    def _ponged(self, pong: asyncio.Future[float]) -> None:
        if not pong.cancelled() and pong.exception() is None:
            self.answers_pings = True
            self.beat()
