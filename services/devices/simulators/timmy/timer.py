"""One thing that will happen unless something else does first."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Timer:
    """At most one callback is pending; thousands of these cost no task."""

    def __init__(self) -> None:
        self._handle: asyncio.TimerHandle | None = None

    def start(self, seconds: float, then: Callable[[], None]) -> None:
        """Call back in so many seconds, in place of what was pending."""
        self.stop()
        self._handle = asyncio.get_running_loop().call_later(seconds, then)

    def stop(self) -> None:
        """Let nothing happen."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None
