"""Auth as it runs, and a way to ask it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeVar

import pytest
import pytest_asyncio
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import text
from typing_extensions import override

from services.auth.app import build
from services.auth.settings import AuthSettings
from shared.contracts import auth, catalog, streams
from shared.contracts.auth import Caller
from shared.contracts.errors import Code
from shared.contracts.message import Message, Secret
from shared.kit import service as kit_service
from shared.kit.buckets import Bucket
from shared.kit.bus import Bus
from shared.kit.clock import SystemClock
from shared.kit.errors import MusterError
from shared.kit.http import add_health
from shared.kit.rpc import ask
from shared.kit.security import TokenVerifier
from shared.kit.service import Service
from shared.kit.settings import Settings
from tests.conftest import ADMIN, Platform

R = TypeVar("R", bound=Message)


class HandClock(SystemClock):
    """The machine's clock, moved on by hand."""

    def __init__(self) -> None:
        self.ahead = 0.0

    @override
    def monotonic(self) -> float:
        return super().monotonic() + self.ahead

    @override
    def now(self) -> datetime:
        return super().now() + timedelta(seconds=self.ahead)


def new_key() -> bytes:
    """A private key as auth wants it."""
    return Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


@asynccontextmanager
async def live(service: Service, settings: Settings) -> AsyncIterator[None]:
    """Run a built service as its process does, without the process."""
    ready = asyncio.Event()
    add_health(service.app, kit_service._checks(service, ready))
    running = asyncio.ensure_future(kit_service._run(service, settings, ready))
    waiting = asyncio.ensure_future(ready.wait())
    try:
        await asyncio.wait({running, waiting}, return_when=asyncio.FIRST_COMPLETED, timeout=30)
        if running.done():
            await running
        assert ready.is_set()
        yield
    finally:
        waiting.cancel()
        running.cancel()
        await asyncio.gather(running, waiting, return_exceptions=True)
        await kit_service._close(service)


async def eventually(what: Callable[[], Awaitable[bool]], seconds: float = 30.0) -> None:
    """Wait until something holds; fail when it does not in time."""
    async with asyncio.timeout(seconds):
        while not await what():
            await asyncio.sleep(0.02)


@dataclass
class Asker:
    """The gateway's place on the bus, with auth behind it."""

    bus: Bus
    service: Service
    settings: AuthSettings
    clock: HandClock
    """Of ``verifier``."""

    async def ask(
        self,
        question: catalog.Question,
        request: Message,
        reply: type[R],
        token: str | None = None,
    ) -> R:
        return await ask(self.bus, question, request, reply, token=token, seconds=20)

    async def login(
        self, email: str = ADMIN[0], password: str = ADMIN[1], seconds: int = 3600
    ) -> auth.Session:
        request = auth.Login(email=email, password=Secret(password), access_seconds=seconds)
        return await self.ask(catalog.LOGIN, request, auth.Session)

    async def refresh(self, token: Secret) -> auth.Session:
        return await self.ask(catalog.REFRESH, auth.Refresh(refresh_token=token), auth.Session)

    async def register(self, token: str, username: str, email: str, **more: str) -> auth.User:
        request = auth.RegisterUser.model_validate(
            {"username": username, "email": email, "password": "a long enough word", **more}
        )
        return await self.ask(catalog.REGISTER_USER, request, auth.User, token)

    def verifier(self) -> TokenVerifier:
        """One that has heard of nothing yet."""
        return TokenVerifier(Bucket(self.bus, streams.AUTH), self.clock)

    async def caller(self, session: auth.Session) -> Caller:
        return await self.verifier().verify(session.access_token.get_secret_value())

    async def admits(self, session: auth.Session) -> bool:
        """Whether a verifier that has heard of nothing yet lets the session in."""
        try:
            await self.caller(session)
        except MusterError as error:
            if error.problem.code is not Code.UNAUTHORIZED:
                raise
            return False
        return True

    async def sql(self, query: str, **values: object) -> list[tuple[object, ...]]:
        assert self.service.engine is not None
        async with self.service.engine.begin() as connection:
            result = await connection.execute(text(query), values)
            return [tuple(row) for row in result] if result.returns_rows else []


@pytest.fixture(scope="module")
def signing_key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("auth") / "signing.pem"
    file.write_bytes(new_key())
    return file


def auth_settings(platform: Platform, signing_key: Path, **extra: object) -> AuthSettings:
    return platform.settings(
        AuthSettings,
        "auth",
        signing_key_file=signing_key,
        **{"bootstrap_file": platform.bootstrap_file, **extra},
    )


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def asker(platform: Platform, signing_key: Path) -> AsyncIterator[Asker]:
    """Auth with the two owners of the bootstrap file."""
    await platform.clean()
    settings = auth_settings(platform, signing_key)
    service = build(settings)
    bus = Bus("gateway", platform.settings(Settings, "gateway"))
    await bus.connect()
    async with live(service, settings):
        yield Asker(bus, service, settings, HandClock())
    await bus.stop()
