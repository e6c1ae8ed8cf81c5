"""What a terminal is asked: one command in flight, and no answer taken for another's."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from websockets.asyncio.server import ServerConnection, broadcast

from services.devices.agent.links import tcp
from services.devices.agent.links.flight import Flight
from services.devices.drivers.base import DeviceError
from services.devices.drivers.timmy.protocol.conversation import LATE_SECONDS, Conversation
from services.devices.drivers.timmy.protocol.procedure import Ask, Reply
from shared.contracts.errors import Code
from shared.kit.clock import Clock


class Commands:
    """The commands of one connection; whoever gives one holds ``turn``."""

    def __init__(
        self, connection: ServerConnection, conversation: Conversation, clock: Clock
    ) -> None:
        self._connection = connection
        self._conversation = conversation
        self._clock = clock
        self._flight: Flight[Reply] | None = None
        self._ended: DeviceError | None = None
        self._late: dict[str, float] = {}
        self._news = asyncio.Event()
        self.turn = asyncio.Lock()

    async def exchange(self, ask: Ask, seconds: float) -> Reply:
        """Give a command and return its answer; raise DEVICE_NO_ANSWER, or DEVICE_OFFLINE.

        Where the answer to one of the same name may still come, that is waited for before.
        """
        name = ask.command["cmd"]
        await self._until_nothing_is_owed(name)
        with self._flying(ask.command) as (flight, frame):
            self._write(frame)
            reply = await flight.reply(seconds)
        if reply is None:
            details = f"The terminal did not answer {name} within {seconds:.0f} s."
            raise DeviceError(Code.DEVICE_NO_ANSWER, details)
        return reply

    async def hurry(self, ask: Ask, deadline: float) -> Reply:
        """Give a command that must not take effect after ``deadline`` on CLOCK_BOOTTIME.

        UNLOCK_EXPIRED: it was not given. UNLOCK_UNKNOWN: it was, no answer came in time, and the
        connection was reset so that nothing of it arrives any more.
        """
        transport = self._connection.transport
        with self._flying(ask.command) as (flight, frame):
            try:
                tcp.write_before(deadline, self._clock, transport, partial(self._write, frame))
            except DeviceError:
                # It was never sent: no answer to it is owed.
                self._conversation.forget()
                self._conversation.forgive(ask.command["cmd"])
                raise
            try:
                reply = await flight.acknowledgement(deadline - self._clock.boottime())
            except BaseException:
                tcp.abort(transport)
                raise
        tcp.relax(transport)
        return reply

    def answered(self, reply: Reply) -> None:
        """Take the answer to the command in flight."""
        self._settle(reply)

    def stray(self) -> None:
        """Take note that an answer came to nothing in flight: it may be what was owed."""
        self._news.set()

    def end(self, reason: DeviceError) -> None:
        """Let whoever waits know that the terminal is gone."""
        self._ended = reason
        self._settle(reason)
        self._news.set()

    @contextmanager
    def _flying(self, command: dict[str, Any]) -> Iterator[tuple[Flight[Reply], str]]:
        if self._ended is not None:
            raise DeviceError(self._ended.code, self._ended.details)
        flight = self._flight = Flight()
        try:
            yield flight, self._conversation.ask(command)
        finally:
            self._flight = None
            self._conversation.forget()
            self._late[command["cmd"]] = self._clock.monotonic() + LATE_SECONDS

    async def _until_nothing_is_owed(self, name: str) -> None:
        while self._conversation.owes(name) and self._ended is None:
            self._news.clear()
            left = self._late[name] - self._clock.monotonic()
            try:
                async with asyncio.timeout(max(0.0, left)):
                    await self._news.wait()
            except TimeoutError:
                self._conversation.forgive(name)

    def _settle(self, outcome: Reply | DeviceError) -> None:
        if self._flight is not None:
            self._flight.settle(outcome)

    def _write(self, frame: str) -> None:
        broadcast((self._connection,), frame)  # which waits for nobody
