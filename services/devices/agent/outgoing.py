"""What an agent says of what it read and did, and what all its connections share."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final

import nats.errors

from services.devices.agent.journal import Journal
from services.devices.agent.links.base import Link
from services.devices.agent.quarantine import Kept, Quarantine
from services.devices.agent.registry import Registry
from services.devices.agent.staging import Staging
from services.devices.drivers.base import DecodeError, DeviceError, Driver
from shared.contracts import subjects
from shared.contracts.agents import RosterDevice
from shared.contracts.errors import Code
from shared.contracts.message import Message
from shared.contracts.readings import Alarm, PunchBatch
from shared.contracts.streams import ALARM, PUNCH, StreamSpec
from shared.kit.bus import Bus
from shared.kit.clock import Clock, new_id
from shared.kit.denials import PublishDeniedError
from shared.kit.logging import get_logger

log = get_logger(__name__)

LinkFactory = Callable[[RosterDevice, Clock], Link]
_PAUSE_SECONDS: Final = 1.0
_PUBLISHING: Final = 64
"""Batches on their way to the stream at once: each has but seconds until it counts as lost, and a
site that comes back brings thousands."""
_NOT_NOW: Final = (nats.errors.Error, PublishDeniedError, TimeoutError)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What every connection of an agent shares."""

    site: str
    bus: Bus
    registry: Registry
    journal: Journal
    staging: Staging
    quarantine: Quarantine
    clock: Clock
    open_link: LinkFactory
    drivers: dict[str, Driver]
    alarms: asyncio.Queue[Alarm] = field(default_factory=asyncio.Queue)
    """Alarms on their way; nothing waits for a broker that is away."""
    publishing: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_PUBLISHING))


async def publish_batch(around: Surroundings, batch: PunchBatch) -> bool:
    """Publish a batch of the journal's; tell whether the stream has it now, or attendance.

    One that was not published stays in the journal and is published again.
    """
    async with around.publishing:
        if batch.batch_id not in around.journal:
            return True
        attempt = around.journal.attempt(batch.batch_id, around.clock.monotonic())
        place: int | None = None
        try:
            acknowledged = await around.bus.publish(
                PUNCH,
                subjects.punch_read(batch.site, batch.device_id),
                batch.model_dump_json().encode(),
                # A new id for each attempt: the stream must not take a needed repetition for a
                # double.
                message_id=f"{batch.batch_id}.{attempt}",
            )
            place = acknowledged.seq
        except _NOT_NOW as error:
            log.warning("batch not published now", error=repr(error)[:200])
        finally:
            around.journal.ended(batch.batch_id, place)
        return place is not None


async def publish_surely(
    around: Surroundings,
    stream: StreamSpec,
    subject: str,
    message: Message,
    message_id: str | None = None,
) -> None:
    """Publish a message; return when it is stored, however long that takes.

    ``message_id`` is the same for what is the same; None: it is another each time.
    """
    message_id = message_id or str(new_id())
    body = message.model_dump_json().encode()
    while True:
        try:
            await around.bus.publish(stream, subject, body, message_id=message_id)
        except _NOT_NOW as error:
            log.warning("not published now", stream=stream.name, error=repr(error)[:200])
            await asyncio.sleep(_PAUSE_SECONDS)
        else:
            return


async def keep_unknown(
    around: Surroundings, what: str, error: DecodeError, pieces: Iterable[bytes] | None = None
) -> tuple[DeviceError, Kept]:
    """Put bytes that no form fits into quarantine; return what to say of them, and their name.

    ``pieces`` are what was not understood, if they are not in the error; ``what`` begins a
    sentence, as in "The log".
    """
    kept = await asyncio.to_thread(
        around.quarantine.keep, (error.raw,) if pieces is None else pieces
    )
    where = "are in quarantine" if kept.digest else "could not be kept; the agent's log tells why"
    details = f"{what} is not understood: {error}. Its bytes {where}."
    return DeviceError(Code.UNKNOWN_FORM, details), kept


def raise_alarm(
    around: Surroundings, device: RosterDevice, error: DeviceError, kept: Kept | None = None
) -> None:
    """Let a person look at a device; ``kept`` is what of it lies in quarantine."""
    size, digest = kept or (0, "")
    alarm = Alarm(
        alarm_id=new_id(),
        owner=device.owner,
        site=around.site,
        device_id=device.device_id,
        at=around.clock.now(),
        code=error.code,
        details=error.details,
        size=size,
        digest=digest,
    )
    log.error("alarm", device_id=device.device_id, code=error.code, digest=digest)
    around.alarms.put_nowait(alarm)


async def say_alarms(around: Surroundings) -> None:
    """Publish alarms in order, for ever."""
    while True:
        alarm = await around.alarms.get()
        subject = subjects.alarm(alarm.site, alarm.device_id)
        await publish_surely(around, ALARM, subject, alarm)
