"""What a device can be asked to do, and what comes of it; one message a kind."""

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from shared.contracts.message import DeviceText, Instant, Message, Secret
from shared.contracts.options import OptionName, OptionValue
from shared.contracts.readings import Person, Privilege, Template

UserId = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z]{1,24}$")]
"""The PIN; some devices take digits only, or fewer, and say so."""
UserName = Annotated[str, StringConstraints(strip_whitespace=True, max_length=64)]

# ── asked ────────────────────────────────────────────────────────────────────


class ReadLog(Message):
    """Read the whole attendance log."""

    kind: Literal["read_log"] = "read_log"


class ClearLog(Message):
    """Empty the attendance log, once every record of it has its receipt."""

    kind: Literal["clear_log"] = "clear_log"


class ReadUsers(Message):
    """Read everybody whom the device holds."""

    kind: Literal["read_users"] = "read_users"


class ReadInfo(Message):
    """Ask the device what it is and what it holds."""

    kind: Literal["read_info"] = "read_info"


class ReadTime(Message):
    """Read the device's clock; also the cheapest way to see whether it answers."""

    kind: Literal["read_time"] = "read_time"


class SetTime(Message):
    """Set the device's clock to the true time of its zone."""

    kind: Literal["set_time"] = "set_time"


class Restart(Message):
    """Restart the device."""

    kind: Literal["restart"] = "restart"


class PowerOff(Message):
    """Switch the device off; only a hand at the device switches it on again."""

    kind: Literal["power_off"] = "power_off"


class PutUser(Message):
    """Add a person to the device, or change one; what is None stays as it is."""

    kind: Literal["put_user"] = "put_user"
    user_id: UserId
    create: bool
    """Whether the person must be new, or must be there."""
    name: UserName | None = None
    privilege: Privilege | None = None
    disabled: bool | None = None
    password: Annotated[Secret, Field(max_length=8)] | None = None
    """Digits for the device's keypad; empty takes it away."""
    card: Annotated[int, Field(ge=0, le=2**32 - 1)] | None = None
    group: Annotated[int, Field(ge=0, le=99)] | None = None


class DeleteUser(Message):
    """Take a person off the device, templates included."""

    kind: Literal["delete_user"] = "delete_user"
    user_id: UserId
    may_be_absent: bool = False
    """Whether it succeeds, with a count of 0, when the device holds no such person."""


class ReadTemplates(Message):
    """Read a person's fingerprint templates, or everybody's, into custody."""

    kind: Literal["read_templates"] = "read_templates"
    user_id: UserId | None = None


class WriteTemplates(Message):
    """Write a person's templates from custody; the person must be on the device."""

    kind: Literal["write_templates"] = "write_templates"
    user_id: UserId
    templates: tuple[Template, ...] = ()
    """Filled in only when the operation starts."""


class PushUser(Message):
    """Put a person on the device with all that another device knew them by, and read it back.

    It succeeds only when everything is there; a person of another name in the way is USER_TAKEN.
    """

    kind: Literal["push_user"] = "push_user"
    user_id: UserId
    overwrite: bool = False
    """Whether a person of another name may be replaced."""
    person: Person | None = None
    """Filled in, like the templates, only when the operation starts."""
    templates: tuple[Template, ...] = ()


class Enroll(Message):
    """Let a person show the device a finger or a face until it has a template."""

    kind: Literal["enroll"] = "enroll"
    user_id: UserId
    finger: Annotated[int, Field(ge=0, le=99)]
    """As Template counts: 0 to 9 a finger, 50 a face by photo."""
    name: UserName | None = None
    """Given, the person is added with it if need be; else they must be on the device."""
    alias: Annotated[str, StringConstraints(max_length=32)] | None = None
    follow: bool = True
    """Whether it ends when the device has the template, or already when the device has begun."""


class ReadOption(Message):
    """Read one of the device's own settings."""

    kind: Literal["read_option"] = "read_option"
    name: OptionName


class WriteOption(Message):
    """Change one of the device's own settings."""

    kind: Literal["write_option"] = "write_option"
    name: OptionName
    value: OptionValue


Action = Annotated[
    ReadLog
    | ClearLog
    | ReadUsers
    | ReadInfo
    | ReadTime
    | SetTime
    | Restart
    | PowerOff
    | PutUser
    | DeleteUser
    | ReadTemplates
    | WriteTemplates
    | PushUser
    | Enroll
    | ReadOption
    | WriteOption,
    Field(discriminator="kind"),
]

# ── what comes of it ─────────────────────────────────────────────────────────

Said = dict[str, Any] | None
"""A device's own answer, where a dialect has one that people can read; without secrets."""


class Counts(Message):
    """How many of each a device holds, or can hold."""

    users: int | None = None
    admins: int | None = None
    passwords: int | None = None
    fingerprints: int | None = None
    faces: int | None = None
    records: int | None = None
    operations: int | None = None


class Info(Message):
    """What a device is and holds; None where it does not say."""

    kind: Literal["info"] = "info"
    serial: DeviceText | None = None
    firmware: DeviceText | None = None
    platform: DeviceText | None = None
    device_name: DeviceText | None = None
    mac: DeviceText | None = None
    fingerprint_version: DeviceText | None = None
    counts: Counts | None = None
    """None: the device does not tell its counts, which does not mean that it is empty."""
    capacity: Counts | None = None
    device_time: DeviceText | None = None
    drift_ms: int | None = None


class Clock(Message):
    """A device's wall clock, before and after it was set; drift is that of before."""

    kind: Literal["clock"] = "clock"
    before: str | None
    after: str | None = None
    drift_ms: int | None = None
    at: Instant


class Count(Message):
    """How many of what was asked for there were."""

    kind: Literal["count"] = "count"
    count: int
    slots: tuple[int, ...] = ()
    """Of one person: the numbers of the templates, as Template counts them."""


class UserDone(Message):
    """A person as the device now holds them, read back."""

    kind: Literal["user"] = "user"
    user_id: DeviceText
    name: DeviceText
    name_cut: bool = False
    """Whether the device could not hold the whole name."""
    privilege: Privilege
    disabled: bool
    card: int | None
    group: int | None
    has_password: bool


class Enrolled(Message):
    """The device has a template of the finger."""

    kind: Literal["enrolled"] = "enrolled"
    user_id: DeviceText
    finger: int
    size: int


class EnrolmentBegun(Message):
    """The device shows the person what to do; how that goes is told later."""

    kind: Literal["enrolment_begun"] = "enrolment_begun"
    user_id: DeviceText
    finger: int


class Enrolment(Message):
    """How far an enrolment has come that was begun."""

    state: Literal["started", "captured", "timeout", "failed"]
    samples: int = 0
    """How often the finger was laid on."""
    details: DeviceText = ""
    at: Instant


class Pushed(Message):
    """The person is on the device with all of it, read back."""

    kind: Literal["pushed"] = "pushed"
    user_id: DeviceText
    slots: tuple[int, ...]


class OptionRead(Message):
    """One of the device's own settings."""

    kind: Literal["option"] = "option"
    name: DeviceText
    value: DeviceText


class Cleared(Message):
    """The log was emptied; ``noted`` when the device's own operation log says so too."""

    kind: Literal["cleared"] = "cleared"
    records: int
    noted: bool


class Done(Message):
    """It was done, and there is nothing to tell."""

    kind: Literal["done"] = "done"


Result = Annotated[
    Info
    | Clock
    | Count
    | UserDone
    | Enrolled
    | EnrolmentBegun
    | Pushed
    | OptionRead
    | Cleared
    | Done,
    Field(discriminator="kind"),
]
