"""One client's session with a terminal: what it has proven, registered for, and is reading."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.devices.simulators.zk import tables
from services.devices.simulators.zk.codes import Event, Reply
from services.devices.simulators.zk.wire import Packet

if TYPE_CHECKING:
    from services.devices.simulators.device import Device
    from services.devices.simulators.truth import Punch
    from services.devices.simulators.zk.firmware import Firmware


@dataclass
class Session:
    """The state of one TCP connection (or, later, one UDP peer). No I/O.

    `buffer` is the table prepared for chunked reading, None when there is none. `ended` asks the
    owner to close the connection once everything is sent, `restarting` to end every other as well.
    """

    device: Device
    firmware: Firmware
    id: int
    authenticated: bool = False
    mask: int = 0
    buffer: bytes | None = None
    ended: bool = False
    restarting: bool = False

    def reply(self, request: Packet, code: int, data: bytes = b"") -> Packet:
        """Return an ordinary answer: the session's id, the request's number."""
        return Packet(code, self.id, request.reply, data)

    @property
    def hears_punches(self) -> bool:
        """Tell whether the client registered for live punches."""
        return self.authenticated and bool(self.mask & Event.ATTENDANCE)

    def event(self, punch: Punch) -> Packet | None:
        """Return the live event of a punch, or None where the client did not register for it.

        Wire fact: the session slot of an event is its code and its reply number is 0, as captured.
        """
        if not self.hears_punches:
            return None
        return Packet(Reply.EVENT, Event.ATTENDANCE, 0, tables.attendance_event(punch))
