"""The registry itself, on real servers, with callers who hold tokens and an agent to script."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import jwt
import pytest_asyncio
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from services.devices.app import build
from services.devices.settings import DevicesSettings
from shared.contracts import catalog, streams, subjects
from shared.contracts.auth import Caller, Role, SigningKey
from shared.contracts.devices import (
    AskPermit,
    Device,
    Outcome,
    Permit,
    Probe,
    Probed,
    RegisterDevice,
    Unlock,
    Unlocked,
)
from shared.contracts.message import Message
from shared.kit import rpc
from shared.kit.buckets import Bucket
from shared.kit.bus import Bus
from shared.kit.clock import SystemClock, new_id
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

    async def says(self, outcome: Outcome) -> None:
        await self.bus.publish(
            streams.OUTCOME,
            subjects.outcome(outcome.site, outcome.device_id),
            outcome.model_dump_json().encode(),
            message_id=str(new_id()),
        )


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

    async def rows(self, query: str, **values: object) -> list[Any]:
        async with self.engine.begin() as connection:
            return list(await connection.execute(text(query), values))

    async def dead_letter(self) -> bytes:
        """The newest message that the registry could not digest."""
        where = subjects.dead_letter("OUTCOME", "devices")
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


async def eventually(found: Callable[[], Awaitable[bool]], seconds: float = 30.0) -> None:
    """Wait until something is so; fail when it is not in time."""
    async with asyncio.timeout(seconds):
        while not await found():
            await asyncio.sleep(0.02)
