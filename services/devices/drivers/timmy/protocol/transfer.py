"""What one terminal knows a person by, brought to another, and read back."""

from typing import Final

from services.devices.drivers.base import DecodeError, DeviceError, PersonEntry
from services.devices.drivers.timmy.codec import templates as codec
from services.devices.drivers.timmy.codec.ids import enrollid
from services.devices.drivers.timmy.codec.people import rights
from services.devices.drivers.timmy.messages import CARD, FINGERS, PASSWORD, PHOTO
from services.devices.drivers.timmy.protocol import writing
from services.devices.drivers.timmy.protocol.changing import delete_user
from services.devices.drivers.timmy.protocol.looking import found, held, look
from services.devices.drivers.timmy.protocol.procedure import Procedure, Tell
from services.devices.drivers.timmy.protocol.terms import Terms
from shared.contracts.actions import Count, Pushed, PushUser, WriteTemplates
from shared.contracts.errors import Code
from shared.contracts.operations import Progress
from shared.contracts.readings import Template

_ANY: Final = frozenset({PASSWORD, CARD, PHOTO})
"""What any terminal of the dialect can use, if it has room for it at all."""


def push_user(terms: Terms, wanted: PushUser) -> Procedure[Pushed]:
    """Put a person on the terminal with all that is given, and read every slot back.

    A person of another name who is replaced is deleted first: nobody shall pass by what somebody
    else left behind. Raises USER_TAKEN, INCOMPATIBLE before anything is written, and DEVICE_ERROR
    when a slot that was taken is not there.
    """
    if wanted.person is None:
        raise DeviceError(Code.NOT_FOUND, "Nothing of this person is in custody; read them first.")
    person = PersonEntry(
        user_id=str(enrollid(wanted.user_id)),
        name=wanted.person.name,
        privilege=wanted.person.privilege,
        alias=wanted.person.alias,
    )
    rights(person.privilege)
    for each in wanted.templates:
        _fit(terms, each)
    there = yield from look(terms, wanted.user_id)
    if there is not None and there.name and there.name != person.name:
        if not wanted.overwrite:
            details = f"The terminal holds another person with the user id {wanted.user_id}."
            raise DeviceError(Code.USER_TAKEN, details)
        yield from delete_user(terms, wanted.user_id)
        there = None
    if there is None and not wanted.templates:
        yield from writing.add(terms, person)
    yield from _write(terms, person, wanted.templates)
    if wanted.person.disabled:
        yield from writing.enable(person.user_id, enabled=False)
    yield from found(terms, wanted.user_id)
    return Pushed(user_id=person.user_id, slots=tuple(each.finger for each in wanted.templates))


def write_templates(terms: Terms, wanted: WriteTemplates) -> Procedure[Count]:
    """Write a person's templates, read each back, and return how many there are.

    Raises NOT_FOUND when the terminal does not hold the person, and INCOMPATIBLE.
    """
    for each in wanted.templates:
        _fit(terms, each)
    person = yield from found(terms, wanted.user_id)
    yield from _write(terms, person, wanted.templates)
    return Count(count=len(wanted.templates))


def _fit(terms: Terms, one: Template) -> None:
    """Raise INCOMPATIBLE for what is of no use to this terminal, or is damaged."""
    if not terms.has_room(one.finger):
        details = f"This terminal has no room for what is in slot {one.finger}."
        raise DeviceError(Code.INCOMPATIBLE, details)
    if one.finger in _ANY:
        return
    if not one.algorithm or one.algorithm != terms.algorithm:
        details = (
            f"The template in slot {one.finger} is of {one.algorithm or 'no known algorithm'}, and"
            f" this terminal uses {terms.algorithm or 'none that it tells'}."
        )
        raise DeviceError(Code.INCOMPATIBLE, details)
    if one.finger in FINGERS:
        flaw = codec.flaw(one.data.get_secret_value(), one.algorithm)
        if flaw is not None:
            details = f"The template in slot {one.finger} is damaged: {flaw}."
            raise DeviceError(Code.INCOMPATIBLE, details)


def _write(terms: Terms, person: PersonEntry, templates: tuple[Template, ...]) -> Procedure[None]:
    for done, each in enumerate(templates, start=1):
        yield from writing.put(person, each.finger, _record(each))
        there = yield from held(terms, person.user_id, each.finger)
        if there is None or not _same(each, there[0]):
            state = "nothing" if there is None else "something else"
            details = f"The terminal took slot {each.finger}, but holds {state} in it."
            raise DeviceError(Code.DEVICE_ERROR, details)
        yield Tell(Progress(total=len(templates), done=done))


def _record(one: Template) -> str | int:
    try:
        return codec.record(one)
    except DecodeError as error:
        details = f"What is kept of slot {one.finger} cannot be written: {error}."
        raise DeviceError(Code.INCOMPATIBLE, details) from error


def _same(written: Template, there: Template) -> bool:
    # A terminal may make a photo smaller; it is there, or it is not.
    return written.finger == PHOTO or written.data == there.data
