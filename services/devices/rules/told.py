"""What becomes of people whom devices tell of by themselves: one credential at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from services.devices.rules.people import cleaned

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from shared.contracts.agents import Told
    from shared.contracts.readings import Person

Key = tuple[int, str]
"""A device's id, and a person's on it."""


class Known(NamedTuple):
    """A person as a device is known to hold them."""

    person: Person
    at: datetime


def merged(items: Iterable[Told], known: Mapping[Key, Known]) -> dict[Key, Known]:
    """Return each person who was told of, with what was known of them and is not told anew.

    In the one order in which people are written. What is older than what is known changes nothing.
    """
    people: dict[Key, Known] = {}
    for told in sorted(items, key=lambda each: each.told_at):
        for person in cleaned(told.people):
            key = (told.device_id, person.user_id)
            before = people.get(key) or known.get(key)
            if before is None:
                people[key] = Known(person, told.told_at)
            elif before.at <= told.told_at:
                people[key] = Known(_both(before.person, person), told.told_at)
    return dict(sorted(people.items()))


def _both(known: Person, told: Person) -> Person:
    """Return what is known with what is told; a device tells of one thing at a time."""
    return known.model_copy(
        update={
            "name": told.name or known.name,
            "privilege": told.privilege,
            "card": known.card if told.card is None else told.card,
            "has_password": known.has_password or told.has_password,
            "alias": told.alias or known.alias,
            "credentials": tuple(sorted({*known.credentials, *told.credentials})),
        }
    )


def renamed(people: Mapping[Key, Known], known: Mapping[Key, Known]) -> dict[int, list[Person]]:
    """Return by device whose name is new: nobody else has to hear of the rest."""
    found: dict[int, list[Person]] = {}
    for key, (person, _) in people.items():
        before = known.get(key)
        if person.name and (before is None or before.person.name != person.name):
            found.setdefault(key[0], []).append(person)
    return found


def keys(items: Sequence[Told]) -> list[Key]:
    """Return everybody who was told of."""
    people = ((told.device_id, each) for told in items for each in cleaned(told.people))
    return sorted({(device_id, each.user_id) for device_id, each in people})
