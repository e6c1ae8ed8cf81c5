"""Who a person is: a number on these terminals, text in neutral words."""

from typing import Any, Final

from services.devices.drivers.base import DecodeError, DeviceError
from services.devices.drivers.timmy.messages import GREATEST_ID, STRANGER
from shared.contracts.errors import Code

_LONGEST: Final = 64


def user_id(enrollid: Any) -> str:
    """Return a person's id as text; raise DecodeError when there is none."""
    named = isinstance(enrollid, str | int) and not isinstance(enrollid, bool)
    said = str(enrollid).strip() if named else ""
    if not 0 < len(said) <= _LONGEST:
        msg = f"{str(enrollid)[:_LONGEST]!r} names no person"
        raise DecodeError(msg)
    return said


def enrollid(user_id: str) -> int:
    """Return a person's number; raise NOT_SUPPORTED for an id that no terminal takes.

    99999999 is what terminals call a stranger: nobody may ever have it (timmy.md 1.4).
    """
    if user_id.isascii() and user_id.isdigit():
        number = int(user_id)
        if 0 < number <= GREATEST_ID and number != STRANGER:
            return number
    details = f"These terminals take numbers from 1 to {GREATEST_ID}, but {STRANGER}, as user ids."
    raise DeviceError(Code.NOT_SUPPORTED, details)
