"""Undoing what a procedure began, also when it failed."""

import contextlib
from collections.abc import Callable

from services.devices.drivers.base import DeviceError
from services.devices.drivers.zk.protocol.procedure import Procedure, T


def ending_with(cleanup: Callable[[], Procedure[None]], main: Procedure[T]) -> Procedure[T]:
    """Run a procedure and then its cleanup, whatever became of it.

    What the cleanup itself cannot do is not told: what the main procedure found out counts, and a
    device that could not even be asked to enable itself is asked again at the next connect.
    """
    try:
        result = yield from main
    except Exception:
        yield from _quietly(cleanup())
        raise
    yield from _quietly(cleanup())
    return result


def _quietly(cleanup: Procedure[None]) -> Procedure[None]:
    with contextlib.suppress(DeviceError):
        yield from cleanup
