"""What a command asks for, read as generously as terminals do, and how one is turned down."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from services.devices.simulators.timmy.credentials import Person
    from services.devices.simulators.timmy.firmware import Firmware

Request = dict[str, Any]
Fields = dict[str, Any]
"""What an answer of true says besides."""
NO_USER: Final = "can not find the user"
NO_COMMAND: Final = "can not find this command"
NO_DATA: Final = "have no data"
GENERIC: Final = 1
_MOST_DIGITS: Final = 18


class RefusedError(Exception):
    """The answer is false, with this reason and, where the family explains, this text."""

    def __init__(self, message: str, reason: int = GENERIC) -> None:
        super().__init__(message)
        self.reason = reason


class UnansweredError(Exception):
    """The terminal says nothing to this."""


def number(request: Request, name: str) -> int:
    """Return a number, also one written as digits; RefusedError where there is none."""
    value = request.get(name)
    if isinstance(value, str) and value.isdecimal() and len(value) <= _MOST_DIGITS:
        return int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        sentence = f"{name} is missing"
        raise RefusedError(sentence)
    return value


def known(firmware: Firmware, request: Request) -> tuple[int, Person]:
    """Return the enrollid asked about, and its person; RefusedError where there is nobody."""
    enrollid = number(request, "enrollid")
    person = firmware.device.credentials.people.get(enrollid)
    if person is None:
        raise RefusedError(NO_USER)
    return enrollid, person


def rows(request: Request, most: int) -> list[Request]:
    """Return the records of a request that sends several; RefusedError for none or too many."""
    told = request.get("record")
    good = isinstance(told, list) and 0 < len(told) <= most
    if not good or not all(isinstance(row, dict) for row in told or ()):
        sentence = f"record is no list of at most {most}"
        raise RefusedError(sentence)
    return list(told or ())
