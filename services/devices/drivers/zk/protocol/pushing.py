"""A person put on a device with all that another one knew them by, and read back."""

from pydantic import ValidationError

from services.devices.drivers.base import DeviceError
from services.devices.drivers.zk.protocol.fingers import write_templates
from services.devices.drivers.zk.protocol.people import delete_user, put_user, read_users
from services.devices.drivers.zk.protocol.procedure import Procedure
from services.devices.drivers.zk.protocol.reading import ALGORITHM, CARD, FINGERS, PASSWORD
from services.devices.drivers.zk.protocol.terms import Terms
from shared.contracts.actions import Pushed, PushUser, PutUser, WriteTemplates
from shared.contracts.errors import Code
from shared.contracts.readings import Person, Template


def push_user(terms: Terms, wanted: PushUser) -> Procedure[Pushed]:
    """Put a person on the device with all that is given, and read all of it back.

    A person of another name who is replaced is deleted first: nobody shall pass by what somebody
    else left behind. Raises USER_TAKEN and INCOMPATIBLE before anything is written.
    """
    if wanted.person is None:
        raise DeviceError(Code.NOT_FOUND, "Nothing of this person is in custody; read them first.")
    for each in wanted.templates:
        _fit(each)
    there = yield from _room_for(terms, wanted, wanted.person)
    yield from put_user(terms, _as_put(wanted, wanted.person, create=not there))
    fingers = WriteTemplates(user_id=wanted.user_id, templates=wanted.templates)
    yield from write_templates(terms, fingers)
    return Pushed(user_id=wanted.user_id, slots=tuple(each.finger for each in wanted.templates))


def _room_for(terms: Terms, wanted: PushUser, person: Person) -> Procedure[bool]:
    """Return whether the person is there already, once nobody else is."""
    users = yield from read_users(terms)
    for user in users:
        if not user.is_person(wanted.user_id):
            continue
        if user.may_be_called(person.name, terms.encoding):
            return True
        if not wanted.overwrite:
            details = f"The device holds another person with the user id {wanted.user_id}."
            raise DeviceError(Code.USER_TAKEN, details)
        yield from delete_user(terms, wanted.user_id)
        return False
    return False


def _as_put(wanted: PushUser, person: Person, *, create: bool) -> PutUser:
    digits = {
        each.finger: each.data.get_secret_value().decode("ascii", "replace")
        for each in wanted.templates
    }
    values = {
        "user_id": wanted.user_id,
        "create": create,
        "name": person.name,
        "privilege": person.privilege,
        "disabled": person.disabled,
        "password": digits.get(PASSWORD),
        "card": digits.get(CARD, person.card),
        "group": person.group,
    }
    try:
        return PutUser.model_validate(values)
    except ValidationError as error:
        wrong = ", ".join(str(each["loc"][0]) for each in error.errors(include_input=False))
        details = f"What is kept of the person is of no use to these devices: {wrong}."
        raise DeviceError(Code.INCOMPATIBLE, details) from error


def _fit(one: Template) -> None:
    """Raise INCOMPATIBLE for what is of no use to these devices."""
    if one.finger in {PASSWORD, CARD}:
        return
    if one.finger >= FINGERS or one.algorithm != ALGORITHM:
        details = (
            f"Template {one.finger} is of {one.algorithm or 'no known algorithm'}; these devices"
            " use fingerprints of their own only."
        )
        raise DeviceError(Code.INCOMPATIBLE, details)
