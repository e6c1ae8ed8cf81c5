"""Takes in what a device says unasked, and tells when the device may forget it."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final
from uuid import UUID, uuid5

from pydantic import ValidationError

from services.devices.agent.effects import Happened
from services.devices.agent.outgoing import (
    Surroundings,
    keep_unknown,
    publish_surely,
    raise_alarm,
)
from services.devices.agent.people import People
from services.devices.agent.pump import Pump
from services.devices.drivers.base import SLOT_ONLY, DecodeError, Live, Notice
from shared.contracts import subjects
from shared.contracts.agents import RosterDevice
from shared.contracts.errors import Code, Problem
from shared.contracts.identity import NAMESPACE
from shared.contracts.readings import DeviceEvent
from shared.contracts.streams import DEVICE_EVENT
from shared.kit.errors import MusterError
from shared.kit.logging import get_logger

log = get_logger(__name__)

_NOTICES: Final = uuid5(NAMESPACE, "device events")
_KEEP_SECONDS: Final = 10.0
"""How long a device waits for its answer before it is told to say it again; it gives up at 20 s
(timmy.md 1.6)."""


class Hearing:
    """What one device says unasked: punches, and what else happens at it."""

    def __init__(
        self,
        device: RosterDevice,
        around: Surroundings,
        pump: Pump,
        people: People,
        changed: Callable[[], None],
    ) -> None:
        self._device = device
        self._around = around
        self._driver = around.drivers[device.dialect]
        self._pump = pump
        self._people = people
        self._changed = changed
        self._awaited: dict[tuple[str, int], asyncio.Event] = {}
        self.problem: Problem | None = None
        """Why what it said last is not understood."""

    async def take(self, body: bytes) -> bool:
        """Take in what a device said; tell whether all of it is kept, so that it may forget it.

        Kept is what is no more in this process only: it is in a stream, with the registry, or, if
        it is not understood, on the agent's disk.
        """
        try:
            live = self._driver.live(body, self._people.slots)
            kept = await self._taken(live)
        except DecodeError as error:
            return await self._not_understood((body,), error)
        except ValidationError as error:
            return await self._not_understood((body,), DecodeError(_what_is_wrong(error)))
        if live.unknown:
            # What else was said is taken in first: it must not wait for a disk that is full.
            strange = DecodeError(f"{len(live.unknown)} of its records are of no known form")
            return await self._not_understood(live.unknown, strange) and kept
        if self.problem is not None:
            self.problem = None
            self._changed()
        return kept

    async def _taken(self, live: Live) -> bool:
        if not self._driver.hands_over:
            await self._happened(live)
            return True
        try:
            async with asyncio.timeout(_KEEP_SECONDS):
                await self._keep(live)
        except TimeoutError:
            log.warning("not kept in time", device_id=self._device.device_id)
            return False
        except MusterError as error:
            if error.problem.code is Code.VALIDATION_ERROR:
                raise DecodeError(error.problem.details) from error
            log.warning("not kept", device_id=self._device.device_id, error=str(error))
            return False
        return True

    async def _happened(self, live: Live) -> None:
        """Take in punches of a device whose log tells them again."""
        for entry in live.entries:
            if SLOT_ONLY in entry.flags:
                # Somebody may be new in this slot; the log is read after the people are.
                self._pump.reread.set()
            else:
                await self._pump.hear(Happened(entry, self._around.clock.now()))

    async def _keep(self, live: Live) -> None:
        """Return when nothing of it is in this process only; raises MusterError."""
        at = self._around.clock.now()
        if live.entries:
            await self._pump.deliver(live.entries, at)
        for notice in live.notices:
            await self._tell(notice)
        await self._around.registry.deposit_told(self._device.device_id, live, at)
        for template in live.templates:
            if awaited := self._awaited.get((template.user_id, template.finger)):
                awaited.set()

    async def _tell(self, notice: Notice) -> None:
        event = DeviceEvent(
            event_id=notice_id(self._pump.serial, notice),
            owner=self._device.owner,
            site=self._around.site,
            device_id=self._device.device_id,
            kind=notice.kind,
            code=notice.code,
            device_time=notice.device_time,
            read_at=self._around.clock.now(),
        )
        subject = subjects.device_event(event.site, event.device_id)
        await publish_surely(self._around, DEVICE_EVENT, subject, event, str(event.event_id))

    async def _not_understood(self, pieces: Sequence[bytes], error: DecodeError) -> bool:
        """Put it into quarantine; a device that is read may still tell it in its log."""
        unknown, kept = await keep_unknown(self._around, "What it said unasked", error, pieces)
        if self.problem is None:  # until something is understood, the same trouble is no news
            raise_alarm(self._around, self._device, unknown, kept)
        self.problem = MusterError(unknown.code, unknown.details).problem
        self._changed()
        if self._driver.hands_over:
            return bool(kept.digest)
        self._pump.reread.set()
        return True

    @contextmanager
    def awaiting(self, user_id: str, slot: int) -> Iterator[asyncio.Event]:
        """Give an event that is set as soon as the device told of this template by itself."""
        told = self._awaited[user_id, slot] = asyncio.Event()
        try:
            yield told
        finally:
            self._awaited.pop((user_id, slot), None)


def notice_id(serial: str, notice: Notice) -> UUID:
    """Return the id of what happened at a device: the same, however often the device says it."""
    return uuid5(_NOTICES, f"{serial}\x1f{notice.raw.hex()}")


def _what_is_wrong(error: ValidationError) -> str:
    """Return it without the values, which may be anything."""
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
