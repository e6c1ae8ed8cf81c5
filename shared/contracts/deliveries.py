"""Deliveries: what the forwarder says of punches on their way to a target, and what it is asked."""

from typing import Annotated, Any, Final, Literal
from uuid import UUID

from pydantic import Field

from shared.contracts.message import DeviceText, Instant, Message, OwnerId, SiteId

REDELIVER_LIMIT: Final = 100


class DeliveryNews(Message):
    """How an attempt to deliver punches ended, or that there is nowhere to deliver them to."""

    owner: OwnerId
    site: SiteId
    delivery_id: UUID
    punch_ids: tuple[UUID, ...]
    status: Literal["delivered", "pending", "failed", "untargeted"]
    """``pending``: the attempt failed and there will be another; ``failed``: there will be none."""
    attempt: int
    """Counts up with every attempt at this delivery; 0: there was none."""
    at: Instant
    response: Any = None
    """What the receiver answered: JSON where it was JSON, else its text."""
    error: DeviceText | None = None


class Redeliver(Message):
    """Try now to deliver these of the caller's punches, unless an attempt is under way."""

    punch_ids: Annotated[tuple[UUID, ...], Field(max_length=REDELIVER_LIMIT)]


class Redelivery(Message):
    """What came of one punch."""

    punch_id: UUID
    ok: bool
    response: Any = None
    error: str | None = None


class Redelivered(Message):
    """Every punch that was asked for and was not delivered before, in the same order."""

    items: tuple[Redelivery, ...]
