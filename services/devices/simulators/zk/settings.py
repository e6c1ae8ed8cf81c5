"""A terminal's clock, options and display, and what it acknowledges without more. No I/O."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from services.devices.simulators.device import OPTION
from services.devices.simulators.zk import wire
from services.devices.simulators.zk.codes import Command

if TYPE_CHECKING:
    from services.devices.simulators.zk.session import Handler, Session
    from services.devices.simulators.zk.wire import Packet

_U32 = struct.Struct("<I")
# u16 line, u8 0, then the text
_LINE = struct.Struct("<HB")
_CLOSED = b"\0"


def _read_option(session: Session, request: Packet) -> list[Packet]:
    # Some clients leave the closing NUL out; what follows a NUL is garbage.
    name = request.data.partition(b"\0")[0].decode(errors="replace")
    option = session.firmware.option(name)
    return session.failed(request) if option is None else session.done(request, option)


def _write_option(session: Session, request: Packet) -> list[Packet]:
    encoding = session.device.spec.encoding
    text = request.data.partition(b"\0")[0].decode(encoding, "replace")
    name, equals, value = text.partition("=")
    if not name or not equals:
        return session.failed(request)
    session.firmware.options[name] = value
    session.device.note(OPTION)
    return session.done(request)


def _pin_width(session: Session, request: Packet) -> list[Packet]:
    width = session.firmware.options.get("~PIN2Width", "")
    return session.done(request, bytes((int(width) & 0xFF if width.isdecimal() else 0,)))


def _get_time(session: Session, request: Packet) -> list[Packet]:
    now = wire.encode_time(session.device.wall_clock.shown())
    return session.done(request, _U32.pack(now))


def _set_time(session: Session, request: Packet) -> list[Packet]:
    wall = None if request.number is None else wire.decode_time(request.number)
    if wall is None:
        return session.failed(request)
    session.device.set_clock(wall)
    return session.done(request)


def _write_display(session: Session, request: Packet) -> list[Packet]:
    if len(request.data) < _LINE.size:
        return session.failed(request)
    line, _ = _LINE.unpack_from(request.data)
    text = request.data[_LINE.size :].partition(b"\0")[0]
    session.device.lines[line] = text.decode(session.device.spec.encoding, "replace").strip()
    return session.done(request)


def _clear_display(session: Session, request: Packet) -> list[Packet]:
    session.device.lines.clear()
    return session.done(request)


def _door_state(session: Session, request: Packet) -> list[Packet]:
    # The relay falls back at once: the simulator has no door that could stay open.
    return session.done(request, _CLOSED)


def _noted(session: Session, request: Packet) -> list[Packet]:
    return session.done(request)


HANDLERS: Final[dict[int, Handler]] = {
    Command.OPTION_READ: _read_option,
    Command.OPTION_WRITE: _write_option,
    Command.PIN_WIDTH: _pin_width,
    Command.GET_TIME: _get_time,
    Command.SET_TIME: _set_time,
    Command.DISPLAY_WRITE: _write_display,
    Command.DISPLAY_CLEAR: _clear_display,
    Command.DOOR_STATE: _door_state,
    # Taken note of, without an effect that a client could see here.
    Command.REFRESH_DATA: _noted,
    Command.REFRESH_OPTION: _noted,
    Command.ENABLE_CLOCK: _noted,
    Command.TEST_VOICE: _noted,
}
"""What answers each command."""
