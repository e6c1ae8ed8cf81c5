"""A terminal's times: ``YYYY-MM-DD HH:MM:SS``, the wall clock of its place (timmy.md 1.3)."""

import re
from datetime import datetime
from typing import Any, Final

from services.devices.drivers.base import IMPOSSIBLE_TIME, DecodeError

_FORM: Final = re.compile(
    r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})[ T]([0-9]{1,2}):([0-9]{1,2}):([0-9]{1,2})"
)


def spelled(moment: datetime) -> str:
    """Return a wall clock as terminals take it: without ``T``, zone, or parts of a second."""
    return moment.strftime("%Y-%m-%d %H:%M:%S")


def shown(said: Any) -> tuple[str, tuple[str, ...]]:
    """Return a terminal's time as ISO text, and the flag that it is no real one when it is none.

    Raises DecodeError for what has not the form of a time.
    """
    form = _FORM.fullmatch(said.strip()) if isinstance(said, str) else None
    if form is None:
        msg = f"{str(said)[:40]!r} is no time"
        raise DecodeError(msg)
    year, *rest = form.groups()
    month, day, hour, minute, second = (part.zfill(2) for part in rest)
    iso = f"{year}-{month}-{day}T{hour}:{minute}:{second}"
    try:
        datetime.fromisoformat(iso)
    except ValueError:
        return iso, (IMPOSSIBLE_TIME,)
    return iso, ()
