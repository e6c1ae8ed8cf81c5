"""Which devices the registry is to be told of: at once what changed, and everything in turns."""

import asyncio
import contextlib
import math
from collections.abc import Collection, Iterator
from typing import Final

from shared.kit.clock import Clock

_ROUND_SECONDS: Final = 5.0
"""How often something is said, if only that the agent is there."""
_ROUNDS: Final = 2
"""In how many rounds every device is told of: the registry believes what it heard for 20 s."""
_PART: Final = 500
"""The most devices of one message; so many are told of in every round."""
_GATHER_SECONDS: Final = 0.1
"""A site that comes back brings changes by the thousand; they are told together."""


class Telling:
    """Whose presence is to be told next.

    With every device in every message, thousands of them would be megabytes every few seconds,
    and once more whenever one of them comes or goes.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._changed: set[int] = set()
        self._news = asyncio.Event()
        self._round_at = -math.inf
        self._turn: list[int] = []

    def changed(self, device_id: int) -> None:
        """Have a device told of soon."""
        self._changed.add(device_id)
        self._news.set()

    async def wait(self) -> None:
        """Wait until there is something to say: news, or the next round."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(max(0.0, self._round_at - self._clock.monotonic())):
                await self._news.wait()
                await asyncio.sleep(_GATHER_SECONDS)
        self._news.clear()

    def parts(self, held: Collection[int]) -> Iterator[list[int]]:
        """Return the devices to tell of now, out of those that are held, a message at a time."""
        due, self._changed = self._changed, set()
        begins = self._clock.monotonic() >= self._round_at
        if begins:
            self._round_at = self._clock.monotonic() + _ROUND_SECONDS
            due.update(self._next(held))
        devices = sorted(due.intersection(held))
        # Nobody in it: the agent itself is there.
        for start in range(0, max(len(devices), 1 if begins else 0), _PART):
            yield devices[start : start + _PART]

    def _next(self, held: Collection[int]) -> list[int]:
        self._turn = self._turn or list(held)
        count = max(_PART, math.ceil(len(held) / _ROUNDS))
        due, self._turn = self._turn[:count], self._turn[count:]
        return due
