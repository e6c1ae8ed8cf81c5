"""Our own client of the ZKTeco dialect: a conversation on a wire."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from services.devices.agent.links.channel import Patience
from services.devices.agent.links.flight import Flight
from services.devices.agent.links.inbox import Inbox
from services.devices.agent.links.wire import Dial, Listener, Wire
from services.devices.drivers.base import DeviceError
from services.devices.drivers.zk.protocol.conversation import (
    Answered,
    Conversation,
    Failed,
    Moved,
    Told,
    Write,
)
from services.devices.drivers.zk.protocol.procedure import Ask, Heard, Reply
from shared.contracts.errors import Code
from shared.kit.clock import Clock

_AGAIN_SECONDS: Final = 0.7
"""After so long a silence a datagram, or its answer, is taken for lost."""
_SLOWEST: Final = 2048
"""Bytes a second below which a device is not slow but stuck: a twentieth of the oldest boards."""
_ONLY_ONE: Final = "Maybe it serves one connection only, and other software holds that."


class NativeChannel:
    """One conversation with one device."""

    def __init__(self, dial: Dial, clock: Clock, *, datagrams: bool) -> None:
        self._dial = dial
        self._clock = clock
        self._datagrams = datagrams
        self._conversation = Conversation(datagrams=datagrams)
        self._wire: Wire | None = None
        self._flight: _Flight | None = None
        self._spoke = False
        self._patience = Patience(clock)
        self.inbox = Inbox()

    @property
    def dead(self) -> bool:
        """Whether the connection ended, or the last request was never answered."""
        return self._wire is None or self.inbox.ended or self._patience.lost

    async def connect(self) -> None:
        """Reach the device."""
        self._wire = await self._dial(Listener(self._received, self._lost))

    async def exchange(self, ask: Ask, seconds: float) -> Reply:
        """Make a request and return its answer; over UDP by asking again, where that may be."""
        wire = self._connected()
        repeats = self._datagrams and ask.repeatable
        with self._flying(self._patience.limit(seconds)) as flight:
            wire.write(self._conversation.ask(ask))
            while (left := flight.ends - self._clock.monotonic()) > 0:
                reply = await flight.reply(min(left, _AGAIN_SECONDS) if repeats else left)
                if reply is not None:
                    return reply
                if repeats and self._clock.monotonic() - flight.heard >= _AGAIN_SECONDS:
                    wire.write(self._conversation.again())
        self._patience.lost = True
        details = f"The device was silent for {seconds:.0f} s."
        raise DeviceError(Code.DEVICE_NO_ANSWER, self._with_hint(details))

    async def hurry(self, ask: Ask, deadline: float) -> Reply:
        """Make a request that must not take effect after ``deadline`` on CLOCK_BOOTTIME."""
        wire = self._connected()
        with self._flying(0.0) as flight:
            wire.hurry(self._conversation.ask(ask), deadline)
            try:
                reply = await flight.acknowledgement(deadline - self._clock.boottime())
            except BaseException:
                # Whatever is still on its way must not arrive.
                details = "It was broken off, so that no door opens late."
                self.inbox.end(DeviceError(Code.DEVICE_UNREACHABLE, details))
                wire.abort()
                raise
        wire.relax()
        return reply

    async def close(self) -> None:
        """End the connection, whatever state it is in."""
        self._end(DeviceError(Code.DEVICE_UNREACHABLE, "The connection was closed."))
        if self._wire is not None:
            self._wire.close()

    def _connected(self) -> Wire:
        if self._wire is None or self.inbox.ended:
            raise self.inbox.reason
        return self._wire

    @contextmanager
    def _flying(self, seconds: float) -> Iterator["_Flight"]:
        flight = self._flight = _Flight(seconds, self._clock.monotonic())
        try:
            yield flight
        finally:
            self._flight = None
            self._conversation.forget()

    def _with_hint(self, details: str) -> str:
        return details if self._spoke or self._datagrams else f"{details} {_ONLY_ONE}"

    # ── what comes off the wire ──────────────────────────────────────────────

    def _received(self, data: bytes) -> None:
        if self.inbox.ended:
            return
        self._spoke = True
        self._patience.heard()
        for told in self._conversation.receive(data):
            self._take(told)

    def _take(self, told: Told) -> None:
        match told:
            case Answered(reply):
                self._patience.lost = False
                self._settle(reply)
            case Failed(error):
                self._settle(error)
                if self._conversation.lost:
                    self.inbox.end(error)
            case Moved(size):
                self._moved(size)
            case Heard():
                self.inbox.put(told)
            case Write(acknowledgement):
                self._write(acknowledgement)

    def _write(self, acknowledgement: bytes) -> None:
        if self._wire is not None:
            self._wire.write(acknowledgement)

    def _moved(self, size: int) -> None:
        if self._flight is not None:
            self._flight.moved(size, self._clock.monotonic())

    def _lost(self, error: DeviceError) -> None:
        self._end(DeviceError(error.code, self._with_hint(error.details)))

    def _end(self, reason: DeviceError) -> None:
        self.inbox.end(reason)
        self._settle(self.inbox.reason)

    def _settle(self, outcome: Reply | DeviceError) -> None:
        if self._flight is not None:
            self._flight.settle(outcome)


class _Flight(Flight[Reply]):
    """One request in flight, and when patience with it ends."""

    def __init__(self, seconds: float, now: float) -> None:
        super().__init__()
        self.heard = now
        self._began = now
        self._seconds = seconds
        self._moved = 0

    @property
    def ends(self) -> float:
        """When it was silent for too long, or took longer than a device of any pace would."""
        slowest = self._began + self._seconds + self._moved / _SLOWEST
        return min(self.heard + self._seconds, slowest)

    def moved(self, size: int, now: float) -> None:
        """Take note of so many bytes of the answer."""
        self._moved += size
        self.heard = now
