"""Single fields: numbers and texts that may be anything, or not there."""

import re
from typing import Any, Final

_GREATEST: Final = 2**31 - 1
_DIGITS: Final = re.compile(r"\s*-?[0-9]{1,18}\s*")


def number(value: Any, greatest: int = _GREATEST) -> int | None:
    """Return a whole number, also one that came as text or as a truth; None for anything else.

    Also for one beyond ``greatest`` either way: no field of the dialect means that.
    """
    match value:
        case int():
            whole = int(value)
        case float() if value.is_integer():
            whole = int(value)
        case str() if _DIGITS.fullmatch(value):
            whole = int(value.strip())
        case _:
            return None
    return whole if abs(whole) <= greatest else None


def text(value: Any, longest: int = 256) -> str:
    """Return a text without the blanks around it, cut; empty for what is none."""
    return value.strip()[:longest] if isinstance(value, str) else ""
