"""Reading tables: prepared and in chunks, or directly as old firmware was asked. No I/O.

1503 u8 1, u16 cmd, u32 fct, u32 ext  ->  DATA with a small table at once (real session id)
                                          or OK u8 0, u32 size, u32 size, u32 opaque
1504 u32 offset, u32 length           ->  a transfer of that part
1502                                  ->  OK
13, or 9 with the byte 05             ->  a transfer of the whole table
88 or 9 with u16 slot, u8 finger      ->  a transfer of one template
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from services.devices.simulators.faults import Fault
from services.devices.simulators.quirks import Empty, UserWidth
from services.devices.simulators.zk import tables
from services.devices.simulators.zk.codes import Command, Reply, Table
from services.devices.simulators.zk.transfers import CHUNK, transfer

if TYPE_CHECKING:
    from services.devices.simulators.zk.session import Handler, Session
    from services.devices.simulators.zk.wire import Packet

_PREPARE = struct.Struct("<BHII")
_FINGER = struct.Struct("<HB")
_SIZE = struct.Struct("<I")
_INLINE_LIMIT = 1024
_OPAQUE = 0x0023EFCD
_BY_COMMAND = {
    Command.USERS_READ: Table.USERS,
    Command.ATTENDANCE_READ: Table.ATTENDANCE,
    Command.OPERATIONS_READ: Table.OPERATIONS,
}
_EMPTY_TABLE = tables.table(())
# What a K40 sent in place of punches, right size word first: an address of its kernel (MIPS)...
_KERNEL = bytes.fromhex("40d835802f330100d5dc0100df230100c9010200cb140100d1260200e5090100")
# ...and the result that closes the transfer of a template.
_TEMPLATE_RESULT = 1


def prepare(session: Session, request: Packet) -> list[Packet]:
    """Answer 1503: take a snapshot of a table; a snapshot prepared before it is gone."""
    session.buffer = None
    selected = _selected(request.data)
    if selected is None:
        return session.failed(request)
    content = _content(session, selected)
    if content == _EMPTY_TABLE and session.device.spec.empty is not Empty.ZERO:
        refused = session.device.spec.empty is Empty.ERROR
        return [session.reply(request, Reply.ERROR if refused else Reply.NO_DATA)]
    if content is None:
        return [session.reply(request, Reply.NO_DATA)]
    if len(content) <= _INLINE_LIMIT:
        return [session.reply(request, Reply.DATA, content)]
    session.buffer = content
    size = len(content)
    return session.done(request, struct.pack("<BIII", 0, size, size, _OPAQUE))


def chunk(session: Session, request: Packet) -> list[Packet]:
    """Answer 1504; asking past the end is an error, asking for nothing is not."""
    if session.buffer is None or len(request.data) != CHUNK.size:
        return session.failed(request)
    offset, length = CHUNK.unpack(request.data)
    if offset + length > len(session.buffer):
        return session.failed(request)
    # The handler's result is the number of bytes.
    return transfer(session, request, session.buffer[offset : offset + length], length)


def free(session: Session, request: Packet) -> list[Packet]:
    """Answer 1502: let the snapshot and an upload go, if there are any."""
    session.buffer = None
    session.upload.clear()
    return session.done(request)


def log(session: Session, request: Packet) -> list[Packet]:
    """Answer 13: the log without preparing it, as old firmware sends it."""
    return _direct(session, request, Table.ATTENDANCE)


def users(session: Session, request: Packet) -> list[Packet]:
    """Answer 9: everybody, or one template where a slot and a finger are named."""
    if len(request.data) == _FINGER.size:
        return template(session, request)
    return _direct(session, request, Table.USERS)


def template(session: Session, request: Packet) -> list[Packet]:
    """Answer 88: a finger's template and a byte more, as captured; ERROR where there is none."""
    if len(request.data) != _FINGER.size:
        return session.failed(request)
    found = session.device.fingers.find(*_FINGER.unpack(request.data))
    if found is None:
        return session.failed(request)
    padding = bytes(6) if session.device.spec.garbage else b""
    return transfer(session, request, found.content + padding + b"\0", _TEMPLATE_RESULT)


def sizes(session: Session, request: Packet) -> list[Packet]:
    """Answer GET_FREE_SIZES with the counts of this moment."""
    return session.done(request, tables.sizes(session.device, request.number))


def _direct(session: Session, request: Packet, selected: Table) -> list[Packet]:
    content = _content(session, selected)
    if content is None:
        return [session.reply(request, Reply.NO_DATA)]
    if not session.datagrams and session.device.spec.user_width is UserWidth.WIDE:
        # Wire fact: on TCP, colour terminals answer with the right size and what lay in memory.
        content = content[:4] + (_KERNEL * (len(content) // len(_KERNEL) + 1))[: len(content) - 4]
    return transfer(session, request, content, len(content))


def _selected(data: bytes) -> Table | None:
    if len(data) != _PREPARE.size:
        return None
    _, command, function, _ = _PREPARE.unpack(data)
    if command != Command.BY_FUNCTION:
        return _BY_COMMAND.get(command)
    return Table(function) if function in Table.__members__.values() else None


def _content(session: Session, selected: Table) -> bytes | None:
    device = session.device
    match selected:
        case Table.USERS:
            return tables.user_table(device)
        case Table.ATTENDANCE:
            return _log(session)
        case Table.OPERATIONS:
            return tables.table(map(tables.operation, device.operations))
        case Table.TEMPLATES:
            return tables.table(map(tables.template, device.fingers.all()))


def _log(session: Session) -> bytes | None:
    if session.firmware.fault is Fault.NO_DATA:
        return None
    if session.firmware.fault is Fault.COUNT_RACE:
        session.interrupt()
    records = session.firmware.log.of(session.device)
    return _SIZE.pack(len(records)) + records


HANDLERS: Final[dict[int, Handler]] = {
    Command.FREE_SIZES: sizes,
    Command.PREPARE_BUFFER: prepare,
    Command.READ_BUFFER: chunk,
    Command.FREE_BUFFER: free,
    Command.ATTENDANCE_READ: log,
    Command.USERS_READ: users,
    Command.TEMPLATE_READ: template,
}
"""What answers each command."""
