"""What an agent reads from devices and says of them."""

from typing import Annotated, Final, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from shared.contracts.errors import Code, Problem
from shared.contracts.message import DeviceText, Instant, Message, OwnerId, SecretData, SiteId

BATCH_LIMIT: Final = 250
"""The most records one batch carries: about 60 kB, far below the broker's limit of a message."""
PEOPLE_LIMIT: Final = 100
"""The most people one part of a list carries."""
TEMPLATE_LIMIT: Final = 100
"""The most templates one part of a list carries: about 250 kB."""

# Not \d: digits of other scripts would make another identity of the same moment.
_DEVICE_TIME: Final = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}$"

Source = Literal["live", "pull", "push", "http", "app"]
"""How records came: as they happened, read, handed over by the device, POSTed, by an employee."""
Privilege = Literal["user", "enroller", "manager", "admin"]
"""What a person may do in a device's own menu."""


class PunchRecord(Message):
    """One record of a device's log, as it was read."""

    person: str
    device_time: Annotated[str, StringConstraints(pattern=_DEVICE_TIME)]
    """The device's wall clock, no zone, kept even when no such date exists."""
    ordinal: Annotated[int, Field(ge=0)]
    """Which record of this person in this second it is, by the order of the device's log."""
    verify: int | None = None
    state: int | None = None
    work_code: str | None = None
    event: int | None = None
    """What the person chose at the device, where a dialect tells it apart from the direction."""
    raw: bytes = b""
    """As read; photos in it are replaced by their digest."""
    flags: tuple[str, ...] = ()


class PunchBatch(Message):
    """What one reading of one device gave; the envelope of every punch on its way in.

    A live punch is a batch of one; a bulk read is a few hundred batches.
    """

    batch_id: UUID
    journal_id: UUID
    """The journal that keeps the batch until its receipt; devices move, journals do not."""
    owner: OwnerId
    site: SiteId
    device_id: int
    serial: str
    """As the device reports it; part of each punch's identity."""
    epoch: int
    """Which filling of the device's log this is; counts up when the log is cleared."""
    source: Source
    zone: str
    """IANA name of the zone the device's clock is set to."""
    read_at: Instant
    drift_ms: int | None = None
    """Device clock minus true time at the last measurement; None when never measured."""
    operation_id: UUID | None = None
    records: Annotated[tuple[PunchRecord, ...], Field(min_length=1, max_length=BATCH_LIMIT)]


class Person(Message):
    """A person as a device knows it; the password stays on the device."""

    user_id: str
    """What people and records are known by: the PIN."""
    name: str
    privilege: Privilege = "user"
    disabled: bool = False
    card: int | None = None
    group: int | None = None
    has_password: bool = False
    uid: int | None = None
    """The slot of the device's own table; means nothing outside this device."""
    alias: str | None = None
    """Another id that some devices show instead."""
    credentials: tuple[int, ...] = ()
    """The numbers of what the device holds to know them by, as Template counts them."""


class PeopleRead(Message):
    """People that a device holds, a part of the list at a time."""

    owner: OwnerId
    site: SiteId
    device_id: int
    read_at: Instant
    people: tuple[Person, ...]


class Template(Message):
    """One thing a device knows a person by: opaque, and secret wherever it is."""

    user_id: str
    finger: Annotated[int, Field(ge=0, le=99)]
    """0 to 9: a finger. Above: 10 the password and 11 the card, as digits; 20 to 27 a face, 30 to
    37 a palm, 50 a photo (timmy.md 1.4, the backup numbers)."""
    flag: Annotated[int, Field(ge=0, le=255)] = 1
    """As the device keeps it: 1 valid, 3 duress."""
    algorithm: str = ""
    """What made it, such as thbio3.0; only devices of the same can use it. Empty: not known, or
    nothing that an algorithm made."""
    data: SecretData


class Hardware(Message):
    """What a device tells of its own body when it dials in; another one is another device."""

    processor: DeviceText | None = None
    """The serial number of its processor (``cpusn``)."""
    mac: DeviceText | None = None
    model: DeviceText | None = None
    firmware: DeviceText | None = None
    algorithm: DeviceText | None = None
    """What makes its templates (``fpalgo``), such as thbio3.0."""


class DevicePresence(Message):
    """Whether an agent is connected to one device, and if not, why."""

    device_id: int
    connected: bool
    serial: str | None = None
    firmware: str | None = None
    problem: Problem | None = None
    hardware: Hardware | None = None
    address: str | None = None
    """Where it dialled in from."""


class Presence(Message):
    """What an agent says every few seconds about devices it holds, about each within 10 s or so.

    One that is not named is not gone: a message names some, and none when there are none.
    """

    agent: str
    owner: OwnerId
    site: SiteId
    at: Instant
    devices: tuple[DevicePresence, ...]


class Alarm(Message):
    """Something about a device that a person should look at; what was read is kept aside."""

    alarm_id: UUID
    owner: OwnerId
    site: SiteId
    device_id: int
    at: Instant
    code: Code
    details: DeviceText
    size: int = 0
    """How many bytes were put into quarantine on the agent's disk."""
    digest: str = ""
    """Their SHA-256 in hexadecimal, which is also their name there."""


class DeviceEvent(Message):
    """Something that happened at a device and is no punch."""

    event_id: UUID
    """A pure function of what the device said, so that a repetition has the same."""
    owner: OwnerId
    site: SiteId
    device_id: int
    kind: Literal["door", "stranger"]
    """``stranger``: a face or a finger that the device does not know."""
    code: int | None = None
    """Of a door, by timmy.md 1.6: 0 closed, 1 opened, 2 exit button, 3 opened and 4 closed by
    software, 5 forced open, 6 device removed, 7 input alarm."""
    device_time: DeviceText
    """The device's wall clock, as it was read."""
    read_at: Instant
