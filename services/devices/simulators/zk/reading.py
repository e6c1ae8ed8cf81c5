"""Buffered reads: prepare a table, read it in chunks, free it.

    1503 u8 1, u16 cmd, u32 fct, u32 ext  ->  DATA with a small table at once (real session id)
                                              or OK u8 0, u32 size, u32 size, u32 opaque
    1504 u32 offset, u32 length           ->  PREPARE_DATA u32 length, u32 largest payload
                                              DATA x ceil(length / payload), OK
    1502                                  ->  OK

Wire facts, from captures of five models: DATA after PREPARE_DATA carries the packet's sequence
number 0, 1, 2... in its session slot, and the closing OK a result value instead of the session.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from services.devices.simulators.people import SUPER_ADMIN
from services.devices.simulators.spec import Empty
from services.devices.simulators.zk import tables
from services.devices.simulators.zk.codes import Command, Reply, Table
from services.devices.simulators.zk.wire import MAX_DATA, Packet

if TYPE_CHECKING:
    from services.devices.simulators.device import Device
    from services.devices.simulators.zk.session import Session

_PREPARE = struct.Struct("<BHII")
_CHUNK = struct.Struct("<II")
_INLINE_LIMIT = 1024
_OPAQUE = 0x0023EFCD
_BY_COMMAND = {
    Command.USERS_READ: Table.USERS,
    Command.ATTENDANCE_READ: Table.ATTENDANCE,
    Command.OPERATIONS_READ: Table.OPERATIONS,
}
# One client library selects every table by its function code under this command.
_BY_FUNCTION = 7
_EMPTY_TABLE = tables.table(())


def prepare(session: Session, request: Packet) -> list[Packet]:
    """Answer 1503: take a snapshot of a table; a snapshot prepared before it is gone."""
    session.buffer = None
    selected = _selected(request.data)
    if selected is None:
        return [session.reply(request, Reply.ERROR)]
    content = _content(session.device, selected)
    if content == _EMPTY_TABLE and session.firmware.spec.empty is not Empty.ZERO:
        refused = session.firmware.spec.empty is Empty.ERROR
        return [session.reply(request, Reply.ERROR if refused else Reply.NO_DATA)]
    if len(content) <= _INLINE_LIMIT:
        return [session.reply(request, Reply.DATA, content)]
    session.buffer = content
    size = len(content)
    return [session.reply(request, Reply.OK, struct.pack("<BIII", 0, size, size, _OPAQUE))]


def chunk(session: Session, request: Packet) -> list[Packet]:
    """Answer 1504; asking past the end is an error, asking for nothing is not."""
    if session.buffer is None or len(request.data) != _CHUNK.size:
        return [session.reply(request, Reply.ERROR)]
    offset, length = _CHUNK.unpack(request.data)
    if offset + length > len(session.buffer):
        return [session.reply(request, Reply.ERROR)]
    largest = session.firmware.spec.packet
    step = min(largest, MAX_DATA)
    content = session.buffer[offset : offset + length]
    pieces = [content[start : start + step] for start in range(0, length, step)]
    return [
        session.reply(request, Reply.PREPARE_DATA, _CHUNK.pack(length, largest)),
        *(
            Packet(Reply.DATA, sequence & 0xFFFF, request.reply, piece)
            for sequence, piece in enumerate(pieces)
        ),
        # The handler's result is the number of bytes, as far as the slot holds it.
        Packet(Reply.OK, length & 0xFFFF, request.reply),
    ]


def free(session: Session, request: Packet) -> list[Packet]:
    """Answer 1502: let the snapshot go, if there is one."""
    session.buffer = None
    return [session.reply(request, Reply.OK)]


def sizes(session: Session, request: Packet) -> list[Packet]:
    """Answer GET_FREE_SIZES with the counts of this moment."""
    device = session.device
    admins = sum(user.privilege == SUPER_ADMIN for user in device.users)
    counts = (len(device.users), admins, device.truth.log_size, len(device.operations))
    return [session.reply(request, Reply.OK, tables.sizes(*counts))]


def _selected(data: bytes) -> Table | None:
    if len(data) != _PREPARE.size:
        return None
    _, command, function, _ = _PREPARE.unpack(data)
    if command != _BY_FUNCTION:
        return _BY_COMMAND.get(command)
    return Table(function) if function in Table.__members__.values() else None


def _content(device: Device, selected: Table) -> bytes:
    match selected:
        case Table.USERS:
            return tables.table(map(tables.user, device.users))
        case Table.ATTENDANCE:
            return tables.table(
                tables.attendance(device.slots.get(punch.person, 0), punch)
                for punch in device.truth.log
            )
        case Table.OPERATIONS:
            return tables.table(map(tables.operation, device.operations))
        case Table.TEMPLATES:
            return _EMPTY_TABLE
