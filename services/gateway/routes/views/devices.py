"""Devices, and what they say of themselves."""

from typing import Annotated, Any, Final, Self
from uuid import UUID

from pydantic import Field

from services.gateway.routes.examples import example
from services.gateway.routes.views.base import Moment, Problem, View
from shared.contracts import devices
from shared.contracts.actions import Counts, Info
from shared.contracts.agents import Dialect, Driver, Family, LogLayout, Transport
from shared.contracts.errors import Code
from shared.contracts.message import SiteId
from shared.contracts.readings import Hardware

_DEVICE: Final[dict[str, Any]] = {
    "id": 1,
    "name": "Main Entrance Reader",
    "ip": "192.168.1.100",
    "port": 4370,
    "location": "Building A - Main Entrance",
    "serial_number": "ZKT-001-2024",
    "device_serial": None,
    "dialect": "zk",
    "site": "hq",
    "zone": "Asia/Jakarta",
    "driver": "native",
    "transport": "tcp",
    "encoding": "utf-8",
    "unlock_factor": 10,
    "log_layout": "auto",
    "family": "auto",
    "hardware": None,
    "address": None,
    "has_path_token": False,
    "status": "active",
    "is_connected": True,
    "problem": None,
    "created_at": "2024-02-05T14:30:00Z",
}


class Device(View):
    """A device; its comm key is never shown."""

    model_config = example(**_DEVICE)

    id: int
    name: str
    ip: str
    port: int
    location: str
    serial_number: str
    device_serial: str | None
    dialect: Dialect
    site: SiteId
    zone: str
    driver: Driver
    transport: Transport
    encoding: str
    unlock_factor: int
    log_layout: LogLayout
    family: Family
    hardware: Hardware | None
    """What a device that dials in told of its body."""
    address: str | None
    """Where it last dialled in from."""
    has_path_token: bool
    """Whether it must dial in by a path of its own."""
    status: str
    is_connected: bool
    problem: Problem | None
    created_at: Moment


class RegisteredDevice(Device):
    """A device that was registered a moment ago."""

    warning: Annotated[str | None, Field(exclude_if=lambda said: said is None)] = None
    """Only there when the device reports another serial than was registered."""

    @classmethod
    def made(cls, made: devices.Device) -> Self:
        """Return a device that has just been reached."""
        warning = None
        if made.device_serial:
            warning = (
                f"The device reports serial {made.device_serial}, not {made.serial_number}:"
                " check that this is the terminal you mean."
            )
        # One that we dial answered a moment ago, which is what the document means.
        connected = made.is_connected or made.dialect == "zk"
        return cls.of(made, is_connected=connected, warning=warning)


_COUNTS: Final[dict[str, Any]] = dict.fromkeys(Counts.model_fields)


class DeviceInfo(Device):
    """A device together with what it just said of itself; null is what it did not say."""

    model_config = example(
        **_DEVICE,
        firmware="Ver 6.60 Apr 28 2017",
        platform="ZEM560_TFT",
        device_name="K40",
        mac="00:17:61:00:00:01",
        fingerprint_version="10",
        counts=_COUNTS | {"users": 42, "fingerprints": 80, "records": 1200},
        capacity=_COUNTS | {"users": 10000, "fingerprints": 3000, "records": 100000},
        device_time="2024-02-05T21:29:58",
        drift_ms=-2000,
    )

    firmware: str | None
    platform: str | None
    device_name: str | None
    mac: str | None
    fingerprint_version: str | None
    counts: Counts | None
    capacity: Counts | None
    device_time: str | None
    drift_ms: int | None

    @classmethod
    def asked(cls, found: devices.Device, info: Info) -> Self:
        """Return a device with its own answer, which is newer than what the registry knows."""
        said = info.model_dump(exclude={"kind", "serial"})
        return cls.of(found, **said, is_connected=True, problem=None)


class Connection(View):
    """A device that answered."""

    model_config = example(
        device_id=1, is_connected=True, device_time="2024-02-05T21:29:58", drift_ms=-2000
    )

    device_id: int
    is_connected: bool
    device_time: str | None
    drift_ms: int | None


class ClockSet(View):
    """A device's clock before and after it was set; the drift is that of before."""

    model_config = example(
        device_id=1,
        before="2024-02-05T21:29:58",
        after="2024-02-05T21:30:00",
        drift_ms=-2000,
        at="2024-02-05T14:30:00Z",
    )

    device_id: int
    before: str | None
    after: str | None
    drift_ms: int | None
    at: Moment


class Option(View):
    """One of a device's own settings."""

    model_config = example(device_id=1, name="VOLUME", value="67")

    device_id: int
    name: str
    value: str


class Alarm(View):
    """Something about a device that a person should look at."""

    model_config = example(
        id="0f4cbe15-6d2c-4c4c-9d55-3b1f6d1a2c4e",
        device_id=1,
        at="2024-02-05T14:30:00Z",
        code="UNKNOWN_FORM",
        details="A live event of 40 bytes has no form that we know.",
        size=40,
        digest="c1b9e4bc8cbd5fc2b3a1a52ba9cb2bb9b1e3d7b9ae2e6b9a01ff06d4f4b2c1aa",
    )

    id: UUID
    device_id: int
    at: Moment
    code: Code
    details: str
    size: int
    digest: str


class Unlocked(View):
    """A door that was unlocked."""

    model_config = example(
        device_id=1,
        unlock_time="2024-02-05T14:30:00Z",
        unlocked_by="danish@example.com",
        auto_lock_in=5,
        audit_id="AUD-20240205-001",
    )

    device_id: int
    unlock_time: Moment
    unlocked_by: str
    auto_lock_in: int
    audit_id: str
