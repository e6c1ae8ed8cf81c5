"""Reading what a terminal knows people by, slot by slot."""

from collections.abc import Iterable
from typing import Final, NamedTuple

from services.devices.drivers.base import DeviceError, PersonEntry
from services.devices.drivers.timmy.codec.ids import enrollid
from services.devices.drivers.timmy.codec.people import merged
from services.devices.drivers.timmy.messages import PROBED
from services.devices.drivers.timmy.protocol.looking import found, held
from services.devices.drivers.timmy.protocol.people import everybody
from services.devices.drivers.timmy.protocol.procedure import Procedure, Tell
from services.devices.drivers.timmy.protocol.terms import Terms
from shared.contracts.errors import Code
from shared.contracts.operations import Progress
from shared.contracts.readings import Template

_SHORT: Final = 200
"""A list of so many people is read to see which slots to ask for; else each slot is asked for."""
_WITHHELD: Final = frozenset({Code.DEVICE_NO_DATA, Code.PULL_INCOMPLETE, Code.NOT_SUPPORTED})


class Templates(NamedTuple):
    """What people are known by, and the people as the terminal holds them."""

    templates: tuple[Template, ...]
    people: tuple[PersonEntry, ...]


def of(terms: Terms, user_id: str | None) -> Procedure[Templates]:
    """Return all of one person, or of everybody; NOT_FOUND for a person who is not there.

    Raises DecodeError when a slot holds something of no known form: nothing is left out silently.
    """
    if user_id is not None:
        person = yield from found(terms, user_id)
        return (yield from _of([person], (yield from _slots(terms, user_id)), terms))
    listed = yield from everybody(terms)
    return (yield from _of(listed.people, None, terms))


def _slots(terms: Terms, user_id: str) -> Procedure[tuple[int, ...]]:
    """Return in which slots a person has something, as the list says or else may have."""
    every = tuple(filter(terms.has_room, PROBED))
    count = terms.told("useduser")
    if count is None or count > _SHORT:
        return every
    try:
        listed = yield from everybody(terms)
    except DeviceError as error:
        if error.code not in _WITHHELD:
            raise
        return every
    # Where the list does not know the person, it is of no use.
    who = str(enrollid(user_id))
    return next((each.credentials for each in listed.people if each.user_id == who), every)


def _of(
    people: Iterable[PersonEntry], slots: tuple[int, ...] | None, terms: Terms
) -> Procedure[Templates]:
    """Return what is in the slots, of everybody in those that the list names."""
    wanted = [
        (person, slot)
        for person in people
        for slot in (person.credentials if slots is None else slots)
    ]
    rows, templates = [each._replace(credentials=()) for each in people], []
    for done, (person, slot) in enumerate(wanted, start=1):
        there = yield from held(terms, person.user_id, slot)
        if there is not None:
            templates.append(there[0])
            rows.append(there[1])
        yield Tell(Progress(total=len(wanted), done=done))
    return Templates(tuple(templates), merged(rows))
