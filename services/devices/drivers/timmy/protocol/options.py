"""A terminal's own settings: fields of its ``devinfo``, read and written (timmy.md 1.7)."""

import json
from typing import Any, Final

from services.devices.drivers.base import DeviceError
from services.devices.drivers.timmy.protocol.procedure import Procedure
from services.devices.drivers.timmy.protocol.replies import told
from services.devices.drivers.timmy.protocol.terms import Terms
from shared.contracts.actions import OptionRead, ReadOption, WriteOption
from shared.contracts.errors import Code

_NO_SETTINGS: Final = frozenset({"cmd", "ret", "sn", "result", "reason", "msg", "devinfo"})
"""Words of the dialect itself: as the name of a setting they would make another command of it."""
_SECRET: Final = ("password", "pwd")


def read_option(_: Terms, wanted: ReadOption) -> Procedure[OptionRead]:
    """Read a setting; NOT_FOUND when the terminal does not know it."""
    return (yield from _read(wanted.name, aside=False))


def write_option(_: Terms, wanted: WriteOption) -> Procedure[OptionRead]:
    """Write a setting and return it as the terminal now holds it."""
    _setting(wanted.name)
    command = {"cmd": "setdevinfo", wanted.name: _value(wanted.value)}
    yield from told(command, f"write the setting {wanted.name}")
    return (yield from _read(wanted.name, aside=True))


def _read(name: str, *, aside: bool) -> Procedure[OptionRead]:
    _setting(name)
    body = yield from told({"cmd": "getdevinfo"}, "tell its settings", aside=aside)
    within = body.get("devinfo")
    settings: dict[str, Any] = {**body, **within} if isinstance(within, dict) else body
    if name not in settings:
        details = f"The terminal does not know the setting {name}."
        raise DeviceError(Code.NOT_FOUND, details)
    value = settings[name]
    return OptionRead(name=name, value=value if isinstance(value, str) else json.dumps(value))


def _setting(name: str) -> None:
    if name in _NO_SETTINGS or any(each in name.casefold() for each in _SECRET):
        raise DeviceError(Code.NOT_SUPPORTED, f"{name} is no setting that can be read or written.")


def _value(value: str) -> str | int | bool:
    """Return a setting's value of the kind that the terminal wants: most are numbers."""
    if value in {"true", "false"}:
        return value == "true"
    return int(value) if value.isascii() and value.isdigit() and len(value) < 10 else value
