"""Restarting a terminal; none of this dialect can be switched off from afar."""

from typing import Final

from services.devices.drivers.base import DeviceError
from services.devices.drivers.timmy.protocol.clock import wall_clock
from services.devices.drivers.timmy.protocol.procedure import Ask, Procedure, Reply
from services.devices.drivers.timmy.protocol.replies import accept
from shared.contracts.actions import Done
from shared.contracts.errors import Code

_SECONDS: Final = 5.0
_GONE: Final = frozenset({Code.DEVICE_NO_ANSWER, Code.DEVICE_OFFLINE, Code.DEVICE_UNREACHABLE})


def restart() -> Procedure[Done]:
    """Restart the terminal; it may answer, fall silent or hang up, and all of it is success."""
    # So that its silence afterwards is not that of a terminal that was gone before.
    yield from wall_clock()
    try:
        reply: Reply = yield Ask({"cmd": "reboot"}, _SECONDS)
    except DeviceError as error:
        if error.code not in _GONE:
            raise
    else:
        accept(reply, "restart")
    return Done()
