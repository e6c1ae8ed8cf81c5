"""How one terminal's firmware speaks port 4370: its key, its limits, its options."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from services.devices.simulators.faults import Fault

if TYPE_CHECKING:
    from services.devices.simulators.spec import DeviceSpec

VERSION = "Ver 6.60 Apr 26 2016"
_OTHER_KEY = 0x5A17


@dataclass
class Firmware:
    """The spoken side of a terminal; `fault` bends it until it is healed."""

    spec: DeviceSpec
    fault: Fault = Fault.NONE
    options: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        """Set the options as they leave the factory."""
        self.options = _factory_options(self.spec)

    @property
    def key(self) -> int | None:
        """Return the comm key in force, or None where none is asked for."""
        if self.fault is Fault.WRONG_KEY:
            return (self.spec.key or 0) ^ _OTHER_KEY
        return self.spec.key


def _factory_options(spec: DeviceSpec) -> dict[str, str]:
    return {
        "~SerialNumber": spec.serial,
        "~Platform": "ZMM220_TFT",
        "~DeviceName": spec.name,
        "~OS": "1",
        "~OEMVendor": "Muster simulator",
        "~ProductTime": "2016-04-26 10:00:00",
        "~ZKFPVersion": "10",
        "~ExtendFmt": "0",
        "~UserExtFmt": "1",
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
        "TCPPort": str(spec.port),
        "Language": "69",
        "CompatOldFirmware": "0",
        "IsSupportPull": "1",
    }
