"""A device's two forms of time: packed into 32 bits, and six bytes in live events.

Both are wall clock without a zone. The packing counts 31 days in every month and 372 in every
year, so it holds dates that do not exist, and real devices emit them.
"""

from calendar import monthrange
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Final

from services.devices.drivers.base import IMPOSSIBLE_TIME

_CENTURY: Final = 2000
DAY: Final = 86_400
_IMPOSSIBLE: Final = (IMPOSSIBLE_TIME,)

MINUTES: Final = tuple(f"{minute // 60:02}:{minute % 60:02}:" for minute in range(24 * 60))
SECONDS: Final = tuple(f"{second:02}" for second in range(60))
"""A second of the day is spelled by its minute of the day and its second: quicker than a format."""

Shown = tuple[str, tuple[str, ...]]
"""A wall clock as ISO text, and the flag that it is no real date when it is none."""


def pack(moment: datetime) -> int:
    """Return a wall clock of 2000 to 2099 as a device packs it."""
    days = ((moment.year - _CENTURY) * 12 + moment.month - 1) * 31 + moment.day - 1
    return days * DAY + (moment.hour * 60 + moment.minute) * 60 + moment.second


def unpack(packed: int) -> Shown:
    """Return what a packed time shows; every 32-bit number shows something."""
    date, flags = date_of(packed // DAY)
    return date + MINUTES[packed // 60 % (24 * 60)] + SECONDS[packed % 60], flags


@lru_cache(maxsize=4096)
def date_of(days: int) -> Shown:
    """Return the date of a day as packed, ``YYYY-MM-DDT``."""
    months, day = divmod(days, 31)
    year, month = divmod(months, 12)
    return _date(_CENTURY + year, month + 1, day + 1)


def spelled(six: Sequence[int]) -> Shown | None:
    """Return what YY MM DD hh mm ss show, or None when they are no clock's: some need 3 digits."""
    if max(six) > 99:
        return None
    year, month, day, hour, minute, second = six
    date, flags = _date(_CENTURY + year, month, day)
    if hour > 23 or minute > 59 or second > 59:
        flags = _IMPOSSIBLE
    return f"{date}{hour:02}:{minute:02}:{second:02}", flags


def _date(year: int, month: int, day: int) -> Shown:
    exists = 1 <= month <= 12 and 1 <= day <= monthrange(year, month)[1]
    return f"{year:04}-{month:02}-{day:02}T", () if exists else _IMPOSSIBLE
