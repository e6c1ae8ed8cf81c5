"""What a client sends in pieces: a template, or people and templates in bulk. No I/O.

    1500 u32 size                                  ->  OK
    1501 up to 1024 bytes, until there are enough  ->  OK
    119                                            ->  OK u32 checksum (how it is made is not known)
    87   u16 slot, u8 finger, u8 flag, u16 size    ->  OK: the upload is that template
    110  u32 12, u16 0, u16 8                      ->  OK: the upload is three u32 lengths, then
         people (u8 2 and a user record), an index (u8 2, u16 slot, u8 16 + finger, u32 offset)
         and the templates (u16 size of the template, template)

Source: pyzk's client side of it, and zk-protocol documents.
"""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING, Final

from services.devices.simulators import device as held
from services.devices.simulators.fingers import FINGERS, VALID, Template
from services.devices.simulators.zk import users
from services.devices.simulators.zk.codes import Command

if TYPE_CHECKING:
    from collections.abc import Iterator

    from services.devices.simulators.people import User
    from services.devices.simulators.spec import DeviceSpec
    from services.devices.simulators.zk.session import Handler, Session
    from services.devices.simulators.zk.wire import Packet

_COMMIT = struct.Struct("<HBBH")
_LENGTHS = struct.Struct("<III")
_INDEX = struct.Struct("<BHBI")
_SIZE = struct.Struct("<H")
_BULK = 2
_FIRST_FINGER = 0x10
_BULK_COMMIT = struct.pack("<IHH", 12, 0, 8)


def _prepare(session: Session, request: Packet) -> list[Packet]:
    if request.number is None:
        return session.failed(request)
    session.upload.clear()
    return session.done(request)


def _piece(session: Session, request: Packet) -> list[Packet]:
    session.upload += request.data
    return session.done(request)


def _checksum(session: Session, request: Packet) -> list[Packet]:
    return session.done(request, struct.pack("<I", zlib.crc32(session.upload)))


def _write_template(session: Session, request: Packet) -> list[Packet]:
    if len(request.data) != _COMMIT.size:
        return session.failed(request)
    slot, finger, flag, size = _COMMIT.unpack(request.data)
    template = Template(slot, finger, flag, bytes(session.upload[:size]))
    if len(template.content) != size or not _fits(session, [template]):
        return session.failed(request)
    session.device.fingers.put(template)
    session.device.note(held.ENROL_FINGER)
    return session.done(request)


def _save_bulk(session: Session, request: Packet) -> list[Packet]:
    if request.data != _BULK_COMMIT:
        return session.failed(request)
    try:
        people, templates = _bulk(bytes(session.upload), session.device.spec)
    except (struct.error, ValueError):
        return session.failed(request)
    for user in people:
        session.device.people.put(user)
        session.device.note(held.PUT_USER)
    if not _fits(session, templates):
        return session.failed(request)
    for template in templates:
        session.device.fingers.put(template)
        session.device.note(held.ENROL_FINGER)
    return session.done(request)


def _fits(session: Session, templates: list[Template]) -> bool:
    people = session.device.people
    return all(people.at(each.uid) and each.content and each.finger < FINGERS for each in templates)


def _bulk(upload: bytes, spec: DeviceSpec) -> tuple[list[User], list[Template]]:
    """Return what a bulk upload holds; ValueError or struct.error where it contradicts itself."""
    lengths = _LENGTHS.unpack_from(upload)
    ends = [_LENGTHS.size + sum(lengths[:count]) for count in range(4)]
    if ends[-1] != len(upload):
        raise ValueError(lengths)
    people, index, templates = (upload[ends[at] : ends[at + 1]] for at in range(3))
    return list(_people(people, spec)), list(_templates(index, templates))


def _people(part: bytes, spec: DeviceSpec) -> Iterator[User]:
    step = 1 + spec.user_width
    for start in range(0, len(part), step):
        user = users.unpack(part[start + 1 : start + step], spec)
        if user is None or part[start] != _BULK:
            raise ValueError(start)
        yield user


def _templates(index: bytes, part: bytes) -> Iterator[Template]:
    for _, slot, finger, offset in _INDEX.iter_unpack(index):
        (size,) = _SIZE.unpack_from(part, offset)
        begin = offset + _SIZE.size
        content = part[begin : begin + size]
        if len(content) != size or finger < _FIRST_FINGER:
            raise ValueError(offset)
        yield Template(slot, finger - _FIRST_FINGER, VALID, content)


HANDLERS: Final[dict[int, Handler]] = {
    Command.PREPARE_DATA: _prepare,
    Command.DATA: _piece,
    Command.CHECKSUM: _checksum,
    Command.TEMPLATE_WRITE: _write_template,
    Command.SAVE_TEMPLATES: _save_bulk,
}
"""What answers each command."""
