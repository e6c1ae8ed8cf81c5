"""Decisions about what agents read: what of it the database can hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from shared.contracts.readings import Person, Template

_SLOTS: Final = range(100)


def storable(text: str) -> bool:
    """Tell whether the database can hold a text; where it cannot, nothing there is equal to it."""
    return "\x00" not in text


def cleaned(people: Iterable[Person]) -> tuple[Person, ...]:
    """Return people without what no column holds, sorted: two writers never cross."""
    return tuple(sorted(map(_cleaned, people), key=lambda each: each.user_id))


def _cleaned(person: Person) -> Person:
    clean = {
        "user_id": _text(person.user_id),
        "name": _text(person.name),
        "alias": None if person.alias is None else _text(person.alias),
        "credentials": tuple(sorted({each for each in person.credentials if each in _SLOTS})),
    }
    return person.model_copy(update=clean)


def in_order(templates: Sequence[Template]) -> tuple[Template, ...]:
    """Return templates in the one order in which they are written, their ids cleaned."""
    clean = (
        each.model_copy(update={"user_id": _text(each.user_id), "algorithm": _text(each.algorithm)})
        for each in templates
    )
    return tuple(sorted(clean, key=lambda each: (each.user_id, each.finger)))


def answered(said: Any) -> Any:
    """Return a device's own answer without the NULs in its texts, which devices pad with."""
    match said:
        case str():
            return said.replace("\x00", "")
        case dict():
            return {answered(name): answered(value) for name, value in said.items()}
        case list():
            return [answered(each) for each in said]
        case _:
            return said


def _text(value: str) -> str:
    return value.replace("\x00", "").strip()
