"""A terminal's clock: local, without a zone, and not always right."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime


class WallClock:
    """What the terminal shows. `now` is the true instant, from which it may have drifted."""

    def __init__(self, zone: str, drift: int, now: Callable[[], datetime]) -> None:
        self.zone = ZoneInfo(zone)
        self._now = now
        self._skew = timedelta(seconds=drift)

    def at(self, instant: datetime) -> datetime:
        """Return what is shown at an instant: local, whole seconds, no zone."""
        return (instant + self._skew).astimezone(self.zone).replace(tzinfo=None, microsecond=0)

    def shown(self) -> datetime:
        """Return what is shown now."""
        return self.at(self._now())

    def set(self, wall: datetime) -> None:
        """Put the clock to a local wall-clock time."""
        self._skew = wall.replace(tzinfo=self.zone) - self._now()
