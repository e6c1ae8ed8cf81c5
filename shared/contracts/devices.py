"""Devices and the people they hold, as callers ask for them and see them."""

from datetime import datetime
from typing import Annotated, Final, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from shared.contracts.agents import (
    Dialect,
    Driver,
    Encoding,
    Family,
    LogLayout,
    Transport,
    UnlockFactor,
    Wire,
)
from shared.contracts.errors import Code, Problem
from shared.contracts.message import Instant, Message, OwnerId, Secret, SiteId
from shared.contracts.readings import DeviceEvent, Hardware, Privilege, Template

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=128)]
Text = Annotated[str, StringConstraints(strip_whitespace=True, max_length=256)]
Address = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=45)]
Port = Annotated[int, Field(ge=1, le=65_535)]
CommKey = Annotated[int, Field(ge=0, le=2**32 - 1)]
SerialNumber = Annotated[str, StringConstraints(strip_whitespace=True, max_length=64)]
Page = Annotated[int, Field(ge=1)]
Limit = Annotated[int, Field(ge=1, le=200)]


class Site(Message):
    """Whose a site is; what stands in the SITE bucket under the site's id."""

    owner: OwnerId
    name: str
    zone: str


class RegisterDevice(Wire):
    """Register a device after it was reached; one that dials in is waited for instead.

    A device that dials in is known by its serial number, which it needs; its ip says nothing.
    """

    name: Name
    ip: Address | Literal[""] = ""
    port: Port = 4370
    comm_key: Annotated[CommKey, Field(repr=False)] = 0
    location: Text = ""
    serial_number: SerialNumber = ""
    site: SiteId | None = None
    zone: str | None = None
    dialect: Dialect = "zk"


class ChangeDevice(Message):
    """Change what is known of a device; None stays as it is. It is reached first if need be."""

    device_id: int
    name: Name | None = None
    ip: Address | None = None
    port: Port | None = None
    comm_key: Annotated[CommKey | None, Field(repr=False)] = None
    location: Text | None = None
    serial_number: SerialNumber | None = None
    zone: str | None = None
    driver: Driver | None = None
    transport: Transport | None = None
    encoding: Encoding | None = None
    unlock_factor: UnlockFactor | None = None
    log_layout: LogLayout | None = None
    family: Family | None = None


class RemoveDevice(Message):
    """Let go of a device; its punches stay."""

    device_id: int


class Device(Wire):
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
    hardware: Hardware | None = None
    """What a device that dials in tells of its body; processor and MAC as it first told them."""
    address: str | None = None
    """Where it last dialled in from."""
    has_path_token: bool = False
    """Whether it must dial in by a path of its own."""
    created_at: Instant


class ListDevices(Message):
    """One page of the caller's devices."""

    page: Page = 1
    limit: Limit = 20
    site: SiteId | None = None


class DevicePage(Message):
    """Devices, and how many there are in all."""

    items: tuple[Device, ...]
    total: int


class GetDevice(Message):
    """One device of the caller's."""

    device_id: int


class FindDevice(Message):
    """One device of the caller's by its serial number, registered or reported, in either case."""

    serial: Annotated[str, Field(max_length=64)]


class MakePath(Message):
    """Give a device that dials in a secret path of its own; the one before is good for a day."""

    device_id: int


class PathMade(Message):
    """The path; it is told this once."""

    device_id: int
    token: Secret


# ── waiting for approval ─────────────────────────────────────────────────────


class ListPending(Message):
    """One page of the terminals that dialled in to a site of the caller's and are not served."""

    page: Page = 1
    limit: Limit = 20


class PendingDevice(Message):
    """A terminal that waits for approval."""

    serial_number: str
    site: SiteId
    dialect: Dialect
    reason: Literal["unknown", "hardware_changed"]
    address: str
    path: str
    hardware: Hardware
    times: int
    """How often it dialled in since."""
    first_seen_at: Instant
    last_seen_at: Instant


class PendingPage(Message):
    """Terminals, and how many there are in all."""

    items: tuple[PendingDevice, ...]
    total: int


class ApproveDevice(Message):
    """Serve a terminal from now on, or accept that its body is another one."""

    serial: Annotated[str, Field(max_length=64)]
    name: Name | None = None
    """None: its model and serial number."""
    location: Text = ""
    zone: str | None = None
    """None: the site's."""


# ── people ───────────────────────────────────────────────────────────────────


class ListUsers(Message):
    """One page of the people whom the caller's devices held when they were last read."""

    page: Page = 1
    limit: Limit = 20
    device_id: int | None = None
    q: Annotated[str, Field(max_length=64)] | None = None
    """Part of a PIN or a name; letters count the same in either case."""


class DeviceUser(Message):
    """A person on one device."""

    device_id: int
    serial_number: str
    user_id: str
    name: str
    privilege: Privilege
    disabled: bool
    card: int | None
    group: int | None
    has_password: bool
    fingers: tuple[int, ...]
    """Whose templates are in custody from this device."""
    alias: str | None = None
    credentials: tuple[int, ...] = ()
    """The numbers of what the device holds to know them by, as Template counts them."""
    read_at: Instant


class UserPage(Message):
    """People, and how many there are in all."""

    items: tuple[DeviceUser, ...]
    total: int


class ListTemplates(Message):
    """Which templates of a person are in custody; never the templates themselves."""

    device_id: int
    user_id: str


class TemplateKept(Message):
    """One template in custody."""

    finger: int
    flag: int
    size: int
    device_id: int
    """Where it was read."""
    read_at: Instant


class ReadTemplatesKept(Message):
    """Templates in custody that were read from a device, themselves; a page at a time."""

    device_id: int
    page: Page = 1
    limit: Annotated[int, Field(ge=1, le=10)] = 10
    """Ten photos fit into one message."""


class TemplatesRead(Message):
    """Templates, and how many there are in all."""

    items: tuple[Template, ...]
    total: int


class TemplatesKept(Message):
    """What is in custody of one person."""

    items: tuple[TemplateKept, ...]


# ── alarms ───────────────────────────────────────────────────────────────────


class ListAlarms(Message):
    """One page of a device's alarms, newest first."""

    device_id: int
    page: Page = 1
    limit: Limit = 20


class AlarmSeen(Message):
    """One alarm."""

    id: UUID
    device_id: int
    at: Instant
    code: Code
    details: str
    size: int
    digest: str


class AlarmPage(Message):
    """Alarms, and how many there are in all."""

    items: tuple[AlarmSeen, ...]
    total: int


# ── what happens at devices besides punches ──────────────────────────────────


class ListDeviceEvents(Message):
    """One page of what happened at a device and is no punch, newest first."""

    device_id: int
    page: Page = 1
    limit: Limit = 20


class DeviceEventPage(Message):
    """Events, and how many there are in all."""

    items: tuple[DeviceEvent, ...]
    total: int


# ── logs that are POSTed ─────────────────────────────────────────────────────

LOG_LIMIT: Final = 250


class PostedRecord(Message):
    """One record of a POSTed log."""

    user_id: Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z]{1,24}$")]
    device_time: datetime
    """The device's wall clock, without a zone."""
    verify: int | None = None
    state: int | None = None
    event: int | None = None
    raw: bytes = b""


class TakeLog(Message):
    """Records that somebody POSTs in a device's name."""

    serial: Annotated[str, Field(max_length=64)]
    token: Annotated[Secret, Field(max_length=256)] | None = None
    """Of the device's own path, where it has one."""
    records: Annotated[tuple[PostedRecord, ...], Field(min_length=1, max_length=LOG_LIMIT)]
    wait: Annotated[float, Field(ge=0, le=10)] = 0
    """Seconds to wait for their delivery."""


class LogTaken(Message):
    """They are committed, each once, whatever way they came before."""

    recorded: int
    known: int
    forwarded: bool
    """Whether all of them were delivered."""
