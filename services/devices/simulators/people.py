"""The people a simulated terminal knows: its table of slots, and an invented crowd."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable
    from random import Random

_GIVEN = ("Ari", "Bela", "Citra", "Dara", "Eko", "Farah", "Gita", "Hadi", "Intan", "Joko", "Karim")
_FAMILY = ("Alkor", "Bentara", "Cendaro", "Damiri", "Ervano", "Falaki", "Gunawar", "Hastino")
_FIRST_PIN = 1001
SUPER_ADMIN = 14
_DISABLED = 1


class User(NamedTuple):
    """A person as a terminal keeps one. `uid` is the table slot, `user_id` the PIN people know.

    `privilege` is the terminal's own byte: bit 0 disabled, then 0 user, 2 enroller, 6 manager, 14
    super admin. `own_zones` says whether `zones` are the user's own time zones or the group's.
    """

    uid: int
    user_id: str
    name: str
    privilege: int = 0
    card: int = 0
    group: int = 1
    password: str = ""
    own_zones: int = 0
    zones: tuple[int, int, int] = (0, 0, 0)

    @property
    def is_admin(self) -> bool:
        """Tell whether the person administers the terminal."""
        return self.privilege & ~_DISABLED == SUPER_ADMIN


class People:
    """The terminal's user table. A slot holds one person; who is written to it replaces them."""

    def __init__(self, users: Iterable[User]) -> None:
        self._by_slot: dict[int, User] = {}
        self.slots: dict[str, int] = {}
        """The slot of every PIN that ever had one: old records name people deleted since."""
        for user in users:
            self.put(user)

    def __len__(self) -> int:
        return len(self._by_slot)

    def all(self) -> list[User]:
        """Return everybody, by slot."""
        return [self._by_slot[slot] for slot in sorted(self._by_slot)]

    def at(self, slot: int) -> User | None:
        """Return who is in a slot."""
        return self._by_slot.get(slot)

    def find(self, user_id: str) -> User | None:
        """Return the person with a PIN."""
        user = self._by_slot.get(self.slots.get(user_id, 0))
        return user if user is not None and user.user_id == user_id else None

    def put(self, user: User) -> None:
        """Write a person to their slot, blindly, as terminals do."""
        self._by_slot[user.uid] = user
        self.slots[user.user_id] = user.uid

    def remove(self, slot: int) -> bool:
        """Empty a slot; return whether somebody was in it."""
        return self._by_slot.pop(slot, None) is not None

    def clear(self) -> None:
        """Empty every slot."""
        self._by_slot.clear()

    def demote(self) -> None:
        """Take every privilege away; who is disabled stays so."""
        for slot, user in self._by_slot.items():
            self._by_slot[slot] = user._replace(privilege=user.privilege & _DISABLED)


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
