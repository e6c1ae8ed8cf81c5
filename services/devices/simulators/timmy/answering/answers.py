"""Every command that a Timmy terminal knows, and the form of its answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.devices.simulators.quirks import Family
from services.devices.simulators.timmy.answering import enrolment, listing, people, running
from services.devices.simulators.timmy.answering.request import (
    GENERIC,
    NO_COMMAND,
    RefusedError,
    UnansweredError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from services.devices.simulators.timmy.answering.request import Fields, Request
    from services.devices.simulators.timmy.firmware import Firmware
    from services.devices.simulators.timmy.frames import Message

    _Command = Callable[[Firmware, Request], Fields]

_COMMANDS: Final[Mapping[str, _Command]] = {
    "getuserlist": listing.get_user_list,
    "getnewlog": listing.get_new_log,
    "getalllog": listing.get_all_log,
    "cleanlog": listing.clean_log,
    "getuserinfo": people.get_user_info,
    "setuserinfo": people.set_user_info,
    "deleteuser": people.delete_user,
    "getusername": people.get_user_name,
    "setusername": people.set_user_name,
    "enableuser": people.enable_user,
    "cleanuser": people.clean_user,
    "cleanadmin": people.clean_admin,
    "getuserlock": people.get_user_lock,
    "setuserlock": people.set_user_lock,
    "adduser": enrolment.add_user,
    "checkregstatus": enrolment.check_status,
    "gettime": running.get_time,
    "settime": running.set_time,
    "getdevinfo": running.get_device_info,
    "setdevinfo": running.set_device_info,
    "getdevlock": running.get_lock,
    "setdevlock": running.set_lock,
    "opendoor": running.open_door,
    "disabledevice": running.disable,
    "enabledevice": running.enable,
    "reboot": running.restart,
    "initsys": running.initialize,
}
_OF_FACES: Final[Mapping[str, _Command]] = {**_COMMANDS, "getallusers": listing.get_all_users}
_MODERN: Final[Mapping[str, _Command]] = {
    **_OF_FACES,
    "getuserids": people.get_user_ids,
    "getunuserdid": people.get_free_id,
    "checkuserid": people.check_user_id,
    "canceladduser": enrolment.cancel,
}
_KNOWN: Final = {
    Family.A: _COMMANDS,
    Family.B: _OF_FACES,
    Family.C: _OF_FACES,
    Family.D: _MODERN,
}
_WITHOUT_RESULT: Final = {"gettime"}
"""The manuals show no `result` in the answer to it."""


def answer(firmware: Firmware, request: Request) -> Message:
    """Obey a command and return the answer; UnansweredError where the terminal says nothing."""
    device, name = firmware.device, str(request["cmd"])
    reply: Message = {"ret": name, "sn": device.spec.serial}
    command = _KNOWN[device.spec.family].get(name, _unknown)
    try:
        fields = command(firmware, request)
    except RefusedError as refusal:
        text = {"msg": str(refusal)} if device.traits.explains else {}
        return {**reply, "result": False, "reason": refusal.reason or GENERIC, **text}
    if name in _WITHOUT_RESULT and not device.traits.faces:
        return {**reply, **fields}
    return {**reply, "result": True, **fields}


def _unknown(firmware: Firmware, _: Request) -> Fields:
    if firmware.device.traits.explains:
        raise RefusedError(NO_COMMAND)
    raise UnansweredError
