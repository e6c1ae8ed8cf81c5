"""The people of a Timmy terminal: each a name and a record per credential ("backupnum")."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from services.devices.simulators import people
from services.devices.simulators.timmy import photos, templates
from services.devices.simulators.timmy.traits import ALL_FINGERS, CARD, FINGERS, PHOTO

if TYPE_CHECKING:
    from collections.abc import Container, Iterator
    from random import Random

    from services.devices.simulators.spec import DeviceSpec

Record = str | int
PROFILE_ONLY = "0"
"""The record of finger 0 of somebody who has no credential."""


@dataclass(slots=True)
class Person:
    """`admin`: 0 user, 1 administrator, 2 super user. `records`: one a slot."""

    name: str = ""
    admin: int = 0
    enabled: bool = True
    records: dict[int, Record] = field(default_factory=dict)
    lock: dict[str, Any] = field(default_factory=dict)
    """When the person may pass, as setuserlock wrote it."""


class Row(NamedTuple):
    """One credential of one person, as lists show them."""

    enrollid: int
    person: Person
    slot: int
    record: Record


class Credentials:
    """Everybody, by enrollid. `untold` are the credentials that no server has acknowledged."""

    def __init__(self) -> None:
        self.people: dict[int, Person] = {}
        self.untold: dict[tuple[int, int], None] = {}

    def __len__(self) -> int:
        return len(self.people)

    def rows(self) -> list[Row]:
        """Return every credential; a profile alone counts as one."""
        return [row for enrollid in self.people for row in self.of(enrollid)]

    def of(self, enrollid: int) -> Iterator[Row]:
        """Return the credentials of somebody."""
        person = self.people[enrollid]
        for slot, record in (person.records or {0: PROFILE_ONLY}).items():
            yield Row(enrollid, person, slot, record)

    def used(self, slots: Container[int]) -> int:
        """Return how many credentials are in these slots."""
        held = (slot for person in self.people.values() for slot in person.records)
        return sum(slot in slots for slot in held)

    def owner(self, record: Record, slot: int) -> int | None:
        """Return who has this very record in this slot."""
        owners = (who for who, person in self.people.items() if person.records.get(slot) == record)
        return next(owners, None)

    def ensure(self, enrollid: int) -> Person:
        """Return somebody, added without a name where there was nobody."""
        return self.people.setdefault(enrollid, Person())

    def put(self, enrollid: int, slot: int, record: Record) -> None:
        """Keep a credential in place of the one in its slot."""
        self.ensure(enrollid).records[slot] = record

    def remove(self, enrollid: int, slot: int) -> bool:
        """Forget a credential, or all fingers (12), and who has none left; tell whether any was."""
        records = self.people[enrollid].records
        slots = FINGERS if slot == ALL_FINGERS else (slot,)
        gone = [each for each in slots if records.pop(each, None) is not None]
        if gone and not records:
            self.forget(enrollid)
        return bool(gone)

    def forget(self, enrollid: int) -> None:
        """Forget everything of somebody."""
        del self.people[enrollid]

    def clear(self) -> None:
        """Forget everybody."""
        self.people.clear()
        self.untold.clear()

    def mark_untold(self, enrollid: int) -> None:
        """Have all credentials of somebody told to the server again."""
        self.untold.update(dict.fromkeys((enrollid, row.slot) for row in self.of(enrollid)))

    def told(self, place: tuple[int, int]) -> None:
        """Note that a server knows the credential in this slot of somebody."""
        self.untold.pop(place, None)

    def next_untold(self) -> Row | None:
        """Return a credential to tell the server; what is gone meanwhile needs no telling."""
        while self.untold:
            enrollid, slot = next(iter(self.untold))
            if enrollid in self.people:
                for row in self.of(enrollid):
                    if row.slot == slot:
                        return row
            del self.untold[enrollid, slot]
        return None


def invent(spec: DeviceSpec, slots: tuple[int, ...], rng: Random) -> Credentials:
    """Return the invented crowd of every simulator, with cards and `spec.templates` templates."""
    held = Credentials()
    for user in people.invent(spec.users, rng):
        person = held.ensure(int(user.user_id))
        person.name, person.admin = user.name, int(user.is_admin)
        if user.card:
            person.records[CARD] = user.card
    places = [(enrollid, slot) for slot in slots for enrollid in held.people]
    for enrollid, slot in places[: spec.templates]:
        held.put(enrollid, slot, captured(slot, spec.algorithm, rng))
    return held


def captured(slot: int, algorithm: str, rng: Random) -> str:
    """Return the record of what a sensor or the camera takes for a slot."""
    if slot in FINGERS:
        return templates.written(templates.scan(algorithm, rng))
    return photos.taken(rng) if slot == PHOTO else rng.randbytes(512).hex()
