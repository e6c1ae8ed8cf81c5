"""How one terminal's firmware speaks port 4370: its key, its options, its faults."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING, Final

from services.devices.simulators.faults import Fault
from services.devices.simulators.quirks import Transport, UserWidth
from services.devices.simulators.zk.punches import LogTable

if TYPE_CHECKING:
    from services.devices.simulators.spec import DeviceSpec

_OTHER_KEY = 0x5A17
TRAPS: Final = frozenset({Fault.CUT, Fault.FIN, Fault.STALL})
"""Faults that wait for a number of bytes of table data."""


@dataclass
class Firmware:
    """The spoken side of a terminal; `fault` bends it until it is healed."""

    spec: DeviceSpec
    fault: Fault = Fault.NONE
    left: int = 0
    """How many bytes of table data still go out before a trap closes."""
    options: dict[str, str] = field(init=False)
    log: LogTable = field(init=False)
    rng: Random = field(init=False)
    """Where fragments end and which datagrams are lost: the same in every run."""

    def __post_init__(self) -> None:
        """Set the options as they leave the factory."""
        self.options = _factory_options(self.spec)
        self.log = LogTable(self.spec.log_width)
        self.rng = Random(self.spec.serial)  # noqa: S311 - where a wire is bad, no secret

    @property
    def key(self) -> int | None:
        """Return the comm key in force, or None where none is asked for."""
        if self.fault is Fault.WRONG_KEY:
            return (self.spec.key or 0) ^ _OTHER_KEY
        return self.spec.key

    def option(self, name: str) -> bytes | None:
        """Return `name=value` and a NUL, with what else lies in memory there; None if unknown."""
        value = self.options.get(name)
        if value is None:
            return None
        text = f"{name}={value}".encode(self.spec.encoding, "replace") + b"\0"
        return text + b"0\0\x7f" if self.spec.garbage else text


def _factory_options(spec: DeviceSpec) -> dict[str, str]:
    wide = spec.user_width is UserWidth.WIDE
    return {
        "~SerialNumber": spec.serial,
        "~Platform": spec.platform,
        "~DeviceName": spec.name,
        "~OS": "1",
        "~OEMVendor": "Muster simulator",
        "~ProductTime": "2016-04-26 10:00:00",
        "~ZKFPVersion": "10",
        "~ExtendFmt": "0",
        "~UserExtFmt": "1" if wide else "0",
        "~PIN2Width": "9",
        "~IsABCPinEnable": "0",
        "~SSR": "1",
        "MAC": "00:17:61:00:00:01",
        "IPAddress": spec.host,
        "NetMask": "255.0.0.0",
        "GATEIPAddress": "0.0.0.0",  # noqa: S104 - an option's value, nothing is bound
        "WorkCode": "0",
        "FaceFunOn": "0",
        "FingerFunOn": "1",
        "LockOn": "5",
        "DeviceID": "1",
        **({} if spec.transport is Transport.UDP else {"TCPPort": str(spec.port)}),
        "UDPPort": str(spec.port),
        "Language": "69",
        "CompatOldFirmware": "0",
        "IsSupportPull": "1",
    }
