"""Clearing the log under the custody rule: only what was read, received and is still the same."""

from datetime import timedelta
from typing import Final

from services.devices.drivers.base import DecodeError, DeviceError, Table
from services.devices.drivers.zk.codec.layouts import layout_of
from services.devices.drivers.zk.codec.logs import LAYOUTS
from services.devices.drivers.zk.codec.operations import operations
from services.devices.drivers.zk.messages import Command, Op
from services.devices.drivers.zk.protocol import tables
from services.devices.drivers.zk.protocol.cleanup import ending_with
from services.devices.drivers.zk.protocol.clock import packed_time
from services.devices.drivers.zk.protocol.connecting import enable
from services.devices.drivers.zk.protocol.procedure import Ask, Procedure
from services.devices.drivers.zk.protocol.reading import count_records, measured_log
from services.devices.drivers.zk.protocol.replies import accept
from services.devices.drivers.zk.protocol.terms import Terms
from shared.contracts.actions import Cleared
from shared.contracts.errors import Code

_SLOWEST: Final = 10_000
"""Bytes a second that the slowest device hands out."""
_LEEWAY: Final = 60
_RESERVE: Final = 20
"""Seconds that must be left of the device's quiet when the clearing is asked for."""
_SAID_NOTHING: Final = frozenset(
    {
        Code.DEVICE_NO_ANSWER,
        Code.DEVICE_UNREACHABLE,
        Code.DEVICE_WRONG_PROTOCOL,
        Code.OPERATION_CANCELED,
    }
)
"""Failures that leave open whether the device did what it was asked."""


def clear_log(terms: Terms, expected: Table) -> Procedure[Cleared]:
    """Empty the log if it still is what ``expected`` says, byte for byte.

    The device is disabled meanwhile, so that nobody punches between the look and the clearing, and
    enabled whatever happens; should we die, it enables itself after a time. LOG_NOT_QUIET when the
    log is another one by now; OUTCOME_UNKNOWN when the device falls silent once it was asked.
    """
    return (yield from ending_with(enable, _clear(terms, expected)))


def _clear(terms: Terms, expected: Table) -> Procedure[Cleared]:
    quiet = timedelta(seconds=_LEEWAY + expected.size // _SLOWEST)
    asked = terms.now()
    data = int(quiet.total_seconds()).to_bytes(4, "little")
    accept((yield Ask(Command.DISABLE, data)), "let nobody punch for a while")
    since = yield from packed_time()
    # Nothing is asked between the last count of this look and the clearing: DISABLE may be ignored.
    records = yield from _unchanged(terms, expected)
    if terms.now() > asked + quiet - timedelta(seconds=_RESERVE):
        details = "Reading the log again took longer than the device keeps quiet."
        raise DeviceError(Code.LOG_NOT_QUIET, details)
    try:
        yield from _empty()
    except DeviceError as error:
        if error.code not in _SAID_NOTHING:
            raise
        details = f"The device was asked to clear the log, and then: {error.details}"
        raise DeviceError(Code.OUTCOME_UNKNOWN, details) from error
    return Cleared(records=records, noted=(yield from _noted(terms, since)))


def _unchanged(terms: Terms, expected: Table) -> Procedure[int]:
    """Read the log again and return how many records it has, if it is the expected one."""
    head = bytearray()

    def look(piece: bytes) -> Procedure[None]:
        if not head:
            head.extend(piece)
        yield from ()

    table = yield from measured_log(terms, look)
    same = (table.size, table.digest) == (expected.size, expected.digest)
    if not same or table.before != table.after:
        details = (
            f"The log had {expected.size} bytes when it was read and has {table.size} now, or"
            " other bytes; somebody uses the device."
        )
        raise DeviceError(Code.LOG_NOT_QUIET, details)
    if table.before is not None or table.size == 0:
        return table.before or 0
    layout = layout_of([bytes(head)], table, terms.local(), terms.log_layout)
    return table.size // LAYOUTS[layout][0].size


def _empty() -> Procedure[None]:
    accept((yield Ask(Command.CLEAR_LOG)), "clear the log")
    accept((yield Ask(Command.REFRESH_DATA)), "take up the change")
    left = yield from count_records()
    if left:
        details = f"The device acknowledged the clearing and still counts {left} records."
        raise DeviceError(Code.DEVICE_ERROR, details)


def _noted(terms: Terms, since: int) -> Procedure[bool]:
    """Return whether the device's own operation log has the clearing; not every model keeps one."""
    try:
        rows = yield from tables.whole(tables.OPERATIONS, terms, None)
        return any(
            each.operation == Op.LOG_CLEARED and each.time >= since for each in operations(rows)
        )
    except (DeviceError, DecodeError):
        return False
