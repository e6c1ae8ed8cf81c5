"""What attendance says of the punches it committed, and what it is asked."""

from datetime import date, datetime
from typing import Annotated, Final, Literal
from uuid import UUID

from pydantic import Field

from shared.contracts.message import Instant, Message, OwnerId, SiteId, ZoneName
from shared.contracts.readings import Source


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
