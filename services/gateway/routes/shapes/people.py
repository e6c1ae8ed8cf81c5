"""What callers send of people on devices."""

from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from services.gateway.routes.examples import example
from services.gateway.routes.shapes.fields import (
    LEFT_OUT,
    PLAIN,
    Digits,
    Id,
    OneDevice,
    Pages,
    PersonName,
    Pin,
    Strict,
)
from shared.contracts.actions import PutUser
from shared.contracts.devices import ListUsers
from shared.contracts.message import Secret
from shared.contracts.readings import Privilege as Word

_NUMBERS: Final[dict[int, Word]] = {0: "user", 2: "enroller", 6: "manager", 14: "admin"}
"""What the devices themselves write for each privilege."""
_NO_KEYPAD: Final = "must be digits, as on the device's keypad"
_NOT_TRUE: Final = "must be true or false"


def _privilege(sent: object) -> object:
    # True and False are numbers to Python, but no privileges.
    return _NUMBERS.get(sent, sent) if type(sent) is int else sent


def _keypad(sent: Secret) -> Secret:
    digits = sent.get_secret_value()
    if digits and not (digits.isascii() and digits.isdigit()):
        raise ValueError(_NO_KEYPAD)
    return sent


def _boolean(sent: object) -> object:
    if isinstance(sent, str):
        if sent not in {"true", "false"}:
            raise ValueError(_NOT_TRUE)
        return sent == "true"
    return sent


Privilege = Annotated[
    Word,
    BeforeValidator(
        _privilege,
        json_schema_input_type=Literal["user", "enroller", "manager", "admin", 0, 2, 6, 14],
    ),
]
"""A word, or the devices' own number for it."""
Keypad = Annotated[
    Secret,
    Field(max_length=8, json_schema_extra={"pattern": "^[0-9]*$"}),
    AfterValidator(_keypad),
]
Part = Annotated[str, Field(max_length=64, pattern=PLAIN)] | None
Card = Annotated[int, Field(ge=0, le=2**32 - 1)]
Group = Annotated[int, Field(ge=0, le=99)]
_EXAMPLE: Final[dict[str, Any]] = {
    "name": "Sample Person",
    "privilege": "user",
    "password": "1234",
    "card": 1234567,
    "group": 1,
}


class _Person(Strict):
    password: Keypad | None = None
    disabled: bool | None = None
    card: Card | None = None
    group: Group | None = None


class NewUser(_Person):
    """A person to be added to a device."""

    model_config = example(user_id="42", **_EXAMPLE)

    user_id: Pin
    name: PersonName
    privilege: Privilege = "user"

    def asking(self) -> PutUser:
        """Return what is asked of the device."""
        return PutUser(create=True, **{**dict(self), "disabled": bool(self.disabled)})


class NewUserOn(NewUser, OneDevice):
    """The same, where a path does not name the device."""

    model_config = example(device_id=1, user_id="42", **_EXAMPLE)


class WholeUser(_Person):
    """A person written anew; what is left out takes its default, but the password stays.

    The password is never shown, so whoever writes back what they read must not lose it.
    """

    model_config = example(**_EXAMPLE)

    name: PersonName
    privilege: Privilege = "user"
    disabled: bool = False
    card: Card = 0
    group: Group = 1

    def asking(self, user_id: str) -> PutUser:
        """Return what is asked of the device."""
        return PutUser(create=False, user_id=user_id, **dict(self))


class UserChange(_Person):
    """A part of a person; what is left out or null stays as it is."""

    model_config = example(privilege="admin")

    name: PersonName | None = None
    privilege: Privilege | None = None

    def asking(self, user_id: str) -> PutUser:
        """Return what is asked of the device."""
        return PutUser(create=False, user_id=user_id, **dict(self))


class CopyTo(Strict):
    """The device that gets a person's templates."""

    model_config = example(target_device_id=2)

    target_device_id: Id


class Enrolment(Strict):
    """The finger to enrol: 0 is the left little finger, 9 the right one."""

    model_config = example(finger=6)

    finger: Annotated[int, Field(ge=0, le=9)]


class UsersOfDevice(Pages):
    """Which people of one device."""

    q: Part = LEFT_OUT
    """Part of a PIN or a name; letters count the same in either case."""
    live: Annotated[bool, BeforeValidator(_boolean)] = False
    """Whether the device is read first."""

    def asking(self, device_id: int | None) -> ListUsers:
        """Return the question to the registry."""
        return ListUsers(page=self.page, limit=self.limit, device_id=device_id, q=self.q or None)


class Users(Pages):
    """Which people."""

    q: Part = LEFT_OUT
    """Part of a PIN or a name; letters count the same in either case."""
    device_id: Annotated[Id, Digits] | None = LEFT_OUT

    def asking(self) -> ListUsers:
        """Return the question to the registry."""
        return ListUsers(
            page=self.page, limit=self.limit, device_id=self.device_id, q=self.q or None
        )
