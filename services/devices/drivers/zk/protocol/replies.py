"""What a device's answer means when it is not what was hoped for."""

from typing import Final

from services.devices.drivers.base import DeviceError
from services.devices.drivers.zk.messages import ReplyCode
from services.devices.drivers.zk.protocol.procedure import Reply
from shared.contracts.errors import Code

YES: Final = frozenset({ReplyCode.OK, ReplyCode.DATA})
NOT_THERE: Final = frozenset({ReplyCode.ERROR, ReplyCode.NOT_FOUND})
"""What a device says when what was asked for does not exist."""
UNKNOWN_HERE: Final = frozenset(
    {ReplyCode.UNKNOWN, ReplyCode.ERROR_COMMAND, ReplyCode.NOT_SUPPORTED}
)
"""What a device says to a command it does not know."""

_FULL: Final = (ReplyCode.MEMORY_OVERFLOW, ReplyCode.NO_MEMORY, ReplyCode.TABLE_FULL)
_MEANINGS: Final[dict[int, tuple[Code, str]]] = {
    ReplyCode.UNAUTHORIZED: (Code.DEVICE_WRONG_KEY, "the session is not authenticated"),
    ReplyCode.REFUSED: (Code.DEVICE_REFUSED, "its firmware refuses this protocol"),
    ReplyCode.NO_DATA: (Code.DEVICE_NO_DATA, "it could not make a buffer for the table"),
    **dict.fromkeys(_FULL, (Code.DEVICE_FULL, "it has no room left")),
    **dict.fromkeys(UNKNOWN_HERE, (Code.NOT_SUPPORTED, "it does not know the command")),
    ReplyCode.ERROR: (Code.DEVICE_ERROR, "it gives no reason"),
    ReplyCode.NO_PHOTO: (Code.DEVICE_ERROR, "there is no photo of this person"),
    ReplyCode.NOT_FOUND: (Code.DEVICE_ERROR, "it does not have it"),
    ReplyCode.DELETE_FAILED: (Code.DEVICE_ERROR, "deleting failed"),
    ReplyCode.READ_FAILED: (Code.DEVICE_ERROR, "reading its storage failed"),
    ReplyCode.UPDATE_FAILED: (Code.DEVICE_ERROR, "updating its storage failed"),
    ReplyCode.ADD_FAILED: (Code.DEVICE_ERROR, "adding to its storage failed"),
    ReplyCode.BAD_PARAMETER: (Code.DEVICE_ERROR, "a parameter is not to its liking"),
    ReplyCode.BAD_LENGTH: (Code.DEVICE_ERROR, "the length of the data is not to its liking"),
    ReplyCode.OPTION_WRITE_FAILED: (Code.DEVICE_ERROR, "writing the option failed"),
    ReplyCode.OPTION_READ_FAILED: (Code.DEVICE_ERROR, "reading the option failed"),
}
_UNKNOWN: Final = (Code.DEVICE_ERROR, "nothing is known of this number")


def refusal(reply: Reply, what: str) -> DeviceError:
    """Return what an answer says that is no yes; ``what`` was asked, as in "read the clock"."""
    code, meaning = _MEANINGS.get(reply.code, _UNKNOWN)
    return DeviceError(code, f"The device answered {reply.code} when asked to {what}: {meaning}.")


def accept(reply: Reply, what: str) -> bytes:
    """Return the data of an answer that says yes; raise DeviceError for any other."""
    if reply.code not in YES:
        raise refusal(reply, what)
    return reply.data
