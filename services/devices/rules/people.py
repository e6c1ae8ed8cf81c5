"""Decisions about what agents read of people: what of it the database can hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from shared.contracts.readings import Person, Template


def storable(text: str) -> bool:
    """Tell whether the database can hold a text; where it cannot, nothing there is equal to it."""
    return "\x00" not in text


def cleaned(people: Iterable[Person]) -> tuple[Person, ...]:
    """Return people without what no text column holds, sorted: two writers never cross."""
    clean = (
        each.model_copy(update={"user_id": _text(each.user_id), "name": _text(each.name)})
        for each in people
    )
    return tuple(sorted(clean, key=lambda each: each.user_id))


def in_order(templates: Sequence[Template]) -> tuple[Template, ...]:
    """Return templates in the one order in which they are written, their ids cleaned."""
    clean = (each.model_copy(update={"user_id": _text(each.user_id)}) for each in templates)
    return tuple(sorted(clean, key=lambda each: (each.user_id, each.finger)))


def _text(value: str) -> str:
    return value.replace("\x00", "").strip()
