"""Feeds the session of one device with what is heard, and does what the session wants."""

import asyncio
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Final
from uuid import UUID

from services.devices.agent.effects import (
    Delivered,
    Drop,
    Forget,
    Heard,
    Keep,
    LogBegun,
    LogPart,
    Next,
    Report,
    Reread,
    Unfollowed,
    Wanted,
)
from services.devices.agent.outgoing import Surroundings, publish_batch
from services.devices.agent.session import Session
from services.devices.agent.staging import StagedLog
from services.devices.drivers.base import LogEntry
from shared.contracts.agents import RosterDevice
from shared.contracts.readings import PunchBatch
from shared.kit.clock import new_id

_PAUSE_SECONDS: Final = 0.5


class Pump:
    """One device's session, its staged logs, and those who follow them."""

    def __init__(self, device: RosterDevice, around: Surroundings) -> None:
        self._around = around
        self._session = Session(
            device=device,
            site=around.site,
            journal_id=around.journal.journal_id,
            nonce=new_id(),
            serial=device.serial,
        )
        self._staged: dict[UUID, StagedLog] = {}
        self._followers: dict[UUID, asyncio.Queue[Report]] = {}
        self.reread = asyncio.Event()
        """Set when the log should be read again."""

    @property
    def serial(self) -> str:
        """The serial that punches of the device go by."""
        return self._session.serial

    @property
    def drift_ms(self) -> int | None:
        """The device's clock minus true time, as it was last measured."""
        return self._session.drift_ms

    @contextmanager
    def following(self, reading_id: UUID) -> Iterator[asyncio.Queue[Report]]:
        """Give how far a reading comes; to be asked before the reading begins."""
        reports = self._followers[reading_id] = asyncio.Queue()
        try:
            yield reports
        finally:
            del self._followers[reading_id]
            self._session, _ = self._session.hear(Unfollowed(reading_id))

    async def begin(self, staged: StagedLog, operation_id: UUID | None, at: datetime) -> None:
        """Begin to hand on a staged log; the rest of it goes as receipts make room."""
        self._staged[staged.reading_id] = staged
        survey = staged.survey
        begun = LogBegun(staged.reading_id, operation_id, at, survey.total, survey.tail)
        await self.hear(begun)

    async def hear(self, heard: Heard) -> None:
        """Tell the session; do what it wants, in order; return when it was published once."""
        await self._publish(self._heard(heard))

    async def deliver(self, entries: tuple[LogEntry, ...], at: datetime) -> None:
        """Hand on what a device hands over; return when the stream has all of it, or attendance.

        Whoever stops waiting leaves it with the device: the journal lets go of what was not
        stored, for the device says it again.
        """
        missing = self._heard(Delivered(entries, at))
        try:
            while True:
                missing = await self._publish(missing)
                if not missing:
                    return
                await asyncio.sleep(_PAUSE_SECONDS)
        finally:
            for batch in missing:
                self._around.journal.forget(batch.batch_id)

    async def _publish(self, batches: Sequence[PunchBatch]) -> list[PunchBatch]:
        """Publish batches, and return those that are not stored."""
        stored = await asyncio.gather(*(publish_batch(self._around, each) for each in batches))
        return [batch for batch, safe in zip(batches, stored, strict=True) if not safe]

    def _heard(self, heard: Heard) -> list[PunchBatch]:
        """Tell the session and do what it wants, in order; return what is to be published."""
        publishing: list[PunchBatch] = []
        todo: deque[Heard] = deque([heard])
        # Nothing is awaited here: what the session hears and what is kept is one step.
        while todo:
            self._session, wanted = self._session.hear(todo.popleft())
            for want in wanted:
                self._do(want, todo, publishing)
        return publishing

    def _do(self, want: Wanted, todo: deque[Heard], publishing: list[PunchBatch]) -> None:
        match want:
            case Keep(batch):
                self._around.journal.keep(batch, self._around.clock.monotonic())
                publishing.append(batch)
            case Forget(batch_id):
                self._around.journal.forget(batch_id)
            case Next(reading_id):
                todo.append(self._part(reading_id))
            case Drop(reading_id):
                self._staged.pop(reading_id).remove()
            case Reread():
                self.reread.set()
            case Report(reading_id):
                if follower := self._followers.get(reading_id):
                    follower.put_nowait(want)

    def _part(self, reading_id: UUID) -> LogPart:
        part = self._staged[reading_id].part()
        if part.last:
            del self._staged[reading_id]
        return part

    def close(self) -> None:
        """Let go of what is staged; the device is no longer this agent's."""
        for staged in self._staged.values():
            staged.remove()
        self._staged.clear()
