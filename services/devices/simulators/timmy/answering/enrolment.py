"""Commands that have somebody enrol at the terminal, and tell how far it came.

Source: section 1.7 of the protocol notes (adduser, checkregstatus).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.devices.simulators.timmy.answering import writing
from services.devices.simulators.timmy.answering.request import RefusedError, number
from services.devices.simulators.timmy.enrolling import MESSAGES, Asked
from services.devices.simulators.timmy.traits import CARD, NOBODY, PASSWORD, STRANGER

if TYPE_CHECKING:
    from services.devices.simulators.timmy.answering.request import Fields, Request
    from services.devices.simulators.timmy.firmware import Firmware

_BUSY = 3


def add_user(firmware: Firmware, request: Request) -> Fields:
    """Show the enrolment screen; `cancel` true leaves it. True means that it is shown, no more."""
    device = firmware.device
    if request.get("cancel") is True:
        return cancel(firmware, request)
    slot = number(request, "backupnum")
    enrollid = number(request, "enrollid")
    writing.demand_sensor(device, slot)
    if enrollid in {NOBODY, STRANGER} or slot in {PASSWORD, CARD}:
        sentence = "nobody can enrol that"
        raise RefusedError(sentence)
    if device.enrolling is not None and not device.enrolling.over:
        sentence = "the device is busy"
        raise RefusedError(sentence, _BUSY)
    writing.demand_room(device, enrollid)
    admin = number({"admin": 0, **request}, "admin")
    device.enrol(Asked(enrollid, slot, str(request.get("name", "")), admin))
    firmware.enrol()
    return {"enrollid": enrollid, "backupnum": slot}


def cancel(firmware: Firmware, _: Request) -> Fields:
    """Leave the enrolment screen."""
    firmware.device.enrolling = None
    return {}


def check_status(firmware: Firmware, _: Request) -> Fields:
    """Tell how far the enrolment is: 0 waiting, 1 to 3 scans, 100 stored, below 0 failed."""
    enrolling = firmware.device.enrolling
    if enrolling is None:
        sentence = "nobody enrols"
        raise RefusedError(sentence)
    return {"status": enrolling.status, "msg": MESSAGES.get(enrolling.status, "")}
