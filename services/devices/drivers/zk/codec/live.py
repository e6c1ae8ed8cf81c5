"""Live punches: the body of an event, by its length."""

from typing import Final

from services.devices.drivers.base import DecodeError, LogEntry
from services.devices.drivers.zk.codec import texts, times
from services.devices.drivers.zk.codec.logs import Slots, of_slot
from services.devices.drivers.zk.messages import LIVE_10, LIVE_12, LIVE_32

_OF_SLOT: Final = frozenset({10, 14})
_UNDEFINED: Final = 255


def punch(body: bytes, slots: Slots) -> LogEntry:
    """Return the punch of an event; raise DecodeError when the body is of no known form.

    10 and 14 bytes name a slot, 12 a number, 32 and more (36, 37 and 52 exist) a user id.
    """
    if len(body) >= LIVE_32.size:
        user, verify, state, *six = LIVE_32.unpack_from(body)
        return _entry(body, (texts.text(user), ()), verify, state, six)
    if len(body) == LIVE_12.size:
        number, verify, state, *six = LIVE_12.unpack(body)
        return _entry(body, (str(number), ()), verify, state, six)
    if len(body) in _OF_SLOT:
        uid, verify, state, *six = LIVE_10.unpack_from(body)
        # By the manual the high half of the byte only tells whether the low one holds.
        state = state if state == _UNDEFINED else state & 0x0F
        return _entry(body, of_slot(uid, slots), verify, state, six)
    msg = f"a live punch of {len(body)} bytes is of no known form"
    raise DecodeError(msg)


def _entry(
    body: bytes, who: tuple[str, tuple[str, ...]], verify: int, state: int, six: list[int]
) -> LogEntry:
    shown = times.spelled(six)
    if shown is None:
        msg = f"a live punch of {len(body)} bytes shows the time {six}, which no clock does"
        raise DecodeError(msg)
    person, doubt = who
    said, flags = shown
    return LogEntry(person, said, verify, state, None, body, flags + doubt)
