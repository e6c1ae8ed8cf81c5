"""Devices by their serial number, as /api names them."""

import re
from typing import Final

from shared.contracts import catalog
from shared.contracts.devices import Device, FindDevice
from shared.contracts.errors import Code
from shared.kit.bus import Bus
from shared.kit.errors import MusterError
from shared.kit.rpc import ask

_FIT: Final = re.compile(r"[^\x00-\x1f\x7f-\x9f]{1,64}")


class Serials:
    """Finds devices of the caller's owner."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    async def find(self, token: str, serial: str) -> Device:
        """Return a device; one that is not the caller's is DEVICE_OFFLINE, as if it were away."""
        if not _FIT.fullmatch(serial):
            raise MusterError(Code.DEVICE_OFFLINE)
        asked = FindDevice(serial=serial)
        try:
            return await ask(self._bus, catalog.FIND_DEVICE, asked, Device, token=token)
        except MusterError as error:
            raise as_away(error) from error


def as_away(error: MusterError) -> MusterError:
    """Return what says of an unknown serial number the same as of a device that is away."""
    return MusterError(Code.DEVICE_OFFLINE) if error.problem.code is Code.NOT_FOUND else error
