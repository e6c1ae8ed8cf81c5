"""What attendance says of the punches it committed, and what it is asked."""

from datetime import date, datetime
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from pydantic import Field

from shared.contracts.message import Instant, Message, OwnerId, SecretData, SiteId, ZoneName
from shared.contracts.readings import PunchBatch, Source


class Receipt(Message):
    """Attendance's word to a journal: every record of this batch is committed."""

    journal_id: UUID
    batch_id: UUID
    owner: OwnerId
    site: SiteId
    device_id: int
    recorded: int
    """How many records were new punches."""
    known: int
    """How many were punches recorded before, by this or another path."""


class RecordedPunch(Message):
    """One committed punch."""

    id: UUID
    position: int
    """Its place in its site's record: 1, 2, 3, … without a gap."""
    user_id: str
    device_time: str
    punched_at: Instant | None
    """None when the device gave a date that does not exist; see flags."""
    verify_method: int | None
    in_out_state: int | None
    work_code: str | None
    event: int | None = None
    flags: tuple[str, ...] = ()


class PunchesRecorded(Message):
    """Punches that were committed together; positions run from first to last without a gap.

    A reader that sees a jump, or a first position that it has seen, missed or repeated something:
    it reads the range from attendance.
    """

    event_id: UUID
    owner: OwnerId
    site: SiteId
    device_id: int
    serial_number: str
    zone: str
    source: Source
    received_at: Instant
    first_position: int
    last_position: int
    punches: Annotated[tuple[RecordedPunch, ...], Field(min_length=1)]


class ListPunches(Message):
    """One page of the caller's punches, newest first."""

    page: Annotated[int, Field(ge=1)] = 1
    limit: Annotated[int, Field(ge=1, le=1000)] = 20
    device_id: int | None = None
    user_id: Annotated[str, Field(max_length=64)] | None = None
    start: datetime | None = None
    """Inclusive; without a zone it means UTC."""
    end: datetime | None = None
    """Exclusive."""


class AttendanceItem(Message):
    """A punch as callers see it."""

    id: UUID
    position: int
    device_id: int
    serial_number: str
    site: SiteId
    user_id: str
    name: str | None
    punched_at: Instant | None
    device_time: str
    zone: str
    received_at: Instant
    source: Source
    verify_method: int | None
    in_out_state: int | None
    work_code: str | None
    event: int | None = None
    raw: str
    """The record's bytes as read, in hexadecimal."""
    clock_error_ms: int | None
    flags: tuple[str, ...]


class AttendancePage(Message):
    """Punches, and how many there are in all."""

    items: tuple[AttendanceItem, ...]
    total: int


SUMMARY_DAYS: Final = 366
"""The most days one summary covers."""
Grouping = Literal["day", "user"]


class SummarizePunches(Message):
    """One page of when people came and left: a line for each day, each person, or each of both.

    Punches without an instant belong to no day and are not counted.
    """

    page: Annotated[int, Field(ge=1)] = 1
    limit: Annotated[int, Field(ge=1, le=1000)] = 20
    device_id: int | None = None
    user_id: Annotated[str, Field(max_length=64)] | None = None
    first_day: date
    last_day: date
    """Included; at most SUMMARY_DAYS with the first."""
    zone: ZoneName = "UTC"
    """Where a day begins at midnight."""
    by: Annotated[tuple[Grouping, ...], Field(min_length=1)] = ("day", "user")


class SummaryItem(Message):
    """The first and the last punch of what the line stands for, and how many there were."""

    day: date | None
    """None where lines are not by day; ``user_id`` and ``name`` the same."""
    user_id: str | None
    name: str | None
    first: Instant
    last: Instant
    count: int


class SummaryPage(Message):
    """Lines, newest day first, and how many there are in all."""

    items: tuple[SummaryItem, ...]
    total: int


# ── punches by phone, and whether punches were forwarded ─────────────────────

APP_SERIAL: Final = "App"
"""The serial number of the device that every owner's phones are."""
_APP_SITE: Final = "app-"


def app_site(owner: str) -> str:
    """Return the site to which an owner's phones belong; no real site is named so."""
    return f"{_APP_SITE}{owner}"


def is_app_site(site: str) -> bool:
    """Tell whether a site is one of those."""
    return site.startswith(_APP_SITE)


Latitude = Annotated[float, Field(ge=-90, le=90)]
Longitude = Annotated[float, Field(ge=-180, le=180)]


class PunchByApp(Message):
    """The employee who asks punches, now; where and with what the phone says."""

    event: Annotated[int, Field(ge=-(2**31), lt=2**31)] | None = None
    latitude: Latitude | None = None
    longitude: Longitude | None = None
    device_name: Annotated[str, Field(max_length=128)] = ""
    macs: Annotated[str, Field(max_length=512)] = ""
    image: SecretData | None = None
    """A JPEG that the gateway has made anew."""
    wait: Annotated[float, Field(ge=0, le=10)] = 0
    """Seconds to wait for its delivery."""


class LoggedPunch(Message):
    """A punch, and whether it was forwarded."""

    id: UUID
    owner: OwnerId
    user_id: str
    name: str | None
    event: int | None
    """What was chosen at the device; the direction where the dialect has nothing else."""
    punched_at: Instant | None
    device_time: str
    serial_number: str
    source: Source
    received_at: Instant
    is_send: bool
    """Whether it was tried to forward it."""
    send_failed: bool
    """Whether the last attempt failed."""
    forwarded_at: Instant | None
    """When the receiver confirmed it."""
    forward_response: Any = None
    """What the receiver answered last: JSON where it was JSON, else its text."""
    last_attempt_error: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    device_name: str | None = None
    macs: str | None = None
    has_image: bool = False


class ListOwnLog(Message):
    """One page of the punches of the employee who asks, of every device, newest first."""

    page: Annotated[int, Field(ge=1)] = 1
    limit: Annotated[int, Field(ge=1, le=200)] = 10
    start: datetime | None = None
    """Inclusive; without a zone it means UTC."""
    end: datetime | None = None
    """Exclusive."""
    event: int | None = None
    serial: Annotated[str, Field(max_length=64)] | None = None
    is_send: bool | None = None


class ListAppLog(Message):
    """One page of the punches that the caller's owner's employees made by phone, newest first."""

    page: Annotated[int, Field(ge=1)] = 1
    limit: Annotated[int, Field(ge=1, le=200)] = 20
    start: datetime | None = None
    end: datetime | None = None
    is_send: bool | None = None
    send_failed: bool | None = None
    undelivered: bool = False
    """Only those of which the receiver never confirmed one; oldest first then."""


class LogPage(Message):
    """Punches, and how many there are in all."""

    items: tuple[LoggedPunch, ...]
    total: int


class GetImage(Message):
    """The photo of a punch by phone, by the first 24 digits of the punch's id."""

    punch_id: Annotated[str, Field(max_length=36)]


class Image(Message):
    """A JPEG."""

    jpeg: SecretData


class RecordPunches(Message):
    """Commit records that came by another way than an agent."""

    batch: PunchBatch
    wait: Annotated[float, Field(ge=0, le=10)] = 0
    """Seconds to wait for their delivery."""


class PunchesKept(Message):
    """They are committed, each once."""

    recorded: int
    known: int
    forwarded: bool
    """Whether all of them were delivered by now."""
