"""What a terminal's answer means when it is not what was hoped for (timmy.md 1.7)."""

from typing import Any, Final

from services.devices.drivers.base import DeviceError
from services.devices.drivers.timmy.codec.answers import shown
from services.devices.drivers.timmy.protocol.procedure import Ask, Procedure, Reply
from shared.contracts.errors import Code

_UNKNOWN_COMMAND: Final = "can not find this command"
_NOBODY: Final = "can not find the user"
_NOT_THERE: Final = (_NOBODY, "have no data", "can not find logs")
_GENERIC: Final = frozenset({None, 1})
_BUSY: Final = 3
_REASONS: Final = {
    1: "it gives no reason, or did not understand",
    2: "a password or a sum is wrong",
    _BUSY: "it is busy",
    5: "there is no face in the picture",
    6: "there is more than one face in the picture",
    7: "the picture is too large",
    8: "the face is too large",
    9: "the face is too small",
    10: "the picture is not good enough",
    11: "the face is not in the middle, or not whole",
    12: "the face is enrolled already, of another person",
}


def says_nobody(reply: Reply) -> bool:
    """Return whether an answer says that the terminal does not hold the person."""
    return not reply.ok and _NOBODY in reply.message.casefold()


def says_nothing(reply: Reply) -> bool:
    """Return whether an answer says that what was asked for does not exist."""
    return not reply.ok and any(each in reply.message.casefold() for each in _NOT_THERE)


def may_say_nothing(reply: Reply) -> bool:
    """Return the same also of an answer that gives no reason: old firmware does not tell (1.7)."""
    if says_unknown(reply):
        return False
    return says_nothing(reply) or (not reply.ok and reply.reason in _GENERIC)


def says_unknown(reply: Reply) -> bool:
    """Return whether an answer says that the firmware does not know the command."""
    return not reply.ok and _UNKNOWN_COMMAND in reply.message.casefold()


def refusal(reply: Reply, what: str) -> DeviceError:
    """Return what an answer says that is no yes; ``what`` was asked, as in "tell its time"."""
    said = shown(reply.body)
    if says_unknown(reply):
        details = f"This terminal's firmware cannot {what}."
        return DeviceError(Code.NOT_SUPPORTED, details, said)
    code = Code.DEVICE_BUSY if reply.reason == _BUSY else Code.DEVICE_ERROR
    meaning = reply.message or _REASONS.get(reply.reason or 0, "nothing is known of this number")
    details = f"The terminal refused to {what}, reason {reply.reason}: {meaning}."
    return DeviceError(code, details, said)


def accept(reply: Reply, what: str) -> dict[str, Any]:
    """Return an answer that says yes; raise DeviceError for any other."""
    if not reply.ok:
        raise refusal(reply, what)
    return reply.body


def told(command: dict[str, Any], what: str, *, aside: bool = False) -> Procedure[dict[str, Any]]:
    """Ask, and return the answer if it says yes."""
    return accept((yield Ask(command, aside=aside)), what)
