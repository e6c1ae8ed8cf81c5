"""Decisions about devices: what may be registered or changed, and what a probe's failure means."""

from __future__ import annotations

import ipaddress
import unicodedata
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Final, NamedTuple, TypeVar
from zoneinfo import available_timezones

from services.devices.rules import admission
from shared.contracts.agents import Wire
from shared.contracts.devices import ChangeDevice, RegisterDevice
from shared.contracts.errors import Code, FieldProblem, Problem
from shared.kit.errors import MusterError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from shared.contracts.agents import Dialect

CONNECTED: Final = timedelta(seconds=20)
"""How long an agent's word of its site and its devices holds."""
WIRE: Final = tuple(Wire.model_fields)
"""The fields that are kept together, as how a device is spoken to."""

_LARGEST: Final = 2**63 - 1
_SERIAL_LENGTH: Final = 64
_DEVICE_PROBLEMS: Final = frozenset(
    {
        Code.DEVICE_UNREACHABLE,
        Code.DEVICE_WRONG_KEY,
        Code.DEVICE_NO_ANSWER,
        Code.DEVICE_REFUSED,
        Code.DEVICE_WRONG_PROTOCOL,
        Code.DEVICE_ERROR,
        Code.DEVICE_BUSY,
        Code.DRIVER_MISSING,
    }
)
_NOWHERE: Final[dict[str, object]] = {
    "ip": "",
    "port": 0,
    "comm_key": 0,
    "driver": "native",
    "transport": "tcp",
}
"""What is kept of how a device is reached, when it is reached by nobody."""
_REACHED_BY: Final = tuple(_NOWHERE)
_Described = TypeVar("_Described", RegisterDevice, ChangeDevice)


class _Spelling(NamedTuple):
    fields: Mapping[str, object] = {}
    problems: tuple[FieldProblem, ...] = ()


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def is_zone(name: str) -> bool:
    """Tell whether this is the IANA name of a time zone."""
    return name in _zones()


def invalid(*problems: FieldProblem) -> MusterError:
    """Return the validation error that names these fields."""
    details = "; ".join(f"{each.field}: {each.problem}" for each in problems)
    return MusterError(Code.VALIDATION_ERROR, details, fields=problems)


def checked(request: _Described, dialect: Dialect) -> _Described:
    """Return the request with its address and serial in the one spelling of the dialect.

    Of a device that dials in, what would reach it says nothing and is not kept; it needs a serial.
    Raises VALIDATION_ERROR naming fields.
    """
    spelling: _Spelling = _spelled(request, dialect)
    if problems := (*_misdescribed(request), *spelling.problems):
        raise invalid(*problems)
    return request.model_copy(update=spelling.fields)


def _misdescribed(request: RegisterDevice | ChangeDevice) -> Iterator[FieldProblem]:
    for field in ("name", "location", "serial_number"):
        if any(unicodedata.category(each) == "Cc" for each in getattr(request, field) or ""):
            yield FieldProblem(field=field, problem="must not hold control characters")
    if request.zone is not None and not is_zone(request.zone):
        yield FieldProblem(field="zone", problem="must be an IANA zone: Asia/Jakarta")


def _spelled(request: RegisterDevice | ChangeDevice, dialect: Dialect) -> _Spelling:
    return _dialled_in(request) if dialect in admission.DIAL_IN else _dialled(request)


def _dialled(request: RegisterDevice | ChangeDevice) -> _Spelling:
    if request.ip is None:
        return _Spelling()
    address = _address(request.ip)
    if address is None:
        problem = "must be the IPv4 or IPv6 address of one device"
        return _Spelling(problems=(FieldProblem(field="ip", problem=problem),))
    return _Spelling({"ip": address})


def _dialled_in(request: RegisterDevice | ChangeDevice) -> _Spelling:
    changing = isinstance(request, ChangeDevice)
    kept: dict[str, object] = dict.fromkeys(_REACHED_BY) if changing else _NOWHERE
    serial = admission.serial_of(request.serial_number or "")
    if serial is None and (request.serial_number or not changing):
        problem = "must be the serial number of a device that dials in: 5 to 50 of A-Z 0-9 _ -"
        return _Spelling(problems=(FieldProblem(field="serial_number", problem=problem),))
    return _Spelling({**kept, "serial_number": serial})


def _address(text: str) -> str | None:
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        return None
    # One device must not pass for two because its address can be written in two ways.
    found = getattr(found, "ipv4_mapped", None) or found
    if found.is_unspecified or found.is_multicast or str(found) == "255.255.255.255":
        return None
    return str(found)


def changes(known: Mapping[str, object], request: ChangeDevice) -> dict[str, object]:
    """Return what a request makes different of what is known, by field."""
    wanted = request.model_dump(exclude={"device_id"}, exclude_none=True)
    if wanted.get("serial_number") == "":
        wanted["serial_number"] = known["device_serial"] or ""
    return {name: value for name, value in wanted.items() if known[name] != value}


def same_device(known: Mapping[str, object], changed: Mapping[str, object]) -> None:
    """Raise VALIDATION_ERROR when a device that dialled in is to have another serial.

    It is known by nothing else: its body, which is pinned, and its punches would be another's.
    """
    bound = known["dialect"] in admission.DIAL_IN and known["hardware"] is not None
    if bound and "serial_number" in changed:
        problem = f"it dialled in as {known['serial_number']}: register the other one"
        raise invalid(FieldProblem(field="serial_number", problem=problem))


def must_be_reached(changed: Mapping[str, object]) -> bool:
    """Tell whether a device must answer before a change is believed."""
    return any(name in changed for name in _REACHED_BY)


def serial_of(text: str | None) -> str | None:
    """Return a serial as devices mean it: no padding, at most 64 characters, None for none."""
    found = (text or "").split("\x00", 1)[0].strip()[:_SERIAL_LENGTH]
    return found or None


def probe_error(problem: Problem) -> MusterError:
    """Return what a caller is told when a device was not reached."""
    if problem.code in _DEVICE_PROBLEMS:
        return MusterError(problem.code, problem.details, status=400)
    if problem.code is Code.TIMEOUT:
        return MusterError(Code.NO_AGENT, "The agent of this site did not answer in time.")
    return MusterError.of(problem)


def exchanged(pinned: str | None, reported: str | None) -> Problem | None:
    """Return the problem of a device that reports another serial than at first contact."""
    if pinned is None or reported is None or reported == pinned:
        return None
    details = (
        f"The device at this address reports serial {reported}; it was {pinned}."
        " If the terminal was exchanged, register the new one."
    )
    return MusterError(Code.CONFLICT, details).problem


def let_go() -> Problem:
    """Return why the operations of a removed device end."""
    return MusterError(Code.OPERATION_CANCELED, "Its device was removed.").problem


def offset(page: int, limit: int) -> int:
    """Return how many rows lie before a page, never more than the database can count."""
    return min((page - 1) * limit, _LARGEST)
