"""What the fleet control shows of a terminal, as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from services.devices.simulators.zk.server import ZkServer
from shared.kit.clock import iso

if TYPE_CHECKING:
    from services.devices.simulators.device import Device
    from services.devices.simulators.machine import Machine
    from services.devices.simulators.people import User
    from services.devices.simulators.timmy.credentials import Person
    from services.devices.simulators.timmy.terminal import TimmyTerminal

View = dict[str, Any]


def terminal(shown: ZkServer | TimmyTerminal) -> View:
    """Show where a terminal is, what it holds, and what happened to it."""
    return _listening(shown) if isinstance(shown, ZkServer) else _dialing(shown)


def users(shown: ZkServer | TimmyTerminal) -> list[View]:
    """Show everybody as the terminal holds them."""
    if isinstance(shown, ZkServer):
        return [_user(user, shown.device) for user in shown.device.users]
    people = shown.device.credentials.people
    return [_person(enrollid, person) for enrollid, person in people.items()]


def unlocks(shown: ZkServer | TimmyTerminal) -> list[View]:
    """Show when the door was opened, and with what delay or which door."""
    return [{**each._asdict(), "at": iso(each.at)} for each in shown.device.unlocks]


def _listening(server: ZkServer) -> View:
    device, spec = server.device, server.device.spec
    return {
        **_common(device),
        "host": spec.host,
        "port": server.port,
        "profile": spec.profile,
        "transport": spec.transport.value,
        "users": len(device.users),
        "templates": len(device.fingers),
        "operations": len(device.operations),
        "unlocks": len(device.unlocks),
        "display": device.lines,
        "enrolling": device.enrolment is not None,
        "connections": len(server.connections),
        "registered": server.registered,
        "fault": server.firmware.fault.value,
        "bad_checksums": server.counts.bad_checksums,
        "lost_streams": server.counts.lost_streams,
        "wrong_sessions": server.counts.wrong_sessions,
    }


def _dialing(shown: TimmyTerminal) -> View:
    device, spec = shown.device, shown.device.spec
    return {
        **_common(device),
        "server": shown.dialing.server,
        "family": spec.family.value,
        "users": len(device.credentials),
        "templates": len(device.credentials.rows()),
        "untold": len(device.credentials.untold),
        "unsent": len(device.unsent),
        "unlocks": len(device.unlocks),
        "enrolling": device.enrolling is not None and not device.enrolling.over,
        "connected": shown.connected.is_set(),
        "fault": shown.firmware.fault.value,
        "told": shown.told.view(),
    }


def _common(device: Machine) -> View:
    return {
        "serial": device.spec.serial,
        "dialect": device.spec.dialect.value,
        "name": device.spec.name,
        "zone": device.spec.zone,
        "punches": len(device.truth.punches),
        "records": device.truth.log_size,
        "clock": device.wall_clock.shown().isoformat(),
        "enabled": device.enabled,
        "powered": device.powered,
    }


def _user(user: User, device: Device) -> View:
    # Bytes that the code page does not know are no text.
    name = user.name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return {
        "uid": user.uid,
        "user_id": user.user_id,
        "name": name,
        "privilege": user.privilege,
        "card": user.card,
        "group": user.group,
        "has_password": bool(user.password),
        "fingers": device.fingers.of(user.uid),
    }


def _person(enrollid: int, person: Person) -> View:
    return {
        "user_id": str(enrollid),
        "name": person.name,
        "admin": person.admin,
        "enabled": person.enabled,
        "slots": sorted(person.records),
    }
