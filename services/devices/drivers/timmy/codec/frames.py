"""Frames: one JSON object each, read with every tolerance that real firmware needs, and no more.

Tolerated (timmy.md 1.2): a comma before a closing bracket, blanks around keys and names, numbers
and truths as text, misspelled keys. Bounded: bytes, depth, length of lists, number of values.
"""

import json
import math
import re
from typing import Any, Final

from services.devices.drivers.base import DecodeError
from services.devices.drivers.timmy.messages import (
    DEPTH_LIMIT,
    FRAME_LIMIT,
    RECORD_LIMIT,
    VALUE_LIMIT,
)

_TRAILING_COMMA: Final = re.compile(r'("(?:[^"\\]++|\\.)*+"?)|,(?=\s*+[\]}])', re.DOTALL)
"""A string as a whole, ended or not, so that what it holds is let be; or such a comma."""
_QUOTED: Final = 100
_SEPARATORS: Final = (",", ":")
_OPENERS: Final = ("[", "{", ",")
"""There is one of them before every value but the first; counting those in texts does no harm."""
_TOO_DEEP: Final = f"it is nested deeper than {DEPTH_LIMIT}"
_SPELLED: Final = {"reson": "reason", "departmant": "department"}
_NAMES: Final = frozenset({"cmd", "ret"})
_TRUE: Final = frozenset({"1", "true"})
_NUMBERS: Final = frozenset(
    {
        *("enrollid", "backupnum", "admin", "mode", "inout", "event", "verifymode"),
        *("count", "from", "to", "index", "logindex", "status", "enable"),
    }
)
"""Fields that are numbers, also where a terminal sends them as text."""
_DIGITS: Final = re.compile(r"-?[0-9]{1,18}")


def parsed(frame: str | bytes) -> dict[str, Any]:
    """Return a frame's object; raise DecodeError with what is wrong with it, and nothing else.

    Takes time in proportion to its length. Texts are without NUL and can be written as UTF-8.
    """
    said = _decoded(frame)
    values = sum(said.count(each) for each in _OPENERS)
    if values > VALUE_LIMIT:
        msg = f"it has {values} values, more than {VALUE_LIMIT}"
        raise DecodeError(msg)
    try:
        body = _loaded(said)
    except RecursionError as error:
        raise DecodeError(_TOO_DEEP) from error
    except ValueError as error:
        msg = f"it is no JSON: {str(error)[:_QUOTED]}"
        raise DecodeError(msg) from error
    if not isinstance(body, dict):
        msg = "it is no object"
        raise DecodeError(msg)
    return {key: _clean(key, value, 1) for key, value in body.items()}


def canonical(body: dict[str, Any]) -> bytes:
    """Return the one spelling of an object: keys in order, no blanks, UTF-8."""
    said = json.dumps(body, ensure_ascii=False, separators=_SEPARATORS, sort_keys=True)
    return said.encode()


def written(body: dict[str, Any]) -> str:
    """Return the frame of an object."""
    return json.dumps(body, ensure_ascii=False, separators=_SEPARATORS)


def _decoded(frame: str | bytes) -> str:
    if len(frame) > FRAME_LIMIT:
        msg = f"it has more than {FRAME_LIMIT} bytes"
        raise DecodeError(msg)
    if isinstance(frame, str):
        return frame
    try:
        return frame.decode()
    except UnicodeDecodeError as error:
        msg = f"it is no UTF-8: {error.reason} at byte {error.start}"
        raise DecodeError(msg) from error


def _loaded(said: str) -> object:
    try:
        return _json(said)
    except json.JSONDecodeError:
        return _json(_TRAILING_COMMA.sub(r"\1", said))


def _json(said: str) -> object:
    # Not strict: names are padded with control characters, which are taken out.
    return json.loads(
        said,
        strict=False,
        object_pairs_hook=_object,
        parse_float=_finite,
        parse_constant=_finite,
    )


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for padded, value in pairs:
        key = _text(padded).strip()
        key = _SPELLED.get(key, key)
        if key in found:
            msg = f"it has the key {key[:_QUOTED]!r} twice"
            raise DecodeError(msg)
        found[key] = value
    return found


def _finite(said: str) -> float:
    value = float(said)
    if not math.isfinite(value):
        msg = f"the number {said[:_QUOTED]} is without bounds"
        raise DecodeError(msg)
    return value


def _clean(key: str, value: Any, depth: int) -> Any:
    """Return a value without what no text may have, and of the kind that its key wants."""
    if depth >= DEPTH_LIMIT:
        raise DecodeError(_TOO_DEEP)
    match value:
        case dict():
            return {name: _clean(name, each, depth + 1) for name, each in value.items()}
        case list():
            return _cleaned(key, value, depth)
        case str():
            return _said(key, _text(value))
        case _:
            return value == 1 if key == "result" else value


def _cleaned(key: str, values: list[Any], depth: int) -> list[Any]:
    if len(values) > RECORD_LIMIT:
        msg = f"its list {key[:_QUOTED]!r} has {len(values)} entries, more than {RECORD_LIMIT}"
        raise DecodeError(msg)
    return [_clean("", each, depth + 1) for each in values]


def _said(key: str, value: str) -> str | int | bool:
    if key == "result":
        return value.strip().casefold() in _TRUE
    if key in _NAMES:
        return value.strip()
    if key in _NUMBERS and _DIGITS.fullmatch(value.strip()):
        return int(value.strip())
    return value


def _text(value: str) -> str:
    if not value.isascii():
        # A lone half of a pair of surrogates is no character, and nothing that is sent on takes it.
        value = value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return value.replace("\0", "")
