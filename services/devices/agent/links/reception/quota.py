"""How often something may happen within a stretch of time, key by key."""

from collections import deque
from collections.abc import Hashable


class Quota:
    """So many times within so many seconds, for each key by itself."""

    def __init__(self, times: int, seconds: float) -> None:
        self._times = times
        self._seconds = seconds
        self._taken: dict[Hashable, deque[float]] = {}

    def take(self, key: Hashable, now: float) -> bool:
        """Return whether it may happen once more, and count it if so."""
        taken = self._taken.setdefault(key, deque())
        self._forget(taken, now)
        if len(taken) >= self._times:
            return False
        taken.append(now)
        return True

    def sweep(self, now: float) -> None:
        """Let go of the keys to which nothing happened lately; strangers choose their own."""
        for key, taken in list(self._taken.items()):
            self._forget(taken, now)
            if not taken:
                del self._taken[key]

    def _forget(self, taken: deque[float], now: float) -> None:
        while taken and taken[0] <= now - self._seconds:
            taken.popleft()
