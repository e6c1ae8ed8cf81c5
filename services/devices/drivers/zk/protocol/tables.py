"""Reading a table whole: through the device's buffer, in chunks, and only if everything agrees."""

from collections.abc import Callable
from typing import Final, NamedTuple

from services.devices.drivers.base import DeviceError
from services.devices.drivers.zk.codec.sizes import Sizes, sizes
from services.devices.drivers.zk.messages import (
    BUFFER,
    PART,
    SELECT,
    SIZE_WORD,
    Command,
    ReplyCode,
)
from services.devices.drivers.zk.protocol.cleanup import ending_with
from services.devices.drivers.zk.protocol.procedure import SILENCE, Ask, Procedure, Reply
from services.devices.drivers.zk.protocol.replies import NOT_THERE, UNKNOWN_HERE, accept
from services.devices.drivers.zk.protocol.terms import Terms
from shared.contracts.errors import Code

_PREPARING: Final = 7.0
"""Seconds a device may take to collect a table; whoever waits behind a hung one has 10 in all."""
_DATAGRAM: Final = 1.0
"""Seconds after which what should have come by datagram is taken for lost."""
_TRIES: Final = 8
"""How often a chunk is asked for over UDP, each time a smaller one."""
_LEAST: Final = 1024
"""The smallest chunk that is asked for: one datagram of what devices send."""
_LIMIT: Final = 1 << 26
"""No table of any model comes near; a size beyond it is no honest one."""
_REPAIRABLE: Final = frozenset({Code.PULL_INCOMPLETE, Code.DEVICE_NO_ANSWER})
_NOTHING: Final = frozenset({ReplyCode.ERROR, ReplyCode.NO_DATA})
"""What a device says when a table is empty, and just as well when it cannot hand it out."""

Take = Callable[[bytes], Procedure[None]]
"""Takes the next piece of a table's records."""


class Selector(NamedTuple):
    """How a table is asked for."""

    command: int
    function: int
    what: str


LOG: Final = Selector(Command.LOG, 0, "attendance log")
USERS: Final = Selector(Command.USERS, 5, "users")
TEMPLATES: Final = Selector(Command.TABLE_TEMPLATES, 2, "fingerprint templates")
OPERATIONS: Final = Selector(Command.OPERATIONS, 0, "operation log")


def read(table: Selector, terms: Terms, take: Take, held: int | None) -> Procedure[int]:
    """Read a table, all or nothing; return how many bytes of records it has.

    ``held`` is how many records the device counts in it, None where it does not tell. Raises
    PULL_INCOMPLETE when any of its sizes disagree, DEVICE_NO_DATA when the device hands out nothing
    and its count is not 0: without one, nobody can tell an empty table from a withheld one.
    """
    size = yield from ending_with(_free, _read(table, terms, take, held))
    if held and not size:
        details = f"the device counts {held} records and sends none"
        raise _incomplete(details)
    return size


def whole(table: Selector, terms: Terms, held: int | None) -> Procedure[bytes]:
    """Return the records of a table that is small enough to hold."""
    rows = bytearray()

    def take(piece: bytes) -> Procedure[None]:
        rows.extend(piece)
        yield from ()

    yield from read(table, terms, take, held)
    return bytes(rows)


def read_sizes() -> Procedure[Sizes | None]:
    """Return what the device holds; None when it does not tell, which does not mean empty."""
    reply: Reply = yield Ask(Command.SIZES, repeatable=True)
    if reply.code in NOT_THERE | UNKNOWN_HERE:
        return None
    return sizes(accept(reply, "tell its sizes"))


def reconcile(size: int, before: int | None, after: int | None) -> None:
    """Raise PULL_INCOMPLETE when so many bytes cannot be as many records as the device counts.

    The width is not known yet. A record may be added between the counts, so any number between
    them will do.
    """
    if before is None or after is None:
        return
    if size == 0:
        agrees = before == 0
    else:
        # More are never added during one reading; and a count may be any number at all.
        possible = range(max(before, 1), min(after, before + 1000) + 1)
        agrees = any(size % count == 0 for count in possible)
    if not agrees:
        details = (
            f"There came {size} bytes of records, and the device counted {before} records before"
            f" the reading and {after} after it."
        )
        raise DeviceError(Code.PULL_INCOMPLETE, details)


def _read(table: Selector, terms: Terms, take: Take, held: int | None) -> Procedure[int]:
    data = SELECT.pack(1, table.command, table.function, 0)
    reply: Reply = yield Ask(Command.PREPARE_BUFFER, data, _PREPARING, repeatable=True)
    if reply.code in _NOTHING:
        if held != 0:
            raise _withheld(table, reply, held)
        return 0
    data = accept(reply, f"prepare the {table.what}")
    if reply.code == ReplyCode.DATA:
        return (yield from _take_first(data, len(data), take))
    return (yield from _take_chunks(_announced(data), terms, take))


def _announced(data: bytes) -> int:
    """Return the size of a table that comes in chunks."""
    if len(data) < BUFFER.size:
        details = f"its size is told in {len(data)} bytes"
        raise _incomplete(details)
    _, size, again, _ = BUFFER.unpack_from(data)
    if size != again or size > _LIMIT:
        details = f"the device announces {size} bytes, and {again} bytes"
        raise _incomplete(details)
    return int(size)


def _withheld(table: Selector, reply: Reply, held: int | None) -> DeviceError:
    counts = "does not tell how many there are" if held is None else f"counts {held}"
    details = f"The device answers {reply.code} when asked for its {table.what}, and {counts}."
    return DeviceError(Code.DEVICE_NO_DATA, details)


def _take_chunks(size: int, terms: Terms, take: Take) -> Procedure[int]:
    if size == 0:
        return 0
    first = yield from _chunk(0, min(size, terms.chunk), terms)
    claimed = yield from _take_first(first, size, take)
    offset = len(first)
    while offset < size:
        piece = yield from _chunk(offset, min(size - offset, terms.chunk), terms)
        yield from take(piece)
        offset += len(piece)
    return claimed


def _take_first(piece: bytes, size: int, take: Take) -> Procedure[int]:
    """Take the first piece of a table of so many bytes in all, and check its size word."""
    if size == 0:
        return 0
    if len(piece) < SIZE_WORD.size:
        details = f"a table of {size} bytes has no size word"
        raise _incomplete(details)
    (claimed,) = SIZE_WORD.unpack_from(piece)
    if claimed != size - SIZE_WORD.size:
        details = f"the table claims {claimed} bytes of records in {size} bytes"
        raise _incomplete(details)
    yield from take(piece[SIZE_WORD.size :])
    return int(claimed)


def _chunk(offset: int, length: int, terms: Terms) -> Procedure[bytes]:
    """Return the chunk at an offset; a shorter one when the network loses too much."""
    tries = _TRIES if terms.transport == "udp" else 1
    while True:
        try:
            return (yield from _ask_chunk(offset, length, terms))
        except DeviceError as error:
            tries -= 1
            if error.code not in _REPAIRABLE or not tries:
                raise
            length = min(length, max(length // 2, _LEAST))


def _ask_chunk(offset: int, length: int, terms: Terms) -> Procedure[bytes]:
    seconds = _DATAGRAM if terms.transport == "udp" else SILENCE
    # Not repeatable: a second transfer under the same number could not be told from the first.
    reply: Reply = yield Ask(Command.READ_BUFFER, PART.pack(offset, length), seconds)
    piece = accept(reply, f"hand out {length} bytes from {offset} on")
    if len(piece) != length:
        details = f"{length} bytes were asked for from {offset} on and {len(piece)} came"
        raise _incomplete(details)
    return piece


def _free() -> Procedure[None]:
    yield Ask(Command.FREE_DATA, repeatable=True)


def _incomplete(details: str) -> DeviceError:
    return DeviceError(Code.PULL_INCOMPLETE, f"The table does not add up: {details}.")
