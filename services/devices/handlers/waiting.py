"""Who waits for an operation in this process, and what wakes them."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from uuid import UUID


class News:
    """Wakes whoever waits for an operation when this process hears of it.

    Another replica may hear of it instead, so nobody should wait for long without a look at the
    database.
    """

    def __init__(self) -> None:
        self._listening: dict[UUID, set[asyncio.Event]] = {}

    @contextlib.contextmanager
    def of(self, operation_id: UUID) -> Iterator[asyncio.Event]:
        """Return what is set by the next news of an operation."""
        event = asyncio.Event()
        listening = self._listening.setdefault(operation_id, set())
        listening.add(event)
        try:
            yield event
        finally:
            listening.discard(event)
            if not listening:
                self._listening.pop(operation_id, None)

    def tell(self, operation_id: UUID) -> None:
        """Wake everybody who waits for an operation."""
        for event in self._listening.get(operation_id, ()):
            event.set()
