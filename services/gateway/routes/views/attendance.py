"""Punches, and summaries of them."""

from datetime import date
from uuid import UUID

from services.gateway.routes.examples import example
from services.gateway.routes.views.base import Moment, View
from shared.contracts.message import SiteId
from shared.contracts.readings import Source


class Punch(View):
    """One punch, with what the device said word for word."""

    model_config = example(
        id="5f0c9a3e-1a0b-5d8e-9d55-3b1f6d1a2c4e",
        position=37,
        device_id=1,
        serial_number="ZKT-001-2024",
        site="hq",
        user_id="42",
        name="Sample Person",
        punched_at="2024-02-05T01:02:03Z",
        device_time="2024-02-05T08:02:03",
        zone="Asia/Jakarta",
        received_at="2024-02-05T01:02:04Z",
        source="live",
        verify_method=1,
        in_out_state=0,
        work_code=None,
        event=None,
        raw="2a00343200000000",
        clock_error_ms=250,
        flags=[],
    )

    id: UUID
    position: int
    device_id: int
    serial_number: str
    site: SiteId
    user_id: str
    name: str | None
    punched_at: Moment | None
    device_time: str
    zone: str
    received_at: Moment
    source: Source
    verify_method: int | None
    in_out_state: int | None
    work_code: str | None
    event: int | None
    """What was chosen at the device, where its dialect tells that apart from in and out."""
    raw: str
    clock_error_ms: int | None
    flags: tuple[str, ...]


class SummaryLine(View):
    """The first and the last punch of a day, a person or both, and how many there were."""

    model_config = example(
        day="2024-02-05",
        user_id="42",
        name="Sample Person",
        first="2024-02-05T01:02:03Z",
        last="2024-02-05T10:01:00Z",
        count=4,
    )

    day: date | None
    user_id: str | None
    name: str | None
    first: Moment
    last: Moment
    count: int
