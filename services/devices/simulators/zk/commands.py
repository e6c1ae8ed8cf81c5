"""What a terminal answers to each command: the connection itself, and where the rest is. No I/O."""

from __future__ import annotations

from typing import Final

from services.devices.simulators.faults import Fault
from services.devices.simulators.quirks import Unknown
from services.devices.simulators.zk import (
    access,
    enrolments,
    reading,
    settings,
    uploads,
    wire,
    writing,
)
from services.devices.simulators.zk.codes import Command, Reply, State
from services.devices.simulators.zk.session import After, Handler, Session
from services.devices.simulators.zk.wire import Packet

_UNKNOWN: Final = {Unknown.FFFF: Reply.UNKNOWN, Unknown.NOT_SUPPORTED: Reply.NOT_SUPPORTED}


def answer(session: Session, request: Packet) -> list[Packet]:
    """Return the packets that answer a request, in order; nothing for a client's OK to an event."""
    if request.code == Reply.OK:
        return []
    if not session.authenticated and request.code not in _WITHOUT_KEY:
        return [session.reply(request, Reply.UNAUTH)]
    handler = _HANDLERS.get(request.code)
    if handler is None:
        return [session.reply(request, _UNKNOWN[session.device.spec.unknown])]
    return handler(session, request)


def _connect(session: Session, request: Packet) -> list[Packet]:
    if session.firmware.fault is Fault.REFUSE:
        return [Packet(Reply.REFUSED, 0, request.reply)]
    session.authenticated = session.authenticated or session.firmware.key is None
    return [session.reply(request, Reply.OK if session.authenticated else Reply.UNAUTH)]


def _authenticate(session: Session, request: Packet) -> list[Packet]:
    key = session.firmware.key or 0
    session.authenticated = wire.key_matches(request.data, key, session.id)
    return [session.reply(request, Reply.OK if session.authenticated else Reply.UNAUTH)]


def _exit(session: Session, request: Packet) -> list[Packet]:
    # Some clients say good-bye to a terminal that they have just switched off.
    if session.after is After.STAY:
        session.after = After.END
    return session.done(request)


def _restart(session: Session, request: Packet) -> list[Packet]:
    session.after = After.RESTART
    mute = session.firmware.fault is Fault.MUTE_RESTART
    return [] if mute else session.done(request)


def _power_off(session: Session, request: Packet) -> list[Packet]:
    session.device.power_off()
    session.after = After.POWER_OFF
    return session.done(request)


def _version(session: Session, request: Packet) -> list[Packet]:
    return session.done(request, session.device.spec.firmware.encode() + b"\0")


def _state(session: Session, request: Packet) -> list[Packet]:
    state = State.IDENTIFY if session.device.enabled else State.BUSY
    if session.device.enrolment is not None:
        state = State.ENROL
    # Wire fact: the state stands where the session id usually does.
    return [Packet(Reply.OK, state, request.reply)]


def _enable(session: Session, request: Packet) -> list[Packet]:
    session.device.enable()
    return session.done(request)


def _disable(session: Session, request: Packet) -> list[Packet]:
    session.device.disable(request.number)
    return session.done(request)


def _register(session: Session, request: Packet) -> list[Packet]:
    mask = request.number
    # A disabled terminal registers nobody; letting go of events is always possible.
    if mask is None or (mask and not session.device.enabled):
        return session.failed(request)
    session.mask = mask
    return session.done(request)


def _unlock(session: Session, request: Packet) -> list[Packet]:
    if request.number is None:
        return session.failed(request)
    session.device.unlock(request.number)
    return session.done(request)


_WITHOUT_KEY: Final = frozenset({Command.CONNECT, Command.AUTH, Command.EXIT})
_HANDLERS: Final[dict[int, Handler]] = {
    Command.CONNECT: _connect,
    Command.AUTH: _authenticate,
    Command.EXIT: _exit,
    Command.RESTART: _restart,
    Command.POWER_OFF: _power_off,
    Command.VERSION: _version,
    Command.STATE: _state,
    Command.ENABLE: _enable,
    Command.DISABLE: _disable,
    Command.REGISTER_EVENTS: _register,
    Command.UNLOCK: _unlock,
    **settings.HANDLERS,
    **reading.HANDLERS,
    **writing.HANDLERS,
    **uploads.HANDLERS,
    **enrolments.HANDLERS,
    **access.HANDLERS,
}
