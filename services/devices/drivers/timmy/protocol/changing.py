"""People on a terminal: added, changed and deleted, and what became of it read back."""

from typing import Final

from pydantic import SecretStr

from services.devices.drivers.base import DeviceError, PersonEntry
from services.devices.drivers.timmy.codec import templates as codec
from services.devices.drivers.timmy.codec.answers import shown
from services.devices.drivers.timmy.codec.ids import enrollid
from services.devices.drivers.timmy.codec.people import rights
from services.devices.drivers.timmy.messages import (
    BLANK,
    CARD,
    DELETE_CODES,
    FINGERS,
    PASSWORD,
    PHOTO,
)
from services.devices.drivers.timmy.protocol import writing
from services.devices.drivers.timmy.protocol.looking import held, look, look_closely, nobody
from services.devices.drivers.timmy.protocol.procedure import Procedure, Reply
from services.devices.drivers.timmy.protocol.replies import may_say_nothing, refusal
from services.devices.drivers.timmy.protocol.terms import Terms
from shared.contracts.actions import Done, PutUser, UserDone
from shared.contracts.errors import Code

_REWRITTEN: Final = (CARD, PASSWORD, PHOTO, *FINGERS)
"""Slots with which a person's rights can be written: the first that holds something is."""


def put_user(terms: Terms, wanted: PutUser) -> Procedure[UserDone]:
    """Add a person, or change the one that is there, and return them as the terminal now does.

    Raises USER_TAKEN, NOT_FOUND, NOT_SUPPORTED for what these terminals do not have, and
    DEVICE_ERROR when what is read back is not what was written.
    """
    slots = _slots(terms, wanted)
    before = yield from look(terms, wanted.user_id)
    if wanted.create and before is not None:
        details = f"The terminal already holds a person with the user id {wanted.user_id}."
        raise DeviceError(Code.USER_TAKEN, details)
    if before is None and not wanted.create:
        raise nobody(wanted.user_id)
    person = _changed(before or PersonEntry(str(enrollid(wanted.user_id)), ""), wanted)
    yield from _write(terms, before, person, slots)
    if None in slots.values() and (yield from look(terms, wanted.user_id)) is None:
        # Some firmware drops a person of whom it has nothing left.
        yield from writing.add(terms, person)
    if wanted.disabled is not None:
        yield from writing.enable(person.user_id, enabled=not wanted.disabled)
    after = yield from look_closely(terms, wanted.user_id)
    return _done(after, person, wanted)


def delete_user(terms: Terms, user_id: str) -> Procedure[Done]:
    """Take a person off the terminal, with everything it knows them by, and see that they are gone.

    What number means the whole person differs by firmware, so the next is tried while the person
    is still there. Raises NOT_FOUND when the terminal holds no such person.
    """
    for code in DELETE_CODES:
        reply: Reply = yield from writing.empty(user_id, code)
        if not reply.ok and not may_say_nothing(reply):
            raise refusal(reply, "delete the person")
        if (yield from look(terms, user_id)) is None:
            if not reply.ok and code == DELETE_CODES[0]:
                raise nobody(user_id, shown(reply.body))
            return Done()
    details = f"The terminal still holds the user id {user_id}, whatever it was told to delete."
    raise DeviceError(Code.DEVICE_ERROR, details)


def _slots(terms: Terms, wanted: PutUser) -> dict[int, int | None]:
    """Return what is to be in which slot, None for nothing; raise for what cannot be."""
    rights(wanted.privilege or "user")
    if wanted.group is not None:
        raise DeviceError(Code.NOT_SUPPORTED, "These terminals have no groups of this kind.")
    slots: dict[int, int | None] = {}
    if wanted.password is not None:
        slots[PASSWORD] = _password(wanted.password)
    if wanted.card is not None:
        slots[CARD] = wanted.card or None
    if wanted.create and not (terms.traits.profiles or any(slots.values())):
        _plain(wanted)
    return slots


def _plain(wanted: PutUser) -> None:
    if wanted.privilege not in {None, "user"}:
        details = "This terminal gives rights only to who has a password, a card or a template."
        raise DeviceError(Code.NOT_SUPPORTED, details)


def _password(secret: SecretStr) -> int | None:
    password = secret.get_secret_value()
    if not password:
        return None
    if not (password.isascii() and password.isdigit()):
        raise DeviceError(Code.VALIDATION_ERROR, "A terminal's password is made of digits.")
    if password.startswith("0"):
        details = "These terminals keep a password as a number: it cannot begin with 0."
        raise DeviceError(Code.NOT_SUPPORTED, details)
    return int(password)


def _changed(person: PersonEntry, wanted: PutUser) -> PersonEntry:
    return person._replace(
        name=person.name if wanted.name is None else wanted.name,
        privilege=wanted.privilege or person.privilege,
    )


def _write(
    terms: Terms, before: PersonEntry | None, person: PersonEntry, slots: dict[int, int | None]
) -> Procedure[None]:
    """Write what differs; any slot that is written brings name and rights along."""
    for slot, value in slots.items():
        if value is None and before is not None:
            yield from _empty(person.user_id, slot)
        elif value is not None:
            yield from writing.put(person, slot, value)
            before = person
    if before is None:
        yield from writing.add(terms, person)
        return
    if before.name != person.name:
        yield from writing.rename(person)
    if before.privilege != person.privilege:
        yield from _give_rights(terms, person)


def _empty(user_id: str, slot: int) -> Procedure[None]:
    reply: Reply = yield from writing.empty(user_id, slot)
    if not reply.ok and not may_say_nothing(reply):
        raise refusal(reply, f"empty slot {slot}")


def _give_rights(terms: Terms, person: PersonEntry) -> Procedure[None]:
    for slot in _REWRITTEN:
        there = yield from held(terms, person.user_id, slot)
        if there is not None:
            yield from writing.put(person, slot, codec.record(there[0]))
            return
    if not terms.traits.profiles:
        details = "This terminal gives rights only to who has a password, a card or a template."
        raise DeviceError(Code.NOT_SUPPORTED, details)
    yield from writing.put(person, FINGERS[0], BLANK)


def _done(after: PersonEntry | None, person: PersonEntry, wanted: PutUser) -> UserDone:
    if after is None:
        raise DeviceError(Code.DEVICE_ERROR, "The terminal took the person, but does not hold it.")
    expected = {
        "name": after.name if after.name and person.name.startswith(after.name) else person.name,
        "privilege": person.privilege,
        "card": after.card if wanted.card is None else wanted.card or None,
        "has_password": (
            after.has_password
            if wanted.password is None
            else bool(wanted.password.get_secret_value())
        ),
    }
    wrong = [name for name, value in expected.items() if getattr(after, name) != value]
    if wrong:
        details = f"The terminal took the person, but holds other values of: {', '.join(wrong)}."
        raise DeviceError(Code.DEVICE_ERROR, details)
    return UserDone(
        user_id=after.user_id,
        name=after.name,
        name_cut=after.name != person.name,
        privilege=after.privilege,
        disabled=after.disabled if wanted.disabled is None else wanted.disabled,
        card=after.card,
        group=None,
        has_password=after.has_password,
    )
