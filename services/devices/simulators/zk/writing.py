"""Writing and deleting people and fingers, and clearing tables. No I/O."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from services.devices.simulators import device as held
from services.devices.simulators.access import Access
from services.devices.simulators.zk import users
from services.devices.simulators.zk.codes import Command, Data

if TYPE_CHECKING:
    from services.devices.simulators.zk.session import Handler, Session
    from services.devices.simulators.zk.wire import Packet

_SLOT = struct.Struct("<H")
_FINGER = struct.Struct("<HB")
_FINGER_BY_ID = struct.Struct("<24sB")


def _write_user(session: Session, request: Packet) -> list[Packet]:
    user = users.unpack(request.data, session.device.spec)
    if user is None or not user.uid:
        return session.failed(request)
    # Whoever was in the slot is gone, as on real terminals: nothing is asked.
    session.device.people.put(user)
    session.device.note(held.PUT_USER)
    return session.done(request)


def _delete_user(session: Session, request: Packet) -> list[Packet]:
    if len(request.data) < _SLOT.size:
        return session.failed(request)
    (slot,) = _SLOT.unpack_from(request.data)
    if not session.device.people.remove(slot):
        return session.failed(request)
    session.device.fingers.remove_of(slot)
    session.device.note(held.DELETE_USER)
    return session.done(request)


def _delete_template(session: Session, request: Packet) -> list[Packet]:
    if len(request.data) < _FINGER.size:
        return session.failed(request)
    slot, finger = _FINGER.unpack_from(request.data)
    return _forget(session, request, slot, finger)


def _delete_template_by_id(session: Session, request: Packet) -> list[Packet]:
    if len(request.data) < _FINGER_BY_ID.size:
        return session.failed(request)
    field, finger = _FINGER_BY_ID.unpack_from(request.data)
    user = session.device.people.find(field.partition(b"\0")[0].decode(errors="replace"))
    return _forget(session, request, user.uid if user else 0, finger)


def _forget(session: Session, request: Packet, slot: int, finger: int) -> list[Packet]:
    if not session.device.fingers.remove(slot, finger):
        return session.failed(request)
    session.device.note(held.DELETE_FINGER)
    return session.done(request)


def _clear_data(session: Session, request: Packet) -> list[Packet]:
    """Clear what the optional u8 names; without it, everything."""
    device = session.device
    known = Data.__members__.values()
    wanted = set(request.data[:1]) or set(known)
    if not wanted <= set(known):
        return session.failed(request)
    if Data.OPERATIONS in wanted:
        device.operations.clear()
    if Data.TEMPLATES in wanted:
        device.fingers.clear()
    if Data.USERS in wanted:
        device.fingers.clear()
        device.people.clear()
    if Data.ATTENDANCE in wanted:
        device.clear_log()
    device.note(held.CLEAR_DATA)
    return session.done(request)


def _clear_attendance(session: Session, request: Packet) -> list[Packet]:
    session.device.clear_log()
    return session.done(request)


def _clear_operations(session: Session, request: Packet) -> list[Packet]:
    session.device.operations.clear()
    return session.done(request)


def _clear_admins(session: Session, request: Packet) -> list[Packet]:
    session.device.people.demote()
    session.device.note(held.CLEAR_ADMINS)
    return session.done(request)


def _clear_access(session: Session, request: Packet) -> list[Packet]:
    session.device.access = Access()
    return session.done(request)


HANDLERS: Final[dict[int, Handler]] = {
    Command.USER_WRITE: _write_user,
    Command.USER_DELETE: _delete_user,
    Command.TEMPLATE_DELETE: _delete_template,
    Command.TEMPLATE_DELETE_BY_ID: _delete_template_by_id,
    Command.CLEAR_DATA: _clear_data,
    Command.CLEAR_ATTENDANCE: _clear_attendance,
    Command.CLEAR_OPERATIONS: _clear_operations,
    Command.CLEAR_ADMINS: _clear_admins,
    Command.CLEAR_ACCESS: _clear_access,
}
"""What answers each command."""
