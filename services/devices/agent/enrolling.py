"""Follows an enrolment that a device has begun, until there is a template or a reason for none."""

import asyncio
import contextlib
from typing import Final

from services.devices.agent.connection import Connection
from services.devices.agent.outgoing import Surroundings
from services.devices.agent.teller import News, Teller
from services.devices.drivers.base import DeviceError, Live
from shared.contracts.actions import Enrolment, EnrolmentBegun
from shared.kit.errors import MusterError
from shared.kit.logging import get_logger

log = get_logger(__name__)

_LOOK_SECONDS: Final = 1.5
_FOLLOW_SECONDS: Final = 60.0
"""How long a terminal lets somebody try (timmy.md 1.7, checkregstatus)."""


async def follow(
    begun: EnrolmentBegun, connection: Connection, around: Surroundings, teller: Teller
) -> None:
    """Say each news of an enrolment, and its end; within a bounded time."""
    known = Enrolment(state="started", at=around.clock.now())
    await teller.say("success", News(enrolment=known))
    ends = around.clock.monotonic() + _FOLLOW_SECONDS
    with connection.hearing.awaiting(begun.user_id, begun.finger) as told:
        while known.state == "started":
            new = await _look(begun, connection, around, told)
            if new.state == "started" and around.clock.monotonic() >= ends:
                new = new.model_copy(update={"state": "timeout"})
            if new.state == "captured" and not told.is_set():
                new = await _fetched(begun, connection, around, new)
            if (new.state, new.samples) != (known.state, known.samples):
                await teller.say("success", News(enrolment=new))
            known = new


async def _look(
    begun: EnrolmentBegun, connection: Connection, around: Surroundings, told: asyncio.Event
) -> Enrolment:
    """Wait a moment, unless the device itself tells of the template; then ask it.

    A turn for each look: other operations need not wait until somebody has found their finger.
    """
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_LOOK_SECONDS):
            await told.wait()
    now = around.clock.now()
    if told.is_set():
        return Enrolment(state="captured", at=now)
    try:
        async with connection.line.turn() as link:
            return await link.enrolment(begun)
    except DeviceError as error:
        # It is away, or cannot be asked: it may still tell of the template by itself.
        return Enrolment(state="started", details=error.details, at=now)


async def _fetched(
    begun: EnrolmentBegun, connection: Connection, around: Surroundings, captured: Enrolment
) -> Enrolment:
    """Bring the template into custody, for the device does not tell of it by itself."""
    try:
        async with connection.line.turn() as link:
            fetched = await link.templates(begun.user_id)
        told = Live(people=fetched.people, templates=fetched.templates)
        device_id = connection.device.device_id
        await around.registry.deposit_told(device_id, told, around.clock.now())
    except (DeviceError, MusterError) as error:
        log.warning("enrolled, but not in custody", error=str(error))
        details = "It is enrolled, but its template was not read; read it by read_templates."
        return captured.model_copy(update={"details": details})
    return captured
