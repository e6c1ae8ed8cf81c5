"""What a terminal says of itself: reg's devinfo, records of the log, credentials.

Source: section 1.6 of the protocol notes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from zlib import crc32

from services.devices.simulators.timmy.traits import (
    CARD,
    FACES,
    FINGERS,
    NOBODY,
    PALMS,
    PASSWORD,
    PHOTO,
    STRANGER,
)

if TYPE_CHECKING:
    from services.devices.simulators.timmy.credentials import Row
    from services.devices.simulators.timmy.device import TimmyDevice
    from services.devices.simulators.timmy.frames import Message
    from services.devices.simulators.truth import Punch

_LOG_SIZE = 500_000
_FACES = frozenset((*FACES, PHOTO))


def cpusn(device: TimmyDevice, board: str = "") -> str:
    """Return the processor's number, another one for another board."""
    return str(crc32(f"{device.spec.serial}{board}".encode()))


def hardware(device: TimmyDevice, board: str = "") -> dict[str, Any]:
    """Return everything that devinfo has; `board` names another board in the same housing."""
    spec, traits, held = device.spec, device.traits, device.credentials
    size = spec.capacity
    mac = crc32(f"mac{spec.serial}{board}".encode()).to_bytes(4, "big")
    info: dict[str, Any] = {
        "modelname": spec.platform,
        "usersize": size,
        "fpsize": size if traits.fingers else 0,
        "cardsize": size,
        "pwdsize": size,
        "logsize": _LOG_SIZE,
        "useduser": len(held),
        "usedfp": held.used(FINGERS),
        "usedcard": held.used((CARD,)),
        "usedpwd": held.used((PASSWORD,)),
        "usedlog": device.truth.log_size,
        "usednewlog": len(device.truth.punches) - device.truth.handed,
        "fpalgo": spec.algorithm,
        "firmware": spec.firmware,
        "time": f"{device.wall_clock.shown()}",
        "mac": "-".join(("00", "01", *(f"{byte:02X}" for byte in mac))),
    }
    if traits.faces:
        info |= {
            "facesize": size,
            "usedface": held.used(_FACES),
            "usedrtlog": info["usednewlog"],
            "netinuse": 1,
        }
    if traits.palms:
        info |= {"palmsize": size, "usedpalm": held.used(PALMS)}
    return info


def record(device: TimmyDevice, punch: Punch) -> Message:
    """Return a record of the log, without an image."""
    enrollid = int(punch.person)
    year, month, day, hour, minute, second = punch.six()
    row: Message = {
        "enrollid": enrollid,
        "time": f"{year}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}",
        "mode": punch.verify,
        "inout": punch.state,
        "event": punch.event,
    }
    if device.traits.faces:
        person = device.credentials.people.get(enrollid)
        row |= {"name": person.name if person else "", "verifymode": 0}
        if enrollid not in {NOBODY, STRANGER}:
            row["temp"] = 36.5
    return row


def credential(row: Row) -> Message:
    """Return a credential with what is stored of its person."""
    return {
        "enrollid": row.enrollid,
        "name": row.person.name,
        "backupnum": row.slot,
        "admin": row.person.admin,
        "record": row.record,
    }
