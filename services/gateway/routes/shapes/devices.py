"""What callers send of devices; ``password`` is the comm key, as text."""

import ipaddress
from typing import Annotated, Any, Final

from pydantic import AfterValidator, AliasChoices, BeforeValidator, Field

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
from shared.contracts.agents import Driver, LogLayout, Transport, UnlockFactor, Wire
from shared.contracts.devices import ChangeDevice, CommKey, Port, RegisterDevice
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
    try:
        ipaddress.ip_address(sent)
    except ValueError:
        raise ValueError(_NO_ADDRESS) from None
    return sent


Address = Annotated[
    str,
    AfterValidator(_address),
    Field(json_schema_extra={"anyOf": [{"format": "ipv4"}, {"format": "ipv6"}]}),
]
_EXAMPLE: Final[dict[str, Any]] = {
    "name": "Main Entrance Reader",
    "ip": "192.168.1.100",
    "port": 4370,
    "password": "",
    "location": "Building A - Main Entrance",
    "serial_number": "ZKT-001-2024",
}


class NewDevice(Strict, RegisterDevice):
    """A device as the document writes it."""

    model_config = example(**_EXAMPLE)

    name: Name
    ip: Address
    comm_key: Annotated[CommKey, _READ_KEY, _AS_PASSWORD] = 0
    location: Text = ""
    serial_number: Serial = ""
    zone: Zone | None = None
    encoding: CodePage = "utf-8"


class WholeDevice(Strict, Wire):
    """A device written anew; what is left out takes its default, but password and zone stay.

    The password is never shown, so whoever writes back what they read must not lose it.
    """

    model_config = example(**_EXAMPLE)

    name: Name
    ip: Address
    port: Port = 4370
    comm_key: Annotated[CommKey | None, _READ_KEY_OR_NONE, _AS_PASSWORD] = None
    location: Text = ""
    serial_number: Serial = ""
    zone: Zone | None = None
    encoding: CodePage = "utf-8"

    def asking(self, device_id: int) -> ChangeDevice:
        """Return the request to the registry."""
        return ChangeDevice(device_id=device_id, **dict(self))


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

    def asking(self, device_id: int) -> ChangeDevice:
        """Return the request to the registry."""
        return ChangeDevice(device_id=device_id, **dict(self))


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
