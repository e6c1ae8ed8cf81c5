"""What the registry and its agents say, hear and are asked."""

from typing import Annotated, Final, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from shared.contracts.errors import Problem
from shared.contracts.message import Instant, Message, OwnerId, SiteId

BATCH_LIMIT: Final = 250
"""The most records one batch carries: about 60 kB, far below the broker's limit of a message."""

# Not \d: digits of other scripts would make another identity of the same moment.
_DEVICE_TIME: Final = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}$"

Dialect = Literal["zk"]
Source = Literal["live", "pull", "push"]
OperationStatus = Literal["pending", "sent", "success", "failed", "canceled"]
OperationKind = Literal["read_log", "unlock"]


# ── what an agent reads ──────────────────────────────────────────────────────


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
    raw: bytes = b""
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
    """A person as a device knows it."""

    user_id: str
    name: str


class PeopleRead(Message):
    """People that a device holds, a part of the list at a time."""

    owner: OwnerId
    site: SiteId
    device_id: int
    read_at: Instant
    people: tuple[Person, ...]


class DevicePresence(Message):
    """Whether an agent is connected to one device, and if not, why."""

    device_id: int
    connected: bool
    serial: str | None = None
    firmware: str | None = None
    problem: Problem | None = None


class Presence(Message):
    """What an agent says every few seconds about all devices it holds."""

    agent: str
    owner: OwnerId
    site: SiteId
    at: Instant
    devices: tuple[DevicePresence, ...]


class Site(Message):
    """Whose a site is; what stands in the SITE bucket under the site's id."""

    owner: OwnerId
    name: str
    zone: str


# ── operations ───────────────────────────────────────────────────────────────


class Operation(Message):
    """One thing asked of one device, on its way to the device's agent."""

    operation_id: UUID
    owner: OwnerId
    site: SiteId
    device_id: int
    kind: OperationKind
    expires_at: Instant


class Progress(Message):
    """How far an operation that reads a log has come, in records."""

    read: int = 0
    receipted: int = 0
    recorded: int = 0
    """How many of them were new."""


class Outcome(Message):
    """How an operation goes (``sent``) or how it ended (any later status)."""

    operation_id: UUID
    owner: OwnerId
    site: SiteId
    device_id: int
    status: OperationStatus
    at: Instant
    progress: Progress = Progress()
    problem: Problem | None = None


# ── between the registry and an agent ────────────────────────────────────────


class AskRoster(Message):
    """An agent asks which devices its site has."""

    agent: str


class RosterDevice(Message):
    """All an agent needs to connect to a device; travels only in a reply, never in a stream."""

    device_id: int
    owner: OwnerId
    dialect: Dialect
    host: str
    port: int
    comm_key: Annotated[int, Field(ge=0, repr=False)]
    zone: str
    epoch: int
    serial: str
    """The serial to use when the device does not tell its own."""


class Roster(Message):
    """Every device of a site."""

    owner: OwnerId
    devices: tuple[RosterDevice, ...]


class RosterChanged(Message):
    """A site's list of devices is new; ask again."""

    site: SiteId


class Probe(Message):
    """Try to reach a device that is not registered yet."""

    host: str
    port: int
    comm_key: Annotated[int, Field(ge=0, repr=False)]
    dialect: Dialect = "zk"


class Probed(Message):
    """The device answered."""

    serial: str | None
    firmware: str | None


class AskPermit(Message):
    """Ask the agent for leave to unlock once; nothing opens yet."""

    device_id: int


class Permit(Message):
    """Leave to unlock once; its deadline lies on the agent's own clock."""

    permit_id: UUID


class Unlock(Message):
    """Unlock under a permit; refused when the permit is unknown, used or past its deadline."""

    device_id: int
    permit_id: UUID
    seconds: Annotated[int, Field(ge=1, le=60)]


class Unlocked(Message):
    """The device acknowledged."""

    at: Instant


# ── what callers ask the registry ────────────────────────────────────────────

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=128)]
Text = Annotated[str, StringConstraints(strip_whitespace=True, max_length=256)]


class RegisterDevice(Message):
    """Register a device after it was reached."""

    name: Name
    ip: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=45)]
    port: Annotated[int, Field(ge=1, le=65_535)] = 4370
    comm_key: Annotated[int, Field(ge=0, le=2**32 - 1, repr=False)] = 0
    location: Text = ""
    serial_number: Annotated[str, StringConstraints(strip_whitespace=True, max_length=64)] = ""
    site: SiteId | None = None
    zone: str | None = None
    dialect: Dialect = "zk"


class Device(Message):
    """A device as callers see it; secrets stay behind."""

    id: int
    name: str
    ip: str
    port: int
    location: str
    serial_number: str
    device_serial: str | None
    """What the device itself reports, when that differs from what was registered."""
    dialect: Dialect
    site: SiteId
    zone: str
    status: str
    is_connected: bool
    problem: Problem | None = None
    created_at: Instant


class ListDevices(Message):
    """One page of the caller's devices."""

    page: Annotated[int, Field(ge=1)] = 1
    limit: Annotated[int, Field(ge=1, le=200)] = 20
    site: SiteId | None = None


class DevicePage(Message):
    """Devices, and how many there are in all."""

    items: tuple[Device, ...]
    total: int


class GetDevice(Message):
    """One device of the caller's."""

    device_id: int


class SyncAttendance(Message):
    """Read a device's whole log; a running sync of the device is returned, not doubled."""

    device_id: int


class GetJob(Message):
    """One job of the caller's."""

    job_id: str


JobStatus = Literal["queued", "active", "completed", "failed"]


class Job(Message):
    """A set of operations, or one long one, with progress."""

    job_id: str
    type: str
    device_id: int
    status: JobStatus
    queued_at: Instant
    started_at: Instant | None = None
    finished_at: Instant | None = None
    progress: Progress = Progress()
    problem: Problem | None = None


class AskQueueStats(Message):
    """How many jobs of the caller's owner stand where."""


class QueueCounts(Message):
    """One queue's jobs by state."""

    active: int = 0
    waiting: int = 0
    completed: int = 0
    failed: int = 0


class QueueStats(Message):
    """Every queue's counts."""

    queues: dict[str, QueueCounts]


class PermitDoor(Message):
    """Ask for leave to unlock a device's door once; nothing opens yet."""

    device_id: int


class DoorPermit(Message):
    """Leave to unlock once, from the agent that holds the device."""

    permit_id: UUID
    operation_id: UUID


class UnlockDoor(Message):
    """Unlock under a permit, now or not at all.

    Whoever answers the caller asks for the permit first, so a pause of any process between the
    caller and the device is counted by the agent's own clock.
    """

    device_id: int
    permit_id: UUID
    operation_id: UUID
    seconds: Annotated[int, Field(ge=1, le=60)] = 5


class DoorUnlocked(Message):
    """The device acknowledged the unlock."""

    device_id: int
    operation_id: UUID
    at: Instant
    seconds: int
