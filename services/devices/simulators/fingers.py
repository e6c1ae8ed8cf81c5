"""Fingerprint templates: bytes that begin and end as real ones do and mean nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable
    from random import Random

FINGERS = 10
VALID = 1
# How a captured template of a ZKFinger 10 sensor begins, after two bytes that vary.
_MARK = b"SS21"
_SHORTEST, _LONGEST = 500, 1700


class Template(NamedTuple):
    """One enrolled finger, 0 to 9, of the person in a slot. `flag`: 1 valid, 3 under duress."""

    uid: int
    finger: int
    flag: int
    content: bytes


class Fingers:
    """The templates a terminal holds, one a finger."""

    def __init__(self, templates: Iterable[Template] = ()) -> None:
        self._held = {(each.uid, each.finger): each for each in templates}

    def __len__(self) -> int:
        return len(self._held)

    def all(self) -> list[Template]:
        """Return every template, by slot and finger."""
        return [self._held[key] for key in sorted(self._held)]

    def of(self, uid: int) -> list[int]:
        """Return which fingers of a slot are enrolled."""
        return sorted(finger for slot, finger in self._held if slot == uid)

    def find(self, uid: int, finger: int) -> Template | None:
        """Return the template of a finger."""
        return self._held.get((uid, finger))

    def put(self, template: Template) -> None:
        """Keep a template in place of the one the finger had."""
        self._held[template.uid, template.finger] = template

    def remove(self, uid: int, finger: int) -> bool:
        """Forget a finger; return whether it was enrolled."""
        return self._held.pop((uid, finger), None) is not None

    def remove_of(self, uid: int) -> None:
        """Forget every finger of a slot."""
        for finger in self.of(uid):
            self.remove(uid, finger)

    def clear(self) -> None:
        """Forget every finger."""
        self._held.clear()


def scan(uid: int, finger: int, rng: Random) -> Template:
    """Return the template of a finger laid on the sensor; never the same twice."""
    body = rng.randbytes(rng.randrange(_SHORTEST, _LONGEST))
    # The last byte is none of the padding that some firmware adds.
    return Template(uid, finger, VALID, body[:2] + _MARK + body[2:] + b"\x01")


def invent(count: int, slots: list[int], rng: Random) -> list[Template]:
    """Return `count` templates, a finger of everybody first; fewer where fingers run out."""
    places = [(slot, finger) for finger in range(FINGERS) for slot in slots]
    return [scan(slot, finger, rng) for slot, finger in places[:count]]
