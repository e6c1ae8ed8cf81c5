"""Bytes of the ZKTeco dialect into neutral words, one pass over a table, and never by guess."""

from calendar import monthrange

from services.devices.drivers.base import IMPOSSIBLE_TIME, LogEntry, PersonEntry
from services.devices.drivers.zk.messages import LIVE_12, LIVE_32, LOG_40, USER_72

_CENTURY = 2000


def text(field: bytes) -> str:
    """Return a NUL-terminated text; bytes after the NUL are garbage on real devices."""
    return field.split(b"\x00", 1)[0].decode("utf-8", errors="replace").strip()


def device_time(code: int) -> tuple[int, ...]:
    """Return year, month, day, hour, minute, second of a packed time.

    The packing counts 31 days in every month and 372 in every year, so it holds dates that do not
    exist, and real devices emit them.
    """
    code, second = divmod(code, 60)
    code, minute = divmod(code, 60)
    code, hour = divmod(code, 24)
    code, day = divmod(code, 31)
    year, month = divmod(code, 12)
    return _CENTURY + year, month + 1, day + 1, hour, minute, second


def wall_clock(parts: tuple[int, ...]) -> tuple[str, tuple[str, ...]]:
    """Return the wall clock as text, with the flag that it is no real date when it is not."""
    year, month, day, hour, minute, second = parts
    said = f"{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}"
    exists = (
        1 <= month <= 12
        and 1 <= day <= monthrange(year, month)[1]
        and hour < 24
        and minute < 60
        and second < 60
    )
    return said, () if exists else (IMPOSSIBLE_TIME,)


def log_records(rows: bytes) -> list[LogEntry]:
    """Return the records of a log of 40-byte rows, in the device's order."""
    width = LOG_40.size
    entries = []
    for index, (_, user_id, verify, time, state, _tail) in enumerate(LOG_40.iter_unpack(rows)):
        said, flags = wall_clock(device_time(time))
        raw = rows[index * width : (index + 1) * width]
        entries.append(LogEntry(text(user_id), said, verify, state, None, raw, flags))
    return entries


def user_records(rows: bytes) -> list[PersonEntry]:
    """Return the people of a table of 72-byte rows."""
    return [PersonEntry(text(fields[-1]), text(fields[3])) for fields in USER_72.iter_unpack(rows)]


def live_record(body: bytes) -> LogEntry | None:
    """Return the punch of a live event, or None when it is of no known form."""
    if len(body) >= LIVE_32.size:
        user, verify, state, year, *rest = LIVE_32.unpack_from(body)
        person = text(user)
    elif len(body) == LIVE_12.size:
        user, verify, state, year, *rest = LIVE_12.unpack(body)
        person = str(user)
    else:
        return None
    if max(year, *rest) > 99:  # no clock shows that; the log has the record in its other form
        return None
    said, flags = wall_clock((_CENTURY + year, *rest))
    return LogEntry(person, said, verify, state, None, body, flags)
