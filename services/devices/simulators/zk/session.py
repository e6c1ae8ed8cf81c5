"""One client's session with a terminal: what it has proven, registered for, and is reading."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import TYPE_CHECKING

from services.devices.simulators.machine import DisabledError
from services.devices.simulators.zk import events
from services.devices.simulators.zk.codes import Event, Reply
from services.devices.simulators.zk.wire import Packet

if TYPE_CHECKING:
    from services.devices.simulators.device import Device, Happening
    from services.devices.simulators.zk.firmware import Firmware


class After(Enum):
    """What becomes of the connection, and the terminal, once everything is sent."""

    STAY = auto()
    END = auto()
    RESTART = auto()
    """Every connection ends, the terminal is away for a moment."""
    POWER_OFF = auto()
    """Every connection ends in a moment, the terminal stays away."""


@dataclass
class Session:
    """The state of one TCP connection or one UDP peer. No I/O.

    `buffer` is the table prepared for chunked reading, None when there is none; `upload` is what
    the client is sending. `enrols` says that this client asked for a finger: it hears of it whether
    it registered or not.
    """

    device: Device
    firmware: Firmware
    id: int
    datagrams: bool = False
    authenticated: bool = False
    mask: int = 0
    buffer: bytes | None = None
    upload: bytearray = field(default_factory=bytearray)
    enrols: bool = False
    after: After = After.STAY

    def reply(self, request: Packet, code: int, data: bytes = b"") -> Packet:
        """Return an ordinary answer: the session's id, the request's number."""
        return Packet(code, self.id, request.reply, data)

    def done(self, request: Packet, data: bytes = b"") -> list[Packet]:
        """Answer that it was done."""
        return [self.reply(request, Reply.OK, data)]

    def failed(self, request: Packet) -> list[Packet]:
        """Answer that it was not done."""
        return [self.reply(request, Reply.ERROR)]

    def interrupt(self) -> None:
        """Let somebody punch, unless the terminal is disabled."""
        try:
            self.device.punch(self.device.anybody(), state=0)
        except DisabledError:
            # Nobody can get in between: this is what a client disables the terminal for.
            return

    @property
    def hears_punches(self) -> bool:
        """Tell whether the client registered for live punches."""
        return self.authenticated and bool(self.mask & Event.ATTENDANCE)

    def event(self, happening: Happening) -> Packet | None:
        """Return the live event of what happened, or None where the client does not hear of it.

        Wire fact: the session slot of an event is its code and its reply number is 0, as captured.
        """
        code = events.code(happening)
        wanted = self.mask & code or (self.enrols and code is not Event.ATTENDANCE)
        if not self.authenticated or not wanted or self.after is not After.STAY:
            return None
        return Packet(Reply.EVENT, code, 0, events.body(happening, self.device))


Handler = Callable[[Session, Packet], list[Packet]]
"""Returns the packets that answer a request, in order."""
