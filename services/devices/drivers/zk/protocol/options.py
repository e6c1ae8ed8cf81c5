"""A device's own settings: read and written."""

from services.devices.drivers.base import DeviceError
from services.devices.drivers.zk.codec import options as codec
from services.devices.drivers.zk.messages import Command
from services.devices.drivers.zk.protocol.procedure import Ask, Procedure, Reply
from services.devices.drivers.zk.protocol.replies import NOT_THERE, UNKNOWN_HERE, accept
from services.devices.drivers.zk.protocol.terms import Terms
from shared.contracts.actions import OptionRead, ReadOption, WriteOption
from shared.contracts.errors import Code


def option(name: str, encoding: str = "utf-8") -> Procedure[str | None]:
    """Return an option, or None when the device does not know it."""
    reply: Reply = yield Ask(Command.OPTION_READ, codec.asked(name), repeatable=True)
    if reply.code in NOT_THERE | UNKNOWN_HERE:
        return None
    return codec.value_of(name, accept(reply, f"tell the option {name}"), encoding)


def read_option(terms: Terms, wanted: ReadOption | WriteOption) -> Procedure[OptionRead]:
    """Read an option; NOT_FOUND when the device does not know it."""
    value = yield from option(wanted.name, terms.encoding)
    if value is None:
        details = f"The device does not know the option {wanted.name}."
        raise DeviceError(Code.NOT_FOUND, details)
    return OptionRead(name=wanted.name, value=value)


def write_option(terms: Terms, wanted: WriteOption) -> Procedure[OptionRead]:
    """Write an option and return it as the device now holds it."""
    data = codec.written(wanted.name, wanted.value, terms.encoding)
    accept((yield Ask(Command.OPTION_WRITE, data)), f"write the option {wanted.name}")
    accept((yield Ask(Command.REFRESH_OPTION)), "take up the option")
    return (yield from read_option(terms, wanted))
