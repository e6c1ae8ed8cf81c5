"""Invented people for a simulated terminal: the same seed gives the same people."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from random import Random

_GIVEN = ("Ari", "Bela", "Citra", "Dara", "Eko", "Farah", "Gita", "Hadi", "Intan", "Joko", "Karim")
_FAMILY = ("Alkor", "Bentara", "Cendaro", "Damiri", "Ervano", "Falaki", "Gunawar", "Hastino")
_FIRST_PIN = 1001
SUPER_ADMIN = 14


class User(NamedTuple):
    """A person as a terminal keeps one. `uid` is the table slot, `user_id` the PIN people know."""

    uid: int
    user_id: str
    name: str
    privilege: int = 0
    card: int = 0
    group: int = 1


def invent(count: int, rng: Random) -> list[User]:
    """Return `count` people with PINs from 1001 up; the first of them is the administrator."""
    return [
        User(
            uid=slot,
            # The PIN differs from the slot, so that a reader who mixes them up is found out.
            user_id=str(_FIRST_PIN + slot - 1),
            name=f"{rng.choice(_GIVEN)} {rng.choice(_FAMILY)}",
            privilege=SUPER_ADMIN if slot == 1 else 0,
            card=rng.randrange(1_000_000, 9_999_999) if slot % 3 == 0 else 0,
        )
        for slot in range(1, count + 1)
    ]
