"""A stand-in for a site's agent, for a test to script."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any, TypeVar
from uuid import UUID

from shared.contracts import catalog, streams, subjects
from shared.contracts.agents import (
    AskPermit,
    AskRoster,
    Deposited,
    DepositPeople,
    DepositTemplates,
    Permit,
    Probe,
    Probed,
    Roster,
    Sighted,
    SightingNoted,
    Start,
    Started,
    Unlock,
    Unlocked,
)
from shared.contracts.devices import Device
from shared.contracts.message import Message
from shared.contracts.operations import Operation, Outcome
from shared.contracts.readings import (
    Alarm,
    DeviceEvent,
    DevicePresence,
    Hardware,
    Person,
    Presence,
    Template,
)
from shared.contracts.streams import StreamSpec
from shared.kit import rpc
from shared.kit.bus import Bus
from shared.kit.clock import SystemClock, new_id
from tests.conftest import OWNER

R = TypeVar("R", bound=Message)


@dataclass
class Agent:
    """A stand-in for a site's agent: answers what the test tells it to, on the agent's own user."""

    bus: Bus
    site: str
    asked: list[tuple[str, Message]] = field(default_factory=list)
    serials: dict[str, str | None] = field(default_factory=dict)
    """By IP: what each device reports of itself."""
    problem: Exception | None = None
    silent: asyncio.Event | None = None
    """When set, answers wait for it."""

    async def start(self) -> None:
        def at(question: catalog.Question, kind: Any, device: str, verb: str, does: Any) -> None:
            where = subjects.control(self.site, device, verb)
            rpc.answer_at(self.bus, question, where, kind, does)

        at(catalog.PROBE, Probe, subjects.NEW_DEVICE, "probe", self._probe)
        at(catalog.PERMIT, AskPermit, subjects.ANY, "permit", self._permit)
        at(catalog.UNLOCK, Unlock, subjects.ANY, "unlock", self._unlock)
        await self.bus.start()

    async def _hear(self, subject: str, asked: Message) -> None:
        self.asked.append((subject, asked))
        if self.silent is not None:
            await self.silent.wait()
        if self.problem is not None:
            raise self.problem

    async def _probe(self, subject: str, asked: Probe) -> Probed:
        await self._hear(subject, asked)
        return Probed(serial=self.serials.get(asked.host), firmware="Ver 6.60")

    async def _permit(self, subject: str, asked: AskPermit) -> Permit:
        await self._hear(subject, asked)
        return Permit(permit_id=new_id())

    async def _unlock(self, subject: str, asked: Unlock) -> Unlocked:
        await self._hear(subject, asked)
        return Unlocked(at=SystemClock().now())

    async def is_there(self, *devices: DevicePresence, owner: str = OWNER) -> None:
        """Say so, and what there is to say of devices."""
        said = Presence(
            agent=f"{self.site}-1",
            owner=owner,
            site=self.site,
            at=SystemClock().now(),
            devices=devices,
        )
        await self.bus.say(subjects.presence(self.site, said.agent), said)

    async def sights(
        self, serial: str, hardware: Hardware | None = None, **more: Any
    ) -> SightingNoted:
        """Tell of a terminal that dialled in and is not served."""
        said = {"dialect": "timmy", "address": "203.0.113.7", "path": "/", "reason": "unknown"}
        request = Sighted.model_validate(
            {
                **said,
                "agent": f"{self.site}-1",
                "serial": serial,
                "hardware": hardware or Hardware(model="AiFace", mac="00-01-F5-00-00-01"),
                **more,
            }
        )
        return await self._asks(catalog.SIGHTED, request, SightingNoted)

    async def takes(self, device: Device) -> Operation:
        """Take the next operation of a device off its stream."""
        bound = await self.bus.js.pull_subscribe_bind(
            consumer=streams.device_consumer(self.site, device.id).durable,
            stream=streams.operation_stream(self.site).name,
            inbox_prefix=f"{self.bus.inbox}.".encode(),
        )
        (message,) = await bound.fetch(1, timeout=5)
        await message.ack_sync()
        await bound.unsubscribe()
        said = Operation.model_validate_json(message.data)
        assert message.subject == subjects.operation(self.site, device.id, said.kind)
        return said

    async def begins(self, operation_id: UUID) -> Started:
        return await self._asks(catalog.START, Start(operation_id=operation_id), Started)

    async def gives_people(self, device: Device, *people: Person, **more: Any) -> Deposited:
        """Put down one part of a list, the last unless told."""
        said = {"reading_id": new_id(), "read_at": SystemClock().now(), "last": True, **more}
        request = DepositPeople(device_id=device.id, people=people, **said)
        return await self._asks(catalog.DEPOSIT_PEOPLE, request, Deposited)

    async def gives_templates(
        self, device: Device, operation_id: UUID, *templates: Template
    ) -> Deposited:
        request = DepositTemplates(
            operation_id=operation_id,
            device_id=device.id,
            read_at=SystemClock().now(),
            templates=templates,
        )
        return await self._asks(catalog.DEPOSIT_TEMPLATES, request, Deposited)

    async def roster(self) -> Roster:
        return await self._asks(catalog.ROSTER, AskRoster(agent=f"{self.site}-1"), Roster)

    async def _asks(self, question: catalog.Question, request: Message, reply: type[R]) -> R:
        where = question.subject.replace(catalog.SITE, self.site)
        return await rpc.ask(self.bus, question, request, reply, subject=where)

    async def says(self, outcome: Outcome) -> None:
        where = subjects.outcome(outcome.site, outcome.device_id)
        await self._publishes(streams.OUTCOME, where, outcome)

    async def alarms(self, alarm: Alarm, at: Device) -> None:
        await self._publishes(streams.ALARM, subjects.alarm(self.site, at.id), alarm)

    async def tells(self, event: DeviceEvent, at: Device) -> None:
        await self._publishes(streams.DEVICE_EVENT, subjects.device_event(self.site, at.id), event)

    async def _publishes(self, stream: StreamSpec, subject: str, message: Message) -> None:
        body = message.model_dump_json().encode()
        await self.bus.publish(stream, subject, body, message_id=str(new_id()))
