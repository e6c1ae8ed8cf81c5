"""One client and its terminal, over whatever carries them: packets in, answers at a pace."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections import deque
from typing import TYPE_CHECKING

from services.devices.simulators.faults import Fault
from services.devices.simulators.quirks import Writes
from services.devices.simulators.zk.codes import Command, Reply
from services.devices.simulators.zk.commands import answer
from services.devices.simulators.zk.outgoing import Step, steps
from services.devices.simulators.zk.session import After

if TYPE_CHECKING:
    from services.devices.simulators.device import Happening
    from services.devices.simulators.zk.session import Session
    from services.devices.simulators.zk.terminal import Terminal
    from services.devices.simulators.zk.wire import Packet

_OVER = frozenset({After.END, After.RESTART})


class Dialogue(ABC):
    """What TCP connections and UDP peers have in common."""

    def __init__(self, terminal: Terminal, session: Session) -> None:
        self.terminal = terminal
        self.session = session
        self.stalled = False
        self._outbox: deque[Step] = deque()
        self._pause: asyncio.TimerHandle | None = None

    @property
    def hears_punches(self) -> bool:
        """Tell whether this client registered for punches."""
        return self.session.hears_punches

    def take(self, packet: Packet) -> None:
        """Do what a client asks and answer it."""
        if self.session.after in _OVER or self._silent:
            return
        if packet.code != Command.CONNECT and packet.session != self.session.id:
            self.terminal.counts.wrong_sessions += 1
        self._send(answer(self.session, packet))
        self.terminal.sensor.wake()

    def tell(self, happening: Happening) -> None:
        """Send the live event of what happened, if this client hears of it."""
        event = self.session.event(happening)
        if event is not None:
            self._send([event])

    def resume(self) -> None:
        """Go on after a stall."""
        if self.stalled:
            self.stalled = False
            self._pump()

    def forget(self) -> None:
        """Send nothing more."""
        self._outbox.clear()
        if self._pause is not None:
            self._pause.cancel()
            self._pause = None

    def _halt(self) -> None:
        self.stalled = True

    @abstractmethod
    def break_off(self) -> None:
        """End it without a farewell, as a terminal that lost its power."""

    @abstractmethod
    def _reset(self) -> None:
        """End it in a way that the client notices at once, if what carries it has one."""

    @abstractmethod
    def _end(self) -> None:
        """End it once everything is sent."""

    @abstractmethod
    def _write(self, content: bytes) -> None:
        """Give a piece of a stream, or a datagram, to the wire."""

    @property
    @abstractmethod
    def _framed(self) -> bool:
        """Whether packets are frames of a stream."""

    def _send(self, packets: list[Packet]) -> None:
        interrupted = self.terminal.firmware.fault is not Fault.INTERLEAVE
        for packet in packets:
            self._outbox += steps(packet, self.terminal.firmware, framed=self._framed)
            if packet.code == Reply.DATA and not interrupted:
                interrupted = True
                self.session.interrupt()
        if self._pause is None and not self.stalled:
            self._begin()

    def _begin(self) -> None:
        if self.terminal.device.spec.writes is Writes.COALESCED and self._framed:
            # Whatever else is to be said in this turn of the loop goes along.
            self._wait(0)
        else:
            self._pump()

    def _wait(self, seconds: float) -> None:
        self._pause = asyncio.get_running_loop().call_later(seconds, self._pump)

    def _pump(self) -> None:
        """Send what waits, with its pauses; a terminal that hangs forgets it."""
        self._pause = None
        joined = b""
        while self._outbox and not self._silent:
            step = self._outbox.popleft()
            joined += step.content
            if step.pause is None and step.trap is Fault.NONE and self._joins:
                continue
            self._write(joined)
            joined = b""
            if self._springs(step.trap):
                return
            if step.pause is not None:
                self._wait(step.pause)
                return
        if joined:
            self._write(joined)
        self.forget()
        self._settle()

    def _springs(self, trap: Fault) -> bool:
        """Let a trap close unless it was healed; return whether the sending ends or halts."""
        match trap:
            case Fault.CUT | Fault.FIN:
                self.forget()
                self.session.after = After.END
                self._reset() if trap is Fault.CUT else self._end()
            case Fault.STALL if self.terminal.firmware.fault is Fault.STALL:
                self._halt()
            case _:
                return False
        return True

    def _settle(self) -> None:
        after = self.session.after
        if self._silent:
            return
        if after in _OVER:
            self._end()
        if after is After.RESTART:
            self.terminal.restart()
        elif after is After.POWER_OFF:
            self.terminal.leave_network()

    @property
    def _joins(self) -> bool:
        return self._framed and self.terminal.device.spec.writes is Writes.COALESCED

    @property
    def _silent(self) -> bool:
        return self.terminal.firmware.fault is Fault.HANG
