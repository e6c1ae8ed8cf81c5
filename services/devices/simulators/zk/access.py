"""Groups, time zones, combinations of groups and how people identify. No I/O.

Read with a number, written with the number and what belongs there; the two forms differ.
Source: captures of zk-protocol.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from services.devices.simulators.access import ALWAYS, Group
from services.devices.simulators.zk.codes import Command

if TYPE_CHECKING:
    from services.devices.simulators.people import User
    from services.devices.simulators.zk.session import Handler, Session
    from services.devices.simulators.zk.wire import Packet

_USER_GROUP = struct.Struct("<IB")
_USER_ZONES = struct.Struct("<IIIII")
_USER_ZONES_LEAST = 8
_USER_ZONES_REPLY = struct.Struct("<HHHH")
_GROUP = struct.Struct("<BHHHB")
_ZONE = struct.Struct("<I28s")
_ZONE_REPLY = struct.Struct("<H28s2s")
_COMBINATION = struct.Struct("<B5sH")
_STYLE = struct.Struct("<HB21s")


def _person(session: Session, request: Packet) -> User | None:
    return session.device.people.at(request.number or 0)


def _read_user_group(session: Session, request: Packet) -> list[Packet]:
    user = _person(session, request)
    return session.done(request, bytes((user.group,))) if user else session.failed(request)


def _write_user_group(session: Session, request: Packet) -> list[Packet]:
    user = _person(session, request)
    if user is None or len(request.data) != _USER_GROUP.size:
        return session.failed(request)
    session.device.people.put(user._replace(group=request.data[4]))
    return session.done(request)


def _read_user_zones(session: Session, request: Packet) -> list[Packet]:
    user = _person(session, request)
    if user is None:
        return session.failed(request)
    return session.done(request, _USER_ZONES_REPLY.pack(user.own_zones, *user.zones))


def _write_user_zones(session: Session, request: Packet) -> list[Packet]:
    user = _person(session, request)
    if user is None or len(request.data) < _USER_ZONES_LEAST:
        return session.failed(request)
    # One client leaves zones out that are none, and was written against a real terminal.
    whole = request.data[: _USER_ZONES.size].ljust(_USER_ZONES.size, b"\0")
    _, own, *zones = (number & 0xFFFF for number in _USER_ZONES.unpack(whole))
    changed = user._replace(own_zones=own, zones=(zones[0], zones[1], zones[2]))
    session.device.people.put(changed)
    return session.done(request)


def _read_group(session: Session, request: Packet) -> list[Packet]:
    group = session.device.access.groups.get(request.data[0]) if request.data else None
    if group is None:
        return session.failed(request)
    return session.done(request, _GROUP.pack(request.data[0], *group.zones, group.style))


def _write_group(session: Session, request: Packet) -> list[Packet]:
    if len(request.data) != _GROUP.size:
        return session.failed(request)
    number, one, two, three, style = _GROUP.unpack(request.data)
    session.device.access.groups[number] = Group((one, two, three), style)
    return session.done(request)


def _read_zone(session: Session, request: Packet) -> list[Packet]:
    if request.number is None:
        return session.failed(request)
    number = request.number & 0xFFFF
    zone = session.device.access.zones.get(number, ALWAYS)
    return session.done(request, _ZONE_REPLY.pack(number, zone, b""))


def _write_zone(session: Session, request: Packet) -> list[Packet]:
    if len(request.data) != _ZONE.size:
        return session.failed(request)
    number, zone = _ZONE.unpack(request.data)
    session.device.access.zones[number & 0xFFFF] = zone
    return session.done(request)


def _read_combination(session: Session, request: Packet) -> list[Packet]:
    if not request.data:
        return session.failed(request)
    number = request.data[0]
    groups = session.device.access.combinations.get(number, bytes(5))
    count = sum(bool(group) for group in groups)
    return session.done(request, _COMBINATION.pack(number, groups, count))


def _write_combination(session: Session, request: Packet) -> list[Packet]:
    if len(request.data) != _COMBINATION.size:
        return session.failed(request)
    number, groups, _ = _COMBINATION.unpack(request.data)
    session.device.access.combinations[number] = groups
    return session.done(request)


def _read_style(session: Session, request: Packet) -> list[Packet]:
    if len(request.data) < 2:
        return session.failed(request)
    slot = int.from_bytes(request.data[:2], "little")
    style = session.device.access.styles.get(slot, 0)
    return session.done(request, _STYLE.pack(slot, style, b""))


def _write_style(session: Session, request: Packet) -> list[Packet]:
    if len(request.data) != _STYLE.size:
        return session.failed(request)
    slot, style, _ = _STYLE.unpack(request.data)
    session.device.access.styles[slot] = style
    return session.done(request)


HANDLERS: Final[dict[int, Handler]] = {
    Command.USER_GROUP_READ: _read_user_group,
    Command.USER_GROUP_WRITE: _write_user_group,
    Command.USER_ZONES_READ: _read_user_zones,
    Command.USER_ZONES_WRITE: _write_user_zones,
    Command.GROUP_READ: _read_group,
    Command.GROUP_WRITE: _write_group,
    Command.ZONE_READ: _read_zone,
    Command.ZONE_WRITE: _write_zone,
    Command.COMBINATION_READ: _read_combination,
    Command.COMBINATION_WRITE: _write_combination,
    Command.STYLE_READ: _read_style,
    Command.STYLE_WRITE: _write_style,
}
"""What answers each command."""
