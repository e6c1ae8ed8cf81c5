"""The registry itself, on real servers, with callers who hold tokens and an agent to script."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

import jwt
import pytest
import pytest_asyncio
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from services.devices.app import build
from services.devices.handlers.jobs import Jobs
from services.devices.handlers.operations import Operations
from services.devices.handlers.outcomes import Outcomes
from services.devices.handlers.parts import Parts
from services.devices.handlers.seals import Seals
from services.devices.handlers.waiting import News
from services.devices.settings import DevicesSettings
from services.devices.worker import Worker
from shared.contracts import catalog, streams, subjects
from shared.contracts.actions import Action
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
    Start,
    Started,
    Unlock,
    Unlocked,
)
from shared.contracts.auth import Caller, Role, SigningKey
from shared.contracts.devices import Device, RegisterDevice
from shared.contracts.errors import Code
from shared.contracts.message import Message
from shared.contracts.operations import (
    GetJob,
    Job,
    Operate,
    Operation,
    OperationStatus,
    Outcome,
    Progress,
)
from shared.contracts.readings import Alarm, Person, Presence, Template
from shared.contracts.streams import StreamSpec
from shared.kit import rpc
from shared.kit.buckets import Bucket
from shared.kit.bus import Bus
from shared.kit.clock import Clock, SystemClock, new_id
from shared.kit.errors import MusterError
from shared.kit.security import ALGORITHM, ISSUER, key_entry
from shared.kit.service import Service
from tests.conftest import OWNER, Platform

R = TypeVar("R", bound=Message)
MakeBus = Callable[[str], Awaitable[Bus]]
KID = "devices-tests"


class HandClock:
    """A clock that a test sets by hand."""

    def __init__(self) -> None:
        self.moment = SystemClock().now()

    def now(self) -> datetime:
        return self.moment

    def monotonic(self) -> float:
        return self.moment.timestamp()

    def boottime(self) -> float:
        return self.moment.timestamp()

    def passes(self, **span: float) -> None:
        self.moment += timedelta(**span)


def caller(owner: str = OWNER, role: Role = "admin") -> Caller:
    return Caller(
        user_id=1, owner=owner, role=role, email="a@example.test", name="A", session="s-1"
    )


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

    async def is_there(self, owner: str = OWNER) -> None:
        """Say so, as an agent does that holds no device yet."""
        said = Presence(
            agent=f"{self.site}-1",
            owner=owner,
            site=self.site,
            at=SystemClock().now(),
            devices=(),
        )
        await self.bus.say(subjects.presence(self.site, said.agent), said)

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

    async def _publishes(self, stream: StreamSpec, subject: str, message: Message) -> None:
        body = message.model_dump_json().encode()
        await self.bus.publish(stream, subject, body, message_id=str(new_id()))


@dataclass
class Running:
    """The registry as it runs, and the caller's way to it."""

    service: Service
    settings: DevicesSettings
    gateway: Bus
    key: Ed25519PrivateKey
    provisioner: Bus

    @property
    def engine(self) -> AsyncEngine:
        assert self.service.engine is not None
        return self.service.engine

    def token(self, owner: str = OWNER, role: Role = "admin") -> str:
        now = int(SystemClock().now().timestamp())
        claims = {
            "iss": ISSUER,
            "sub": "1",
            "owner": owner,
            "role": role,
            "kind": "access",
            "email": "a@example.test",
            "name": "A",
            "sid": "s-1",
            "iat": now,
            "exp": now + 600,
        }
        return jwt.encode(claims, self.key, ALGORITHM, headers={"kid": KID})

    async def ask(
        self,
        question: catalog.Question,
        request: Message,
        reply: type[R],
        *,
        owner: str = OWNER,
        role: Role = "admin",
    ) -> R:
        """Ask as the gateway does for a logged-in caller."""
        token = self.token(owner, role)
        return await rpc.ask(self.gateway, question, request, reply, token=token, seconds=12.0)

    async def register(self, ip: str = "10.0.0.1", *, owner: str = OWNER, **more: Any) -> Device:
        request = RegisterDevice(name=f"Door {ip}", ip=ip, **more)
        return await self.ask(catalog.REGISTER_DEVICE, request, Device, owner=owner)

    async def operate(
        self,
        device: Device,
        action: Action,
        *,
        owner: str = OWNER,
        role: Role = "admin",
        **more: Any,
    ) -> Job:
        request = Operate(device_id=device.id, action=action, **more)
        return await self.ask(catalog.OPERATE, request, Job, owner=owner, role=role)

    async def job(self, job_id: object, owner: str = OWNER) -> Job:
        return await self.ask(catalog.GET_JOB, GetJob(job_id=str(job_id)), Job, owner=owner)

    async def job_when(self, job: Job, wanted: Callable[[Job], bool]) -> Job:
        """The job, as soon as it is as wanted."""

        async def so() -> bool:
            return wanted(await self.job(job.operation_id))

        await eventually(so)
        return await self.job(job.operation_id)

    async def rows(self, query: str, **values: object) -> list[Any]:
        async with self.engine.begin() as connection:
            return list(await connection.execute(text(query), values))

    async def dead_letter(self, stream: StreamSpec = streams.OUTCOME) -> bytes:
        """The newest message of a stream that the registry could not digest."""
        where = subjects.dead_letter(stream.name, "devices")
        message = await self.provisioner.js.get_last_msg(streams.DLQ.name, where)
        return message.data or b""


@asynccontextmanager
async def running(service: Service) -> AsyncIterator[None]:
    """Run the parts of a built service that talk to servers, as its process would."""
    await service.bus.connect()
    await service.check.run()
    for step in service.prepare:
        await step()
    await service.bus.start()
    tasks = [asyncio.ensure_future(task()) for task in service.tasks]
    try:
        yield
        for task in tasks:
            assert not task.done(), task.exception()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await service.bus.stop()
        assert service.engine is not None
        await service.engine.dispose()


def settings_of(platform: Platform, directory: Path, **extra: object) -> DevicesSettings:
    key_file = directory / "devices.key"
    if not key_file.exists():
        key_file.write_bytes(Fernet.generate_key())
    files = {"bootstrap_file": platform.bootstrap_file, "secret_key_file": key_file}
    return platform.settings(DevicesSettings, "devices", **{**files, **extra})


async def signing_key(auth: Bus) -> Ed25519PrivateKey:
    key = Ed25519PrivateKey.generate()
    pem = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    entry = SigningKey(kid=KID, public_pem=pem.decode(), since=SystemClock().now())
    await Bucket(auth, streams.AUTH).put(key_entry(KID), entry.model_dump_json().encode())
    return key


@pytest_asyncio.fixture(loop_scope="session")
async def registry(clean: Platform, bus_of: MakeBus, tmp_path: Path) -> AsyncIterator[Running]:
    """The registry, running, with the sites of the bootstrap file and nothing else."""
    settings = settings_of(clean, tmp_path)
    key = await signing_key(await bus_of("auth"))
    service = build(settings)
    async with running(service):
        yield Running(service, settings, await bus_of("gateway"), key, await bus_of("provisioner"))


@pytest_asyncio.fixture(loop_scope="session")
async def agent(bus_of: MakeBus) -> Agent:
    """The agent of site hq."""
    made = Agent(await bus_of("agent-hq"), "hq")
    await made.start()
    return made


@pytest_asyncio.fixture(loop_scope="session")
async def present(registry: Running, agent: Agent) -> Agent:
    """The agent of site hq, of whom the registry has heard."""
    await agent.is_there()

    async def heard() -> bool:
        return bool(await registry.rows("select 1 from sites where heard_at is not null"))

    await eventually(heard)
    return agent


class Ledger:
    """The handlers of operations by themselves, with a clock of the test's: one replica more."""

    def __init__(self, running: Running, clock: Clock) -> None:
        parts = Parts(running.service.bus, running.engine, clock)
        self.parts, self.seals, self.news = parts, Seals(running.settings.seal()), News()
        self.worker = Worker(*parts)
        self.operations = Operations(parts, self.seals, self.news)
        self.jobs = Jobs(parts, self.news)
        self.outcomes = Outcomes(parts, self.seals, self.news, self.worker)

    async def ends(self, outcome: Outcome) -> None:
        await self.outcomes.outcome(subjects.outcome(outcome.site, outcome.device_id), outcome)


def outcome_of(
    device: Device, job: Job, status: OperationStatus, read: int = 0, **more: Any
) -> Outcome:
    return Outcome(
        operation_id=job.operation_id,
        owner=OWNER,
        site=device.site,
        device_id=device.id,
        status=status,
        at=SystemClock().now(),
        **{"progress": Progress(read=read, receipted=read, recorded=read), **more},
    )


async def fails(ask: Awaitable[object]) -> Code:
    """The code of what must be refused."""
    with pytest.raises(MusterError) as caught:
        await ask
    return caught.value.problem.code


async def eventually(found: Callable[[], Awaitable[bool]], seconds: float = 30.0) -> None:
    """Wait until something is so; fail when it is not in time."""
    async with asyncio.timeout(seconds):
        while not await found():
            await asyncio.sleep(0.02)
