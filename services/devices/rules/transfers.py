"""Decisions about transfers: who is brought over, and what of it another device can use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol, TypeVar

from pydantic import TypeAdapter, ValidationError

from shared.contracts.actions import UserId
from shared.contracts.errors import Code, FieldProblem
from shared.kit.errors import MusterError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from shared.contracts.actions import Count
    from shared.contracts.errors import Problem
    from shared.contracts.readings import Person

PEOPLE_LIMIT: Final = 1000
"""The most people of one transfer: the answer names three operations of each."""
BOUND: Final = frozenset({*range(10), *range(20, 28), *range(30, 38)})
"""The numbers of what an algorithm made, and no other can use: fingers, faces and palms."""

_USER_ID: Final[TypeAdapter[str]] = TypeAdapter(UserId)


class Family(Protocol):
    """A device, as far as it decides which templates are of use to it."""

    @property
    def dialect(self) -> str:
        """How it is spoken to."""
        ...

    @property
    def algorithm(self) -> str | None:
        """What makes its templates; None: not known."""
        ...


class Kept(Protocol):
    """One template in custody."""

    @property
    def finger(self) -> int:
        """Its number."""
        ...

    @property
    def algorithm(self) -> str:
        """What made it; empty: not known, or nothing."""
        ...


_Kept = TypeVar("_Kept", bound=Kept)


def unfit(source: Family, target: Family, slots: Collection[int]) -> Problem | None:
    """Return why what one device holds of a person is of no use to another; None when it may be.

    ``slots`` are what the first is known to hold; what is not known is tried.
    """
    if source.dialect != target.dialect:
        details = f"One device speaks {source.dialect}, the other {target.dialect}."
        return MusterError(Code.INCOMPATIBLE, details).problem
    bound = BOUND.intersection(slots)
    if bound and source.algorithm and not _usable(source.algorithm, target.algorithm):
        return _another_algorithm(source.algorithm, target.algorithm, bound)
    return None


def useful(kept: Iterable[_Kept], target: Family) -> tuple[_Kept, ...]:
    """Return, of templates in order of preference, the first of each number a device can use."""
    found: dict[int, _Kept] = {}
    for each in kept:
        if each.finger not in BOUND or _usable(each.algorithm, target.algorithm):
            found.setdefault(each.finger, each)
    return tuple(found[finger] for finger in sorted(found))


def complete(kept: Sequence[_Kept], read: Count, target: Family) -> tuple[_Kept, ...]:
    """Return the templates of a person that are to be pushed: exactly those that were read.

    Raises DEVICE_NO_DATA when one of them is no longer in custody, and INCOMPATIBLE when the
    device cannot use one: a part of a person is never pushed in the place of all, for what
    follows may be that the source deletes them.
    """
    # Not every dialect tells the numbers; then whatever is there was read.
    there = tuple(each for each in kept if not read.slots or each.finger in read.slots)
    if len(there) < max(read.count, len(read.slots)):
        details = f"Of {read.count} templates {len(there)} are in custody. Read the person again."
        raise MusterError(Code.DEVICE_NO_DATA, details)
    for each in there:
        if each.finger in BOUND and not _usable(each.algorithm, target.algorithm):
            problem = _another_algorithm(each.algorithm, target.algorithm, {each.finger})
            raise MusterError.of(problem)
    return there


def left_behind(read: Count, since: Iterable[int], pushed: Collection[int]) -> Problem | None:
    """Return why a person must not be deleted whom a transfer read; None when nothing is lost.

    ``since`` are the numbers of what the device told of them after it was read: a device may be
    away for days in between, and somebody enrol a finger there.
    """
    left = {*read.slots, *since}.difference(pushed)
    if not left:
        return None
    details = f"Templates {_listed(sorted(left))} are on this device only. Transfer them again."
    return MusterError(Code.CONFLICT, details).problem


def _usable(algorithm: str, target: str | None) -> bool:
    return not algorithm or not target or algorithm == target


def _another_algorithm(algorithm: str, target: str | None, slots: Collection[int]) -> Problem:
    details = (
        f"Templates {_listed(sorted(slots))} were made by {algorithm}; the other device uses"
        f" {target}."
    )
    return MusterError(Code.INCOMPATIBLE, details).problem


def _listed(slots: Iterable[int]) -> str:
    return ", ".join(map(str, slots))


def limited(user_ids: Iterable[str]) -> tuple[str, ...]:
    """Return who is to be brought over, each once; raise VALIDATION_ERROR for too many."""
    found = tuple(dict.fromkeys(user_ids))
    if len(found) > PEOPLE_LIMIT:
        problem = f"names {len(found)} people; at most {PEOPLE_LIMIT} go at a time"
        field = FieldProblem(field="user_ids", problem=problem)
        raise MusterError(Code.VALIDATION_ERROR, f"user_ids: {problem}", fields=(field,))
    return found


def unnamable(user_id: str) -> Problem | None:
    """Return why a person cannot be asked for by the id that a device gave them."""
    try:
        _USER_ID.validate_python(user_id)
    except ValidationError:
        details = "Only people whose id is of letters and digits, 24 at most, are transferred."
        return MusterError(Code.NOT_SUPPORTED, details).problem
    return None


def taken(person: Person | None, user_id: str) -> Person:
    """Return the person to push; raise DEVICE_NO_DATA when nothing is known of them any longer."""
    if person is None:
        details = f"Nothing is known of {user_id} any longer. Read the person again."
        raise MusterError(Code.DEVICE_NO_DATA, details)
    return person
