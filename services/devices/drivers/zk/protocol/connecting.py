"""Connecting and leaving: session, comm key, and never a device that stays disabled."""

from typing import NamedTuple

from services.devices.drivers.base import DeviceError
from services.devices.drivers.zk.codec.keys import scrambled
from services.devices.drivers.zk.codec.texts import text
from services.devices.drivers.zk.messages import Command, ReplyCode
from services.devices.drivers.zk.protocol.options import option
from services.devices.drivers.zk.protocol.procedure import Ask, Procedure, Reply
from services.devices.drivers.zk.protocol.replies import (
    NOT_THERE,
    UNKNOWN_HERE,
    accept,
    refusal,
)
from shared.contracts.errors import Code


class Hello(NamedTuple):
    """What a device tells of itself; None where it does not say."""

    serial: str | None
    firmware: str | None


def connect(comm_key: int) -> Procedure[Hello]:
    """Open a session, authenticate, enable the device and ask who it is.

    Enabled it is always: whoever held it before may have died while it was disabled. Raises
    DEVICE_WRONG_KEY, and DEVICE_REFUSED for firmware that has given this protocol up.
    """
    reply: Reply = yield Ask(Command.CONNECT, repeatable=True)
    if reply.code == ReplyCode.UNAUTHORIZED:
        yield from _authenticate(comm_key, reply.slot)
    else:
        accept(reply, "connect")
    reply = yield Ask(Command.ENABLE, repeatable=True)
    if reply.code == ReplyCode.UNAUTHORIZED:
        raise refusal(reply, "enable itself")
    serial = yield from option("~SerialNumber")
    firmware = yield from version()
    return Hello(serial or None, firmware)


def version() -> Procedure[str | None]:
    """Return the firmware's version, or None when the device does not tell."""
    reply: Reply = yield Ask(Command.VERSION, repeatable=True)
    if reply.code in NOT_THERE | UNKNOWN_HERE:
        return None
    return text(accept(reply, "tell its version")) or None


def enable() -> Procedure[None]:
    """Enable the device."""
    yield Ask(Command.ENABLE, repeatable=True)


def leave() -> Procedure[None]:
    """Enable the device and end the session."""
    yield from enable()
    yield Ask(Command.EXIT)


def _authenticate(comm_key: int, session: int) -> Procedure[None]:
    # Most firmware asks for a key also where none is set: that is the key 0.
    reply: Reply = yield Ask(Command.AUTH, scrambled(comm_key, session), repeatable=True)
    if reply.code == ReplyCode.UNAUTHORIZED:
        details = (
            "The device refused the comm key that is set for it: wrong key."
            if comm_key
            else "The device needs a comm key and none is set for it."
        )
        raise DeviceError(Code.DEVICE_WRONG_KEY, details)
    accept(reply, "take the comm key")
