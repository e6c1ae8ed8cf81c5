"""Stand-ins for registry and attendance: they answer an agent, and keep what it says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from shared.contracts import catalog, streams, subjects
from shared.contracts.agents import (
    AskRoster,
    Deposited,
    DepositPeople,
    DepositTemplates,
    DepositTold,
    Roster,
    RosterDevice,
    Sighted,
    SightingNoted,
    Start,
    Started,
    Told,
)
from shared.contracts.attendance import Receipt
from shared.contracts.errors import Code
from shared.contracts.identity import punch_id
from shared.contracts.message import Message
from shared.contracts.operations import Outcome
from shared.contracts.readings import Alarm, DeviceEvent, Presence, PunchBatch
from shared.kit import rpc
from shared.kit.bus import Bus
from shared.kit.errors import MusterError
from tests.conftest import OWNER

SITE = "hq"


@dataclass(repr=False)  # asyncio would spell all of it out, again and again
class Registry:
    """The registry's side of the bus: what it is asked it answers, what it hears it keeps."""

    bus: Bus
    devices: dict[int, RosterDevice] = field(default_factory=dict)
    started: dict[UUID, Started | MusterError] = field(default_factory=dict)
    asked: Counter[UUID] = field(default_factory=Counter)
    outcomes: list[Outcome] = field(default_factory=list)
    alarms: list[Alarm] = field(default_factory=list)
    people: list[DepositPeople] = field(default_factory=list)
    templates: list[DepositTemplates] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)
    events: list[DeviceEvent] = field(default_factory=list)
    presences: list[Presence] = field(default_factory=list)
    sighted: list[Sighted] = field(default_factory=list)
    rosters: int = 0
    """How many times it was asked for its devices."""
    refused: Counter[str] = field(default_factory=Counter)
    away: set[str] = field(default_factory=set)
    """Questions it does not answer now."""

    async def start(self) -> None:
        self._answer(catalog.ROSTER, AskRoster, self._roster)
        self._answer(catalog.START, Start, self._start)
        self._answer(catalog.DEPOSIT_PEOPLE, DepositPeople, self._people)
        self._answer(catalog.DEPOSIT_TEMPLATES, DepositTemplates, self._templates)
        self._answer(catalog.DEPOSIT_TOLD, DepositTold, self._tell)
        self._answer(catalog.SIGHTED, Sighted, self._sighted)
        (outcome,), (alarm,) = streams.OUTCOME.consumers, streams.ALARM.consumers
        (event,) = streams.DEVICE_EVENT.consumers
        self.bus.on_event(streams.OUTCOME, outcome, Outcome, self._outcome)
        self.bus.on_event(streams.ALARM, alarm, Alarm, self._alarm)
        self.bus.on_event(streams.DEVICE_EVENT, event, DeviceEvent, self._event)
        self.bus.on_message(subjects.presence(SITE, subjects.ANY), Presence, self._presence)
        await self.bus.start()

    def _answer(self, question: catalog.Question, request: Any, answer: Any) -> None:
        where = question.subject.replace(catalog.SITE, SITE)

        async def reply(_: str, asked: Message) -> Message:
            if question.subject in self.away:
                self.refused[question.subject] += 1
                raise MusterError(Code.SERVICE_UNAVAILABLE)
            said: Message = await answer(asked)
            return said

        rpc.answer_at(self.bus, question, where, request, reply)

    async def _roster(self, _: AskRoster) -> Roster:
        self.rosters += 1
        return Roster(owner=OWNER, devices=tuple(self.devices.values()))

    async def _start(self, asked: Start) -> Started:
        self.asked[asked.operation_id] += 1
        answer = self.started.get(asked.operation_id, MusterError(Code.NOT_FOUND))
        if isinstance(answer, MusterError):
            raise answer
        return answer

    async def _people(self, part: DepositPeople) -> Deposited:
        self.people.append(part)
        return Deposited(count=len(part.people))

    async def _templates(self, part: DepositTemplates) -> Deposited:
        self.templates.append(part)
        return Deposited(count=len(part.templates))

    async def _tell(self, part: DepositTold) -> Deposited:
        self.told.extend(part.items)
        return Deposited(count=len(part.items))

    async def _sighted(self, sighted: Sighted) -> SightingNoted:
        self.sighted.append(sighted)
        return SightingNoted(serial=sighted.serial)

    async def _outcome(self, _: str, outcome: Outcome) -> None:
        self.outcomes.append(outcome)

    async def _alarm(self, _: str, alarm: Alarm) -> None:
        self.alarms.append(alarm)

    async def _event(self, _: str, event: DeviceEvent) -> None:
        self.events.append(event)

    async def _presence(self, _: str, presence: Presence) -> None:
        self.presences.append(presence)


@dataclass(repr=False)  # asyncio would spell all of it out, again and again
class Attendance:
    """Attendance's side of the bus: what it heard, once each, and the receipts it gives."""

    bus: Bus
    punches: dict[UUID, PunchBatch] = field(default_factory=dict)
    batches: list[PunchBatch] = field(default_factory=list)
    before_receipt: Callable[[PunchBatch], bool] = lambda _: True
    """Whether a batch gets its receipt; called before each."""

    async def start(self) -> None:
        (consumer,) = streams.PUNCH.consumers
        self.bus.on_event(streams.PUNCH, consumer, PunchBatch, self._punches)
        await self.bus.start()

    async def _punches(self, _: str, batch: PunchBatch) -> None:
        self.batches.append(batch)
        ids = {
            punch_id(batch.serial, each.person, each.device_time, each.ordinal)
            for each in batch.records
        }
        fresh = ids - self.punches.keys()
        self.punches.update(dict.fromkeys(ids, batch))
        if self.before_receipt(batch):
            receipt = Receipt(
                journal_id=batch.journal_id,
                batch_id=batch.batch_id,
                owner=batch.owner,
                site=batch.site,
                device_id=batch.device_id,
                recorded=len(fresh),
                known=len(batch.records) - len(fresh),
            )
            await self.bus.say(subjects.receipt(batch.site, str(batch.journal_id)), receipt)

    def of(self, serial: str) -> set[UUID]:
        """The punches of one device."""
        return {key for key, batch in self.punches.items() if batch.serial == serial}
