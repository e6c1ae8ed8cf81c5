"""What a terminal answers to each command: plain functions, their table at the foot. No I/O."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from services.devices.simulators.faults import Fault
from services.devices.simulators.zk import reading, wire
from services.devices.simulators.zk.codes import Command, Reply, State
from services.devices.simulators.zk.firmware import VERSION
from services.devices.simulators.zk.wire import Packet

if TYPE_CHECKING:
    from collections.abc import Callable

    from services.devices.simulators.zk.session import Session

    Handler = Callable[[Session, Packet], list[Packet]]

_U32 = struct.Struct("<I")


def answer(session: Session, request: Packet) -> list[Packet]:
    """Return the packets that answer a request, in order; nothing for a client's OK to an event."""
    if request.code == Reply.OK:
        return []
    if not session.authenticated and request.code not in _WITHOUT_KEY:
        return [session.reply(request, Reply.UNAUTH)]
    handler = _HANDLERS.get(request.code)
    if handler is None:
        return [session.reply(request, Reply.UNKNOWN)]
    return handler(session, request)


def _done(session: Session, request: Packet) -> list[Packet]:
    return [session.reply(request, Reply.OK)]


def _failed(session: Session, request: Packet) -> list[Packet]:
    return [session.reply(request, Reply.ERROR)]


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
    session.ended = True
    return _done(session, request)


def _restart(session: Session, request: Packet) -> list[Packet]:
    session.ended = session.restarting = True
    session.device.boot()
    return _done(session, request)


def _version(session: Session, request: Packet) -> list[Packet]:
    return [session.reply(request, Reply.OK, VERSION.encode() + b"\0")]


def _read_option(session: Session, request: Packet) -> list[Packet]:
    # Some clients leave the closing NUL out; what follows a NUL is garbage.
    name = request.data.partition(b"\0")[0].decode(errors="replace")
    value = session.firmware.options.get(name)
    if value is None:
        return _failed(session, request)
    return [session.reply(request, Reply.OK, f"{name}={value}".encode() + b"\0")]


def _write_option(session: Session, request: Packet) -> list[Packet]:
    text = request.data.partition(b"\0")[0].decode(errors="replace")
    name, equals, value = text.partition("=")
    if not name or not equals:
        return _failed(session, request)
    session.firmware.options[name] = value
    return _done(session, request)


def _state(session: Session, request: Packet) -> list[Packet]:
    # Wire fact: the state stands where the session id usually does.
    state = State.IDENTIFY if session.device.enabled else State.BUSY
    return [Packet(Reply.OK, state, request.reply)]


def _get_time(session: Session, request: Packet) -> list[Packet]:
    now = wire.encode_time(session.device.clock())
    return [session.reply(request, Reply.OK, _U32.pack(now))]


def _set_time(session: Session, request: Packet) -> list[Packet]:
    number = _number(request)
    wall = None if number is None else wire.decode_time(number)
    if wall is None:
        return _failed(session, request)
    session.device.set_clock(wall)
    return _done(session, request)


def _enable(session: Session, request: Packet) -> list[Packet]:
    session.device.enable()
    return _done(session, request)


def _disable(session: Session, request: Packet) -> list[Packet]:
    session.device.disable(_number(request))
    return _done(session, request)


def _register(session: Session, request: Packet) -> list[Packet]:
    mask = _number(request)
    # A disabled terminal registers nobody; letting go of events is always possible.
    if mask is None or (mask and not session.device.enabled):
        return _failed(session, request)
    session.mask = mask
    return _done(session, request)


def _unlock(session: Session, request: Packet) -> list[Packet]:
    delay = _number(request)
    if delay is None:
        return _failed(session, request)
    session.device.unlock(delay)
    return _done(session, request)


def _clear_attendance(session: Session, request: Packet) -> list[Packet]:
    session.device.clear_log()
    return _done(session, request)


def _number(request: Packet) -> int | None:
    """Return the request's u32 argument, None when it has none."""
    if len(request.data) < _U32.size:
        return None
    number: int = _U32.unpack_from(request.data)[0]
    return number


_WITHOUT_KEY: Final = frozenset({Command.CONNECT, Command.AUTH, Command.EXIT})
_HANDLERS: Final[dict[int, Handler]] = {
    Command.CONNECT: _connect,
    Command.AUTH: _authenticate,
    Command.EXIT: _exit,
    Command.RESTART: _restart,
    Command.VERSION: _version,
    Command.OPTION_READ: _read_option,
    Command.OPTION_WRITE: _write_option,
    Command.STATE: _state,
    Command.GET_TIME: _get_time,
    Command.SET_TIME: _set_time,
    Command.ENABLE: _enable,
    Command.DISABLE: _disable,
    Command.REGISTER_EVENTS: _register,
    Command.UNLOCK: _unlock,
    Command.CLEAR_ATTENDANCE: _clear_attendance,
    Command.FREE_SIZES: reading.sizes,
    Command.PREPARE_BUFFER: reading.prepare,
    Command.READ_BUFFER: reading.chunk,
    Command.FREE_BUFFER: reading.free,
    # Taken note of, without an effect that a client could see here.
    Command.REFRESH_DATA: _done,
    Command.REFRESH_OPTION: _done,
    Command.START_VERIFY: _done,
    Command.CANCEL_CAPTURE: _done,
}
