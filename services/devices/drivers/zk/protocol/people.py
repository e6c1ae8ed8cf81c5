"""People on a device: found, added, changed and deleted, and never one over another.

A person is known by the user id. The slot is only where the record lies: it is looked up in a
fresh reading each time, and after each change the whole table is read back and compared.
"""

from collections.abc import Sequence
from typing import Final

from services.devices.drivers.base import DecodeError, DeviceError
from services.devices.drivers.zk.codec import users as codec
from services.devices.drivers.zk.codec.forms import form_of
from services.devices.drivers.zk.codec.users import FORM_28, FORM_72, Form, User
from services.devices.drivers.zk.messages import Command
from services.devices.drivers.zk.protocol import tables
from services.devices.drivers.zk.protocol.options import option
from services.devices.drivers.zk.protocol.procedure import Ask, Procedure
from services.devices.drivers.zk.protocol.replies import accept
from services.devices.drivers.zk.protocol.terms import Terms
from shared.contracts.actions import Done, PutUser, UserDone
from shared.contracts.errors import Code

_GREATEST_SLOT: Final = 65_535


def read_users(terms: Terms) -> Procedure[list[User]]:
    """Return the whole table of users, as records; PULL_INCOMPLETE when it is not whole.

    A table of no known form is in the DecodeError.
    """
    before = yield from _count_users()
    rows = yield from tables.whole(tables.USERS, terms, before)
    after = yield from _count_users()
    tables.reconcile(len(rows), after, after)
    try:
        # As many as there are now: a slot that was taken meanwhile would seem to be free.
        return codec.users(rows, form_of(rows, after, after)) if rows else []
    except DecodeError as error:
        raise DecodeError(str(error), rows) from error


def find(users: Sequence[User], user_id: str) -> User:
    """Return the record of a person; raise NOT_FOUND when the device does not hold him."""
    for user in users:
        if user.is_person(user_id):
            return user
    raise DeviceError(Code.NOT_FOUND, f"The device holds nobody with the user id {user_id}.")


def put_user(terms: Terms, wanted: PutUser) -> Procedure[UserDone]:
    """Add a person, or change the one that is there, and return him as the device now holds him.

    Raises USER_TAKEN, NOT_FOUND, DEVICE_FULL, NOT_SUPPORTED for what the form of the records or the
    device's options do not allow, and DEVICE_ERROR when what is read back is not what was written.
    """
    form = (yield from _form_of_new(wanted.user_id)) if wanted.create else None
    # Nothing is asked between this look and the writing: somebody may be added at the device, too.
    users = yield from read_users(terms)
    user = _new(users, wanted.user_id, form) if form else find(users, wanted.user_id)
    user = codec.changed(user, wanted, terms.encoding)
    accept((yield Ask(Command.USER_WRITE, user.record)), "write the person")
    accept((yield Ask(Command.REFRESH_DATA)), "take up the change")
    after = yield from read_users(terms)
    _nobody_else_moved(users, after, {user.uid})
    return _done(find(after, wanted.user_id), user, wanted, terms)


def delete_user(terms: Terms, user_id: str) -> Procedure[Done]:
    """Take a person off the device, from every slot that has his user id."""
    users = yield from read_users(terms)
    find(users, user_id)
    slots = {each.uid for each in users if each.is_person(user_id)}
    for uid in sorted(slots):
        accept((yield Ask(Command.DELETE_USER, uid.to_bytes(2, "little"))), "delete the person")
    accept((yield Ask(Command.REFRESH_DATA)), "take up the change")
    after = yield from read_users(terms)
    _nobody_else_moved(users, after, slots)
    if any(each.is_person(user_id) for each in after):
        raise DeviceError(Code.DEVICE_ERROR, f"The device still holds the user id {user_id}.")
    return Done()


def _count_users() -> Procedure[int | None]:
    sizes = yield from tables.read_sizes()
    return sizes.counts.users if sizes else None


def _new(users: Sequence[User], user_id: str, form: Form) -> User:
    """Return a blank record in the first free slot; of this form if there is nobody to go by."""
    if any(each.is_person(user_id) for each in users):
        details = f"The device already holds a person with the user id {user_id}."
        raise DeviceError(Code.USER_TAKEN, details)
    taken = {each.uid for each in users}
    uid = next((slot for slot in range(1, _GREATEST_SLOT + 1) if slot not in taken), None)
    if uid is None:
        raise DeviceError(Code.DEVICE_FULL, f"All {_GREATEST_SLOT} slots of people are taken.")
    return codec.new(uid, user_id, users[0].form if users else form)


def _form_of_new(user_id: str) -> Procedure[Form]:
    """Return the form that a device without people has in all likelihood.

    What is read back shows whether it was. Raises NOT_SUPPORTED when the device's own options rule
    the user id out.
    """
    width = yield from option("~PIN2Width")
    if width and width.isdigit() and len(user_id) > int(width):
        details = f"This device takes user ids of at most {width} characters."
        raise DeviceError(Code.NOT_SUPPORTED, details)
    letters = yield from option("~IsABCPinEnable")
    if letters == "0" and not user_id.isdigit():
        raise DeviceError(Code.NOT_SUPPORTED, "This device takes digits only as user ids.")
    extended = yield from option("~UserExtFmt")
    return FORM_28 if extended == "0" else FORM_72


def _nobody_else_moved(before: Sequence[User], after: Sequence[User], ours: set[int]) -> None:
    now = {each.uid: each for each in after}
    for each in before:
        there = now.get(each.uid)
        if each.uid not in ours and there is not None and not there.is_person(each.user_id):
            details = (
                f"Slot {each.uid} was of user id {each.user_id} before the change and is of"
                f" {there.user_id} now; look at the device."
            )
            raise DeviceError(Code.DEVICE_ERROR, details)


def _done(there: User, written: User, wanted: PutUser, terms: Terms) -> UserDone:
    entry, expected = there.entry(terms.encoding), written.entry(terms.encoding)
    if entry != expected:
        wrong = [
            name
            for name, held, meant in zip(entry._fields, entry, expected, strict=True)
            if held != meant
        ]
        details = f"The device took the person, but holds other values of: {', '.join(wrong)}."
        raise DeviceError(Code.DEVICE_ERROR, details)
    return UserDone(
        user_id=entry.user_id,
        name=entry.name,
        name_cut=wanted.name is not None and entry.name != wanted.name,
        privilege=entry.privilege,
        disabled=entry.disabled,
        card=entry.card,
        group=entry.group,
        has_password=entry.has_password,
    )
