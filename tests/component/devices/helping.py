"""Time set by hand, callers, and waiting for what must come or be refused."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import pytest

from shared.contracts.auth import Caller, Role
from shared.contracts.errors import Code
from shared.kit.clock import SystemClock
from shared.kit.errors import MusterError
from tests.conftest import OWNER


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
