"""What must hold of a table before it is believed: all of it adds up, or it fails by name."""

from services.devices.drivers.base import DecodeError, LogEntry, PersonEntry
from services.devices.drivers.zk import codec
from services.devices.drivers.zk.messages import LOG_40, SIZE_WORD, USER_72


class ZkDriver:
    """The ZKTeco dialect, for models with 40-byte attendance and 72-byte user records."""

    def log(self, table: bytes) -> list[LogEntry]:
        """Return every record of a whole attendance log."""
        return codec.log_records(rows_of(table, LOG_40.size))

    def people(self, table: bytes) -> list[PersonEntry]:
        """Return every person of a whole user table."""
        return codec.user_records(rows_of(table, USER_72.size))

    def live(self, body: bytes) -> LogEntry:
        """Return the punch a live event carries."""
        entry = codec.live_record(body)
        if entry is None:
            msg = f"live event of {len(body)} bytes: no known form"
            raise DecodeError(msg)
        return entry


def rows_of(table: bytes, width: int) -> bytes:
    """Return a table's rows without its size word; an empty answer is an empty table."""
    if not table:
        return b""
    if len(table) < SIZE_WORD.size:
        msg = f"a table of {len(table)} bytes has no size word"
        raise DecodeError(msg)
    (claimed,) = SIZE_WORD.unpack_from(table)
    rows = table[SIZE_WORD.size :]
    if claimed != len(rows):
        msg = f"the device claims {claimed} bytes of records and sent {len(rows)}"
        raise DecodeError(msg)
    if len(rows) % width:
        msg = f"{len(rows)} bytes are no whole number of {width}-byte records"
        raise DecodeError(msg)
    return rows
