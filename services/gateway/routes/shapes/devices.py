"""What callers send of devices; ``password`` is the comm key, as text."""

import ipaddress
from typing import Annotated, Any, Final

from pydantic import (
    AfterValidator,
    AliasChoices,
    BeforeValidator,
    Field,
    ValidationInfo,
    field_validator,
)

from services.gateway.routes.examples import example
from services.gateway.routes.shapes.fields import (
    CodePage,
    Name,
    OneDevice,
    Serial,
    Strict,
    Text,
    Zone,
)
from shared.contracts.agents import (
    Dialect,
    Driver,
    Family,
    LogLayout,
    Transport,
    UnlockFactor,
    Wire,
)
from shared.contracts.devices import ApproveDevice, ChangeDevice, CommKey, Port, RegisterDevice
from shared.contracts.message import SiteId
from shared.contracts.options import OptionValue

_NO_COMM_KEY: Final = "must be the device's comm key: at most 9 digits, or empty for 0"
_NO_ADDRESS: Final = "must be an IPv4 or IPv6 address"


def _comm_key(sent: object) -> object:
    if isinstance(sent, str):
        digits = sent.strip(" ") or "0"
        if digits.isascii() and digits.isdigit() and len(digits) < 10:
            return int(digits)
    elif sent is None or (isinstance(sent, int) and not isinstance(sent, bool)):
        return sent
    raise ValueError(_NO_COMM_KEY)


_KeySent = Annotated[str, Field(pattern=r"^ *[0-9]{0,9} *$")] | CommKey
_READ_KEY: Final = BeforeValidator(_comm_key, json_schema_input_type=_KeySent)
_READ_KEY_OR_NONE: Final = BeforeValidator(_comm_key, json_schema_input_type=_KeySent | None)
_AS_PASSWORD: Final[Any] = Field(
    repr=False, validation_alias="password", json_schema_extra={"writeOnly": True}
)


def _address(sent: str) -> str:
    if not sent:
        return sent
    try:
        ipaddress.ip_address(sent)
    except ValueError:
        raise ValueError(_NO_ADDRESS) from None
    return sent


Address = Annotated[
    str,
    AfterValidator(_address),
    Field(json_schema_extra={"anyOf": [{"format": "ipv4"}, {"format": "ipv6"}, {"maxLength": 0}]}),
]
"""Empty: it has none, for it dials in."""
_NEEDS_ADDRESS: Final = "must be given: this device is dialled"
_NEEDS_SERIAL: Final = "must be given: a device that dials in is known by it"
_EXAMPLE: Final[dict[str, Any]] = {
    "name": "Main Entrance Reader",
    "ip": "192.168.1.100",
    "port": 4370,
    "password": "",
    "location": "Building A - Main Entrance",
    "serial_number": "ZKT-001-2024",
}


def _for_dialect(sent: str, wanted: Dialect, problem: str, info: ValidationInfo) -> str:
    if not sent and info.data.get("dialect") == wanted:
        raise ValueError(problem)
    return sent


class NewDevice(Strict, Wire):
    """A device as the document writes it.

    One that we dial needs its ``ip``; one that dials in, its ``serial_number``.
    """

    model_config = example(**_EXAMPLE)

    # Before what is needed in one dialect only.
    dialect: Dialect = "zk"
    name: Name
    ip: Annotated[Address, Field(validate_default=True)] = ""
    port: Port = 4370
    comm_key: Annotated[CommKey, _READ_KEY, _AS_PASSWORD] = 0
    location: Text = ""
    serial_number: Annotated[Serial, Field(validate_default=True)] = ""
    site: SiteId | None = None
    zone: Zone | None = None
    encoding: CodePage = "utf-8"

    @field_validator("ip")
    @classmethod
    def _dialled(cls, sent: str, info: ValidationInfo) -> str:
        return _for_dialect(sent, "zk", _NEEDS_ADDRESS, info)

    @field_validator("serial_number")
    @classmethod
    def _dials_in(cls, sent: str, info: ValidationInfo) -> str:
        return _for_dialect(sent, "timmy", _NEEDS_SERIAL, info)

    def asking(self) -> RegisterDevice:
        """Return the request to the registry."""
        return RegisterDevice(**dict(self))


class WholeDevice(Strict, Wire):
    """A device written anew; what is left out takes its default, but password, ip and zone stay.

    The password is never shown, so whoever writes back what they read must not lose it. A device
    that dials in has no ip.
    """

    model_config = example(**_EXAMPLE)

    name: Name
    ip: Address | None = None
    port: Port = 4370
    comm_key: Annotated[CommKey | None, _READ_KEY_OR_NONE, _AS_PASSWORD] = None
    location: Text = ""
    serial_number: Serial = ""
    zone: Zone | None = None
    encoding: CodePage = "utf-8"

    def asking(self, device_id: int) -> ChangeDevice:
        """Return the request to the registry."""
        return ChangeDevice(device_id=device_id, **{**dict(self), "ip": self.ip or None})


class DeviceChange(Strict):
    """A part of a device; what is left out or null stays as it is."""

    model_config = example(location="Building B")

    name: Name | None = None
    ip: Address | None = None
    port: Port | None = None
    comm_key: Annotated[CommKey | None, _READ_KEY_OR_NONE, _AS_PASSWORD] = None
    location: Text | None = None
    serial_number: Serial | None = None
    zone: Zone | None = None
    driver: Driver | None = None
    transport: Transport | None = None
    encoding: CodePage | None = None
    unlock_factor: UnlockFactor | None = None
    log_layout: LogLayout | None = None
    family: Family | None = None

    def asking(self, device_id: int) -> ChangeDevice:
        """Return the request to the registry."""
        return ChangeDevice(device_id=device_id, **{**dict(self), "ip": self.ip or None})


class Approval(Strict):
    """How a terminal is to be called that is served from now on; what is left out, it tells."""

    model_config = example(name="Back Door", location="Building A")

    name: Name | None = None
    location: Text = ""
    zone: Zone | None = None

    def asking(self, serial: str) -> ApproveDevice:
        """Return the request to the registry."""
        return ApproveDevice(serial=serial, **dict(self))


class OptionChange(Strict):
    """The new value of one of a device's own settings."""

    model_config = example(value="67")

    value: OptionValue


class Unlocking(Strict):
    """How long the door stays unlocked, in seconds."""

    model_config = example(seconds=5)

    seconds: Annotated[
        int, Field(ge=1, le=60, validation_alias=AliasChoices("seconds", "auto_lock_in"))
    ] = 5


class UnlockingOne(Unlocking, OneDevice):
    """The same, where a path does not name the device."""

    model_config = example(device_id=1, seconds=5)
