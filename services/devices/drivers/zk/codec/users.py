"""User records of 28 and 72 bytes: read, and changed field by field.

Source: zk-protocol and a dump of a real F19; zones are kept as they are. A record holds a password
in clear: it leaves this module only in the bytes that are written back, and as a secret.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from struct import Struct
from typing import Final, NamedTuple

from services.devices.drivers.base import DeviceError, PersonEntry
from services.devices.drivers.zk.codec import texts
from services.devices.drivers.zk.messages import USER_28, USER_72
from shared.contracts.actions import PutUser
from shared.contracts.errors import Code
from shared.contracts.identity import canonical_person
from shared.contracts.readings import Privilege

_DISABLED: Final = 1
_RIGHTS: Final[dict[Privilege, int]] = {"user": 0, "enroller": 2, "manager": 6, "admin": 14}
_FIRST_GROUP: Final = 1
"""The group that devices put a person into when nothing is said."""
_GREATEST_ID: Final = 2**32 - 1


class Form(NamedTuple):
    """One width of user records, and where in its fields what is."""

    shape: Struct
    card: int
    group: int
    blank: tuple[int | bytes, ...]
    name_width: int
    password_width: int

    @property
    def width(self) -> int:
        """Bytes of one record."""
        return self.shape.size


_UID, _FLAGS, _PASSWORD, _NAME, _USER_ID = 0, 1, 2, 3, -1

FORM_28: Final = Form(USER_28, 4, 6, (0, 0, b"", b"", 0, 0, _FIRST_GROUP, 0, 0), 8, 5)
FORM_72: Final = Form(USER_72, 4, 5, (0, 0, b"", b"", 0, _FIRST_GROUP, 0, 0, 0, 0, b""), 23, 8)
FORMS: Final[Mapping[int, Form]] = {form.width: form for form in (FORM_28, FORM_72)}


@dataclass(frozen=True, slots=True)
class User:
    """One record of a user table."""

    uid: int
    """The slot: what commands about a person name it by, on this device."""
    user_id: str
    form: Form = field(repr=False)
    record: bytes = field(repr=False)

    def is_person(self, user_id: str) -> bool:
        """Return whether the record is of the person with this id, however it is padded."""
        return canonical_person(self.user_id) == canonical_person(user_id)

    @property
    def password(self) -> bytes:
        """Return the password as the device holds it; empty when there is none."""
        return texts.text(self.form.shape.unpack(self.record)[_PASSWORD]).encode()

    def may_be_called(self, name: str, encoding: str) -> bool:
        """Return whether the person has no other name: this one, as far as it fits, or none."""
        cut = texts.cut(name, self.form.name_width, encoding)
        return self.entry(encoding).name in {"", texts.text(cut, encoding)}

    def entry(self, encoding: str) -> PersonEntry:
        """Return the person in neutral words."""
        fields = self.form.shape.unpack(self.record)
        return PersonEntry(
            user_id=self.user_id,
            name=texts.text(fields[_NAME], encoding),
            privilege=_privilege(fields[_FLAGS]),
            disabled=bool(fields[_FLAGS] & _DISABLED),
            card=fields[self.form.card] or None,
            group=fields[self.form.group],
            has_password=bool(self.password),
            uid=self.uid,
        )


def users(rows: bytes, form: Form) -> list[User]:
    """Return every record of a table; ``rows`` is a whole number of them."""
    width = form.width
    return [_user(rows[at : at + width], form) for at in range(0, len(rows), width)]


def slots(people: Iterable[PersonEntry]) -> dict[int, str]:
    """Return user ids by slot."""
    return {each.uid: each.user_id for each in people if each.uid is not None}


def new(uid: int, user_id: str, form: Form) -> User:
    """Return a blank record; raise DeviceError NOT_SUPPORTED for an id the form cannot hold."""
    fields = list(form.blank)
    fields[_UID] = uid
    fields[_USER_ID] = _id_field(user_id, form)
    return _user(form.shape.pack(*fields), form)


def changed(user: User, wanted: PutUser, encoding: str) -> User:
    """Return a record with what is wanted changed, and everything else as it is.

    Raises DeviceError for what the form cannot hold; a name is cut to fit.
    """
    form = user.form
    fields = list(form.shape.unpack(user.record))
    if wanted.name is not None:
        fields[_NAME] = texts.cut(wanted.name, form.name_width, encoding)
    if wanted.password is not None:
        fields[_PASSWORD] = _password(wanted.password.get_secret_value(), form)
    if wanted.card is not None:
        fields[form.card] = wanted.card
    if wanted.group is not None:
        fields[form.group] = wanted.group
    fields[_FLAGS] = _flags(fields[_FLAGS], wanted)
    return _user(form.shape.pack(*fields), form)


def _user(record: bytes, form: Form) -> User:
    fields = form.shape.unpack(record)
    said = fields[_USER_ID]
    return User(
        fields[_UID], str(said) if isinstance(said, int) else texts.text(said), form, record
    )


def _privilege(flags: int) -> Privilege:
    """Return the greatest privilege a byte contains; values between the known ones exist."""
    return max(
        (each for each, value in _RIGHTS.items() if value <= flags), key=lambda each: _RIGHTS[each]
    )


def _flags(flags: int, wanted: PutUser) -> int:
    if wanted.privilege is not None:
        flags = _RIGHTS[wanted.privilege] | flags & _DISABLED
    if wanted.disabled is not None:
        flags = flags & ~_DISABLED | wanted.disabled
    return flags


def _id_field(user_id: str, form: Form) -> int | bytes:
    if form is not FORM_28:
        return user_id.encode("ascii")
    if not user_id.isdigit() or int(user_id) > _GREATEST_ID:
        details = f"This device takes numbers up to {_GREATEST_ID} as user ids only."
        raise DeviceError(Code.NOT_SUPPORTED, details)
    return int(user_id)


def _password(password: str, form: Form) -> bytes:
    if password and not (password.isascii() and password.isdigit()):
        raise DeviceError(Code.VALIDATION_ERROR, "A device's password is made of digits.")
    if len(password) > form.password_width:
        details = f"This device takes passwords of at most {form.password_width} digits."
        raise DeviceError(Code.NOT_SUPPORTED, details)
    return password.encode()
