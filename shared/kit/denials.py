"""Turn a denied publish into a denial.

The broker answers a forbidden publish only on the connection as a whole, so without this the
publisher would see a timeout and suspect the network.
"""

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Awaitable
from typing import Any, Final, TypeVar

T = TypeVar("T")

_DENIED: Final = re.compile(
    r"permissions violation for (publish|subscription) to \"([^\"]+)\"", re.IGNORECASE
)


class PublishDeniedError(Exception):
    """This process's user on the broker may not publish to the subject."""


class Denials:
    """Matches the broker's refusals with the publishes that wait for an answer."""

    def __init__(self) -> None:
        self._waiting: dict[str, set[asyncio.Future[None]]] = {}

    def heard(self, error: str) -> str | None:
        """Fail whoever publishes to the subject in the broker's error; return that subject."""
        match = _DENIED.search(error)
        if match is None:
            return None
        verb, subject = match.groups()
        if verb.lower() == "publish":
            # nats-py tells the broker's words in lower case, the subject's too.
            for future in self._waiting.get(subject.lower(), ()):
                if not future.done():
                    msg = f"this user may not publish to {subject}"
                    future.set_exception(PublishDeniedError(msg))
        return subject

    @contextlib.asynccontextmanager
    async def _watch(self, subject: str) -> AsyncIterator[asyncio.Future[None]]:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        subject = subject.lower()
        self._waiting.setdefault(subject, set()).add(future)
        try:
            yield future
        finally:
            self._waiting[subject].discard(future)
            if not self._waiting[subject]:
                del self._waiting[subject]
            if not future.done():
                future.cancel()

    async def guard(self, subject: str, answer: Awaitable[T]) -> T:
        """Wait for the answer to a publish; raise PublishDeniedError when the broker denies it."""
        async with self._watch(subject) as denied:
            task: asyncio.Future[T] = asyncio.ensure_future(answer)
            either: list[asyncio.Future[Any]] = [task, denied]
            try:
                await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
                if denied.done():
                    denied.result()
                return await task
            finally:
                if not task.done():
                    task.cancel()
