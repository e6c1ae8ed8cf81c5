"""What an agent says of what it read, and what all its connections share."""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import nats.errors

from services.devices.agent.journal import Journal
from services.devices.agent.links.base import Link
from services.devices.drivers.base import Driver, PersonEntry
from shared.contracts import subjects
from shared.contracts.devices import PeopleRead, Person, PunchBatch, RosterDevice
from shared.contracts.streams import PEOPLE, PUNCH
from shared.kit.bus import Bus
from shared.kit.clock import Clock, new_id
from shared.kit.denials import PublishDeniedError
from shared.kit.logging import get_logger

log = get_logger(__name__)

_PEOPLE_AT_ONCE: Final = 500

LinkFactory = Callable[[RosterDevice, Clock], Link]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What every connection of an agent shares."""

    site: str
    bus: Bus
    journal: Journal
    clock: Clock
    open_link: LinkFactory
    drivers: dict[str, Driver]


async def publish_batch(around: Surroundings, batch: PunchBatch) -> None:
    """Publish a batch; when that fails it stays in the journal and is published again."""
    attempt = around.journal.attempt(batch.batch_id, around.clock.monotonic())
    with _announced("batch"):
        await around.bus.publish(
            PUNCH,
            subjects.punch_read(batch.site, batch.device_id),
            batch.model_dump_json().encode(),
            # A new id for each attempt: the stream must not take a needed repetition for a double.
            message_id=f"{batch.batch_id}.{attempt}",
        )
        around.journal.stored(batch.batch_id)


@contextlib.contextmanager
def _announced(what: str) -> Iterator[None]:
    try:
        yield
    except (nats.errors.Error, PublishDeniedError, TimeoutError) as error:
        log.warning("not published now", what=what, error=repr(error)[:200])


async def publish_people(
    around: Surroundings, device: RosterDevice, people: Sequence[PersonEntry]
) -> None:
    """Publish who a device holds, a part at a time; a later reading says it again."""
    for start in range(0, len(people), _PEOPLE_AT_ONCE):
        part = PeopleRead(
            owner=device.owner,
            site=around.site,
            device_id=device.device_id,
            read_at=around.clock.now(),
            people=tuple(
                Person(user_id=each.user_id, name=each.name)
                for each in people[start : start + _PEOPLE_AT_ONCE]
            ),
        )
        with _announced("people"):
            await around.bus.publish(
                PEOPLE,
                subjects.people_read(around.site, device.device_id),
                part.model_dump_json().encode(),
                message_id=str(new_id()),
            )
