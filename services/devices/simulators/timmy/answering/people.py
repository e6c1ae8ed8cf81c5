"""Commands about one person: read, written, renamed, deleted, enabled.

Source: sections 1.4 and 1.7 of the protocol notes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.devices.simulators.faults import Fault
from services.devices.simulators.timmy.answering import writing
from services.devices.simulators.timmy.answering.request import (
    NO_DATA,
    RefusedError,
    known,
    number,
    rows,
)
from services.devices.simulators.timmy.credentials import PROFILE_ONLY
from services.devices.simulators.timmy.traits import (
    ALL,
    ALL_FINGERS,
    CARD,
    FACES,
    FINGERS,
    NOBODY,
    PASSWORD,
    PHOTO,
    STRANGER,
)

if TYPE_CHECKING:
    from services.devices.simulators.timmy.answering.request import Fields, Request
    from services.devices.simulators.timmy.credentials import Person
    from services.devices.simulators.timmy.firmware import Firmware

_MOST_NAMES: Final = 50


def get_user_info(firmware: Firmware, request: Request) -> Fields:
    """Return one credential; without backupnum finger 0 (family A) or the profile (others)."""
    enrollid, person = known(firmware, request)
    if "backupnum" not in request and firmware.device.traits.faces:
        return _profile(enrollid, person)
    slot = number(request, "backupnum") if "backupnum" in request else 0
    record = person.records.get(slot)
    if record is None and slot == 0 and not person.records:
        record = PROFILE_ONLY
    if record is None:
        raise RefusedError(NO_DATA)
    return {
        "enrollid": enrollid,
        "name": person.name,
        "backupnum": slot,
        "admin": person.admin,
        "record": record,
    }


def set_user_info(firmware: Firmware, request: Request) -> Fields:
    """Store one credential, silently in place of another; what the server wrote it knows."""
    if firmware.has(Fault.REFUSE_USER):
        sentence = "the terminal does not like it"
        raise RefusedError(sentence, firmware.number)
    device = firmware.device
    enrollid = number(request, "enrollid")
    if enrollid in {NOBODY, STRANGER}:
        sentence = "enrollid is nobody's"
        raise RefusedError(sentence)
    slot = number(request, "backupnum")
    admin = number({"admin": 0, **request}, "admin")
    record = writing.accepted(device, enrollid, slot, request.get("record"))
    person = device.credentials.ensure(enrollid)
    person.name = str(request.get("name", person.name))
    person.admin = admin
    if record != PROFILE_ONLY:
        device.credentials.put(enrollid, slot, record)
    device.credentials.told((enrollid, slot))
    return {"enrollid": enrollid, "backupnum": slot}


def delete_user(firmware: Firmware, request: Request) -> Fields:
    """Forget a credential, all fingers, or the person: the code for that is the firmware's."""
    enrollid, person = known(firmware, request)
    slot = number(request, "backupnum")
    held = firmware.device.credentials
    if slot == firmware.device.spec.deletes:
        held.forget(enrollid)
    elif slot == ALL:
        # Where another code means everything, 13 leaves the biometrics (section 1.4).
        held.remove(enrollid, PASSWORD)
        held.remove(enrollid, CARD) if enrollid in held.people else None
    elif not held.remove(enrollid, slot) and (person.records or slot != ALL_FINGERS):
        raise RefusedError(NO_DATA)
    return {}


def get_user_name(firmware: Firmware, request: Request) -> Fields:
    """Return somebody's name as `record`."""
    _, person = known(firmware, request)
    return {"record": person.name}


def set_user_name(firmware: Firmware, request: Request) -> Fields:
    """Name people, also some who are not there yet."""
    for row in rows(request, _MOST_NAMES):
        enrollid = number(row, "enrollid")
        writing.demand_room(firmware.device, enrollid)
        firmware.device.credentials.ensure(enrollid).name = str(row.get("name", ""))
    return {}


def enable_user(firmware: Firmware, request: Request) -> Fields:
    """Let somebody pass, or not: enflag 1 or 0."""
    _, person = known(firmware, request)
    person.enabled = bool(number(request, "enflag"))
    return {}


def clean_user(firmware: Firmware, _: Request) -> Fields:
    """Forget everybody."""
    firmware.device.credentials.clear()
    return {}


def clean_admin(firmware: Firmware, _: Request) -> Fields:
    """Make everybody an ordinary user."""
    for person in firmware.device.credentials.people.values():
        person.admin = 0
    return {}


def get_user_lock(firmware: Firmware, request: Request) -> Fields:
    """Return when somebody may pass, as it was written."""
    enrollid, person = known(firmware, request)
    return {"enrollid": enrollid, "weekzone": 1, "group": 0, **person.lock}


def set_user_lock(firmware: Firmware, request: Request) -> Fields:
    """Say when people may pass."""
    for row in rows(request, 40):
        _, person = known(firmware, row)
        person.lock |= {name: value for name, value in row.items() if name != "enrollid"}
    return {}


def get_user_ids(firmware: Firmware, _: Request) -> Fields:
    """Return every enrollid."""
    return {"ids": list(firmware.device.credentials.people)}


def get_free_id(firmware: Firmware, _: Request) -> Fields:
    """Return an enrollid that nobody has."""
    return {"enrollid": max(firmware.device.credentials.people, default=0) + 1}


def check_user_id(firmware: Firmware, request: Request) -> Fields:
    """Tell whether somebody has an enrollid."""
    return {"exists": number(request, "enrollid") in firmware.device.credentials.people}


def _profile(enrollid: int, person: Person) -> Fields:
    slots = person.records.keys()
    return {
        "enrollid": enrollid,
        "name": person.name,
        "department": "",
        "admin": person.admin,
        "fpflag": int(any(slot in FINGERS for slot in slots)),
        "fpcnt": sum(slot in FINGERS for slot in slots),
        "faceflag": int(any(slot in FACES or slot == PHOTO for slot in slots)),
        "enable": int(person.enabled),
        "card": person.records.get(CARD, 0),
        "pwd": person.records.get(PASSWORD, 0),
    }
