"""Clearing the log under the custody rule: only what was read, received and is still the same."""

from typing import Final

from services.devices.drivers.base import DeviceError, Table
from services.devices.drivers.timmy.protocol.cleanup import kept_quiet
from services.devices.drivers.timmy.protocol.procedure import Ask, Procedure, Reply
from services.devices.drivers.timmy.protocol.reading import measured_log
from services.devices.drivers.timmy.protocol.replies import told
from services.devices.drivers.timmy.protocol.terms import Terms
from shared.contracts.actions import Cleared
from shared.contracts.errors import Code

_SAID_NOTHING: Final = frozenset(
    {
        Code.DEVICE_NO_ANSWER,
        Code.DEVICE_OFFLINE,
        Code.DEVICE_UNREACHABLE,
        Code.OPERATION_CANCELED,
    }
)
"""Failures that leave open whether the terminal did what it was asked."""


def clear_log(terms: Terms, expected: Table) -> Procedure[Cleared]:
    """Empty the log if it still is what ``expected`` says, byte for byte.

    The terminal is kept quiet meanwhile, so that nobody punches between the look and the clearing.
    LOG_NOT_QUIET when the log is another one by now; OUTCOME_UNKNOWN when the terminal falls silent
    once it was asked.
    """
    return (yield from kept_quiet(_clear(terms, expected)))


def _clear(terms: Terms, expected: Table) -> Procedure[Cleared]:
    def look(_: bytes) -> Procedure[None]:
        yield from ()

    table, records = yield from measured_log(terms, look)
    if (table.size, table.digest) != (expected.size, expected.digest):
        details = (
            f"The log had {expected.size} bytes when it was read and has {table.size} now, or"
            " other bytes; somebody uses the terminal."
        )
        raise DeviceError(Code.LOG_NOT_QUIET, details)
    try:
        yield from _empty()
    except DeviceError as error:
        if error.code not in _SAID_NOTHING:
            raise
        details = f"The terminal was asked to clear the log, and then: {error.details}"
        raise DeviceError(Code.OUTCOME_UNKNOWN, details) from error
    return Cleared(records=records, noted=False)


def _empty() -> Procedure[None]:
    yield from told({"cmd": "cleanlog"}, "clear the log")
    left: Reply = yield Ask({"cmd": "getalllog", "stn": True}, aside=True)
    if left.ok and left.body.get("record"):
        details = "The terminal acknowledged the clearing and still has records."
        raise DeviceError(Code.DEVICE_ERROR, details)
