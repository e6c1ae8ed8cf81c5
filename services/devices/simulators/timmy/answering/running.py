"""Commands about the terminal itself: its clock, its settings, its door, its power.

Source: section 1.7 of the protocol notes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.devices.simulators.timmy.answering.request import (
    RefusedError,
    UnansweredError,
    number,
)
from services.devices.simulators.timmy.registration import set_clock

if TYPE_CHECKING:
    from services.devices.simulators.timmy.answering.request import Fields, Request
    from services.devices.simulators.timmy.firmware import Firmware

_ENVELOPE = {"cmd", "sn"}


def get_time(firmware: Firmware, _: Request) -> Fields:
    """Return the clock."""
    return {"time": f"{firmware.device.wall_clock.shown()}"}


def set_time(firmware: Firmware, request: Request) -> Fields:
    """Put the clock to cloudtime."""
    if not set_clock(firmware, request):
        sentence = "cloudtime is not YYYY-MM-DD HH:MM:SS"
        raise RefusedError(sentence)
    return {}


def get_device_info(firmware: Firmware, _: Request) -> Fields:
    """Return the settings, wrapped where the firmware does."""
    settings = dict(firmware.device.settings)
    return {"devinfo": settings} if firmware.device.traits.modern else settings


def set_device_info(firmware: Firmware, request: Request) -> Fields:
    """Change settings; unknown ones are kept too."""
    told = request.get("devinfo", request)
    fields = told if isinstance(told, dict) else {}
    firmware.device.settings |= {k: v for k, v in fields.items() if k not in _ENVELOPE}
    return {}


def get_lock(firmware: Firmware, _: Request) -> Fields:
    """Return the door's settings as they were written."""
    return {"opendelay": 5, "doorsensor": 0, "alarmdelay": 0, **firmware.device.locks}


def set_lock(firmware: Firmware, request: Request) -> Fields:
    """Change the door's settings."""
    firmware.device.locks |= {k: v for k, v in request.items() if k not in _ENVELOPE}
    return {}


def open_door(firmware: Firmware, request: Request) -> Fields:
    """Switch the relay of a door, or of all of them."""
    firmware.device.open_door(number({"doornum": 0, **request}, "doornum"))
    return {}


def disable(firmware: Firmware, _: Request) -> Fields:
    """Let nobody punch."""
    firmware.device.disable(None)
    return {}


def enable(firmware: Firmware, _: Request) -> Fields:
    """Let people punch again."""
    firmware.device.enable()
    return {}


def restart(firmware: Firmware, _: Request) -> Fields:
    """Restart: the answer is the reg that comes afterwards."""
    firmware.restart()
    raise UnansweredError


def initialize(firmware: Firmware, _: Request) -> Fields:
    """Forget people and log, and keep the settings."""
    firmware.device.credentials.clear()
    firmware.device.clear_log()
    return {}
