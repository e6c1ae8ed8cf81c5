"""Who waits for news of punches in this process, and what wakes them."""

import asyncio
import contextlib
from collections.abc import Iterable, Iterator
from typing import Final
from uuid import UUID

WAITING: Final = 256
"""How many answers may wait at once: each does so for seconds, and holds no connection."""


class News:
    """Wakes whoever waits for a punch when this process hears of it.

    Another replica may hear of it instead, so nobody should wait for long without a look at the
    database.
    """

    def __init__(self) -> None:
        self._listening: dict[UUID, set[asyncio.Event]] = {}

    @contextlib.contextmanager
    def of(self, punch_ids: Iterable[UUID]) -> Iterator[asyncio.Event]:
        """Return what is set by the next news of any of these punches."""
        event, ids = asyncio.Event(), set(punch_ids)
        for each in ids:
            self._listening.setdefault(each, set()).add(event)
        try:
            yield event
        finally:
            for each in ids:
                listening = self._listening[each]
                listening.discard(event)
                if not listening:
                    del self._listening[each]

    def tell(self, punch_ids: Iterable[UUID]) -> None:
        """Wake everybody who waits for any of these punches."""
        for each in punch_ids:
            for event in self._listening.get(each, ()):
                event.set()
