"""Doors: what callers ask the registry, and get; nothing of it is ever stored on the bus."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from shared.contracts.message import Instant, Message


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
