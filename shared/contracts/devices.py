"""Devices and the people they hold, as callers ask for them and see them."""

from typing import Annotated
from uuid import UUID

from pydantic import Field, StringConstraints

from shared.contracts.agents import (
    Dialect,
    Driver,
    Encoding,
    LogLayout,
    Transport,
    UnlockFactor,
    Wire,
)
from shared.contracts.errors import Code, Problem
from shared.contracts.message import Instant, Message, OwnerId, SiteId
from shared.contracts.readings import Privilege

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
    """Register a device after it was reached."""

    name: Name
    ip: Address
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
