"""Asking for a finger: STARTENROLL, and what ends it. What happens then are live events. No I/O."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from services.devices.simulators.fingers import FINGERS
from services.devices.simulators.zk.codes import Command

if TYPE_CHECKING:
    from services.devices.simulators.zk.session import Handler, Session
    from services.devices.simulators.zk.wire import Packet

# user id, finger, flag; the older form has the user id as a number and no flag
_START = struct.Struct("<24sBB")
_OLD_START = struct.Struct("<IB")


def _start(session: Session, request: Packet) -> list[Packet]:
    person, finger = _asked(request.data)
    user = session.device.people.find(person)
    if user is None or finger >= FINGERS or session.device.enrolment is not None:
        return session.failed(request)
    session.enrols = True
    session.device.enrol(user, finger)
    return session.done(request)


def _asked(data: bytes) -> tuple[str, int]:
    if len(data) == _START.size:
        field, finger, _ = _START.unpack(data)
        return field.partition(b"\0")[0].decode(errors="replace"), finger
    if len(data) == _OLD_START.size:
        number, finger = _OLD_START.unpack(data)
        return str(number), finger
    return "", FINGERS


def _verify(session: Session, request: Packet) -> list[Packet]:
    # The sensor waits for anybody: what a terminal does when no client asks for a finger.
    return session.done(request)


def _cancel(session: Session, request: Packet) -> list[Packet]:
    session.enrols = False
    session.device.enrolment = None
    return session.done(request)


HANDLERS: Final[dict[int, Handler]] = {
    Command.START_ENROL: _start,
    Command.START_VERIFY: _verify,
    Command.CANCEL_CAPTURE: _cancel,
}
"""What answers each command."""
