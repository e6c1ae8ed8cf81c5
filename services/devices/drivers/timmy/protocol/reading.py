"""Reading the attendance log: a line of canonical JSON a record, photos replaced by digests."""

from collections.abc import Callable
from hashlib import sha256

from services.devices.drivers.base import DeviceError, Table
from services.devices.drivers.timmy.codec.records import raw
from services.devices.drivers.timmy.protocol.paging import Rows, paged
from services.devices.drivers.timmy.protocol.procedure import Keep, Procedure
from services.devices.drivers.timmy.protocol.terms import Terms
from shared.contracts.errors import Code

Take = Callable[[bytes], Procedure[None]]
"""Takes the next piece of the log."""


def log(terms: Terms) -> Procedure[Table]:
    """Read the whole attendance log, all or nothing; its records go out by Keep.

    Raises PULL_INCOMPLETE when rows are missing, or may be, and DEVICE_NO_DATA when the terminal
    counts records and hands out none.
    """

    def keep(piece: bytes) -> Procedure[None]:
        yield Keep(piece)

    table, _ = yield from measured_log(terms, keep)
    return table


def measured_log(terms: Terms, take: Take) -> Procedure[tuple[Table, int]]:
    """Read the log into ``take`` and return what is known of it, and how many records it has."""
    digest, size = sha256(), 0

    def lines(page: Rows) -> Procedure[None]:
        nonlocal size
        piece = b"".join(raw(each) + b"\n" for each in page)
        digest.update(piece)
        size += len(piece)
        yield from take(piece)

    ending = yield from paged("getalllog", terms, lines)
    counted = terms.told("usedlog")
    if not ending.rows and counted:
        details = f"The terminal counts {counted} records and hands out none."
        raise DeviceError(Code.DEVICE_NO_DATA, details)
    if not ending.sure and (counted is None or ending.rows < counted):
        details = f"The log broke off after {ending.rows} records."
        raise DeviceError(Code.PULL_INCOMPLETE, details)
    return Table(size, ending.total, ending.total, digest.hexdigest()), ending.rows
