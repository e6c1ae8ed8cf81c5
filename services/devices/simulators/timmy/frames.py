"""Messages as text: how a terminal writes them, with the untidiness of real firmware.

Source: section 1.2 of the protocol notes.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from services.devices.simulators.faults import Fault

if TYPE_CHECKING:
    from collections.abc import Collection

Message = dict[str, Any]
_ROWS_END = re.compile(r"(?<=\})\]")


def written(message: Message, quirks: Collection[Fault]) -> str:
    """Return a message as the terminal sends it."""
    told: Any = message
    if Fault.STRING_NUMBERS in quirks:
        told = _with_strings(told)
    if Fault.PADDED in quirks:
        told = _padded(told)
    text = json.dumps(told, ensure_ascii=False, separators=(",", ":"))
    return _ROWS_END.sub(",]", text) if Fault.TRAILING_COMMAS in quirks else text


def read(text: str) -> Message | None:
    """Return the message that a server sent, None for what is no JSON object."""
    try:
        message = json.loads(text)
    except ValueError:
        return None
    return message if isinstance(message, dict) else None


def _with_strings(told: Any) -> Any:
    if isinstance(told, dict):
        return {key: _with_strings(value) for key, value in told.items()}
    if isinstance(told, list):
        return [_with_strings(each) for each in told]
    is_number = isinstance(told, int | float) and not isinstance(told, bool)
    return str(told) if is_number else told


def _padded(told: Any) -> Any:
    if isinstance(told, dict):
        return {
            f"{key} ": f"{value} " if key in {"cmd", "ret"} else _padded(value)
            for key, value in told.items()
        }
    return [_padded(each) for each in told] if isinstance(told, list) else told
