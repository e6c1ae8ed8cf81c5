"""Restarting a device, and switching it off."""

import contextlib
from typing import Final

from services.devices.drivers.base import DeviceError
from services.devices.drivers.zk.messages import Command
from services.devices.drivers.zk.protocol.clock import packed_time
from services.devices.drivers.zk.protocol.procedure import Ask, Procedure
from services.devices.drivers.zk.protocol.replies import accept
from shared.contracts.actions import Done
from shared.contracts.errors import Code

_GONE: Final = frozenset({Code.DEVICE_NO_ANSWER, Code.DEVICE_UNREACHABLE})


def restart() -> Procedure[Done]:
    """Restart the device; it may acknowledge, fall silent or hang up, and all of it is success."""
    # So that its silence afterwards is not that of a device that was gone before.
    yield from packed_time()
    try:
        accept((yield Ask(Command.RESTART)), "restart")
    except DeviceError as error:
        if error.code not in _GONE:
            raise
    return Done()


def power_off() -> Procedure[Done]:
    """Switch the device off, once it has acknowledged that."""
    accept((yield Ask(Command.POWER_OFF)), "switch itself off")
    with contextlib.suppress(DeviceError):  # it may be off by now
        yield Ask(Command.EXIT)
    return Done()
