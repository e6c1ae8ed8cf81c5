"""What attendance says of the punches it committed, and what it is asked."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from shared.contracts.devices import Source
from shared.contracts.message import Instant, Message, OwnerId, SiteId


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
