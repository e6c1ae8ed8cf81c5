"""The device's own operation log: who did what at its menu, and what was done to it."""

from collections.abc import Iterator
from typing import NamedTuple

from services.devices.drivers.base import DecodeError
from services.devices.drivers.zk.messages import OPERATION


class Operated(NamedTuple):
    """One record of the operation log."""

    admin: int
    """Slot of who did it, 0 when it came over the wire."""
    operation: int
    time: int
    """As the device packs it."""


def operations(rows: bytes) -> Iterator[Operated]:
    """Return the records in order; raise DecodeError at a torn one."""
    if len(rows) % OPERATION.size:
        msg = f"{len(rows)} bytes are no whole number of {OPERATION.size}-byte operations"
        raise DecodeError(msg)
    for admin, operation, _, time, _ in OPERATION.iter_unpack(rows):
        yield Operated(admin, operation, time)
