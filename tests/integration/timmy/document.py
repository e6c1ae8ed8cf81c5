"""The document's curl examples, read out of its own text, and what it shows of their answers."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from tests.conftest import ROOT

DOCUMENT: Final = (ROOT / "tests" / "vectors" / "timmy_api.txt").read_text(encoding="utf-8")
_CURL: Final = re.compile(r"^curl .*?(?=^(?!-|\"|\}|  )[^\n]*$)", re.MULTILINE | re.DOTALL)
_ANSWER: Final = re.compile(r"^(?:Success\w* |Example |)[Rr]esponse\b.*$", re.MULTILINE)
_ELISIONS: Final = (
    (r"//[^\n]*", ""),
    (r"/\*.*?\*/", ""),
    (r'"\.\.\.":\s*(?:false|"[^"]*")', ""),
    (r"(?<=[\s{,])\.\.\.(?=[\s}\],])", ""),
    (r",(?:\s*,)+", ","),
    (r",(\s*[}\]])", r"\1"),
)


class Example(NamedTuple):
    """One curl command, and the answer that the document shows under it, if it does."""

    command: str
    answer: Any

    @property
    def name(self) -> str:
        """Its method and path."""
        method = re.search(r"-X (\w+)", self.command)
        path = re.search(r"localhost:9090([^\s?\"]*)", self.command)
        assert path is not None, self.command
        return f"{method[1] if method else 'GET'} {path[1]}"


def examples(text: str = DOCUMENT) -> Iterator[Example]:
    """Say every example, in the document's order."""
    found = list(_CURL.finditer(text))
    ends = [each.start() for each in found[1:]] + [len(text)]
    for each, end in zip(found, ends, strict=True):
        yield Example(each[0].strip(), _shown(text[each.end() : end]))


def _shown(text: str) -> Any:
    marker = _ANSWER.search(text)
    if marker is None:
        return None
    return complete(text[text.index("{", marker.end()) :])


def complete(text: str) -> Any:
    """Return the first object of a text, without what the document leaves out of it."""
    for pattern, instead in _ELISIONS:
        text = re.sub(pattern, instead, text, flags=re.DOTALL)
    return json.JSONDecoder().raw_decode(text)[0]


def lacks(shown: Any, said: Any, where: str = "") -> list[str]:
    """Return what the document shows and an answer lacks, or has of another type.

    Each item of a list must be like one of those that are shown, and there must be one.
    """
    if _type(shown) != _type(said):
        return [f"{where}: {_type(said)}, not {_type(shown)}"]
    if isinstance(shown, dict):
        found = [f"{where}.{name}: missing" for name in shown if name not in said]
        for name in set(shown) & set(said):
            found += lacks(shown[name], said[name], f"{where}.{name}")
        return found
    if isinstance(shown, list):
        every = [[lacks(like, item, f"{where}[]") for like in shown] for item in said]
        unlike = [min(each, key=len) for each in every if all(each)]
        return [each for item in unlike for each in item] if said else [f"{where}: empty"]
    return []


def _type(value: Any) -> str:
    match value:
        case bool():
            return "boolean"
        case int() | float():
            return "number"
        case None:
            return "null"
        case _:
            return type(value).__name__
