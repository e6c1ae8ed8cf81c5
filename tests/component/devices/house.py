"""The registry as it runs on real servers, and a caller's way to it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import jwt
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from services.devices.settings import DevicesSettings
from shared.contracts import catalog, streams, subjects
from shared.contracts.actions import Action
from shared.contracts.auth import Role, SigningKey
from shared.contracts.devices import (
    ApproveDevice,
    ChangeDevice,
    Device,
    GetDevice,
    ListPending,
    PendingPage,
    RegisterDevice,
    RemoveDevice,
)
from shared.contracts.message import Message
from shared.contracts.operations import GetJob, Job, Operate
from shared.contracts.streams import StreamSpec
from shared.kit import rpc
from shared.kit.buckets import Bucket
from shared.kit.bus import Bus
from shared.kit.clock import SystemClock
from shared.kit.security import ALGORITHM, ISSUER, key_entry
from shared.kit.service import Service
from tests.component.devices.helping import eventually
from tests.conftest import OWNER, Platform

R = TypeVar("R", bound=Message)
KID = "devices-tests"
SERIAL = "ZXRE25000001"
"""Of a terminal that dials in."""


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

    async def register_terminal(
        self, serial: str = SERIAL, *, owner: str = OWNER, **more: Any
    ) -> Device:
        """Register a device that dials in."""
        request = RegisterDevice(
            name=f"Gate {serial}", serial_number=serial, dialect="timmy", **more
        )
        return await self.ask(catalog.REGISTER_DEVICE, request, Device, owner=owner)

    async def pending(self, owner: str = OWNER, **asked: Any) -> PendingPage:
        """A page of the terminals that wait for approval."""
        request = ListPending(**asked)
        return await self.ask(catalog.LIST_PENDING, request, PendingPage, owner=owner, role="user")

    async def waiting(self, owner: str = OWNER) -> list[str]:
        """The serials of all that wait."""
        page = await self.pending(owner, limit=200)
        return [each.serial_number for each in page.items]

    async def approve(self, serial: str = SERIAL, *, owner: str = OWNER, **more: Any) -> Device:
        request = ApproveDevice(serial=serial, **more)
        return await self.ask(catalog.APPROVE_DEVICE, request, Device, owner=owner)

    async def get(self, device: Device, *, owner: str = OWNER) -> Device:
        asked = GetDevice(device_id=device.id)
        return await self.ask(catalog.GET_DEVICE, asked, Device, owner=owner)

    async def change(self, device: Device, *, owner: str = OWNER, **wanted: Any) -> Device:
        asked = ChangeDevice(device_id=device.id, **wanted)
        return await self.ask(catalog.CHANGE_DEVICE, asked, Device, owner=owner)

    async def remove(self, device: Device, *, owner: str = OWNER) -> Device:
        asked = RemoveDevice(device_id=device.id)
        return await self.ask(catalog.REMOVE_DEVICE, asked, Device, owner=owner)

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
