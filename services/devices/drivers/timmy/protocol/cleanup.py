"""Undoing what a procedure began, also when it failed."""

import contextlib
from typing import Final

from services.devices.drivers.base import DeviceError
from services.devices.drivers.timmy.protocol.procedure import Ask, Procedure, T
from services.devices.drivers.timmy.protocol.replies import told

_ENABLING: Final = Ask({"cmd": "enabledevice"}, aside=True)


def kept_quiet(main: Procedure[T]) -> Procedure[T]:
    """Run a procedure while nobody can punch, and let people punch again whatever became of it.

    Raises NOT_SUPPORTED where the terminal cannot be kept quiet.
    """
    try:
        yield from told({"cmd": "disabledevice"}, "let nobody punch for a while", aside=True)
        result = yield from main
    except Exception:
        yield from _enabled()
        raise
    yield from _enabled()
    return result


def _enabled() -> Procedure[None]:
    # What the main procedure found out counts; a terminal that is away starts anew, enabled.
    with contextlib.suppress(DeviceError):
        yield _ENABLING
