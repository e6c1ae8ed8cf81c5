"""Time and ids, asked from one place so that tests can own them."""

import time
from datetime import UTC, datetime
from typing import Protocol
from uuid import UUID, uuid4


class Clock(Protocol):
    """What time it is, on three scales."""

    def now(self) -> datetime:
        """Return the wall clock, aware and in UTC."""
        ...

    def monotonic(self) -> float:
        """Return seconds that never go back; they stand still while the machine sleeps."""
        ...

    def boottime(self) -> float:
        """Return seconds that never go back and go on while the machine sleeps.

        The same on every process of a machine, so a deadline may cross from one to another.
        """
        ...


class SystemClock:
    """The machine's own clocks."""

    def now(self) -> datetime:
        """Return the wall clock, aware and in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return CLOCK_MONOTONIC in seconds."""
        return time.monotonic()

    def boottime(self) -> float:
        """Return CLOCK_BOOTTIME in seconds."""
        return time.clock_gettime(time.CLOCK_BOOTTIME)


def new_id() -> UUID:
    """Return a fresh random id."""
    return uuid4()


def iso(moment: datetime, *, timespec: str = "milliseconds") -> str:
    """Return an aware moment as ISO 8601 in UTC with Z."""
    return moment.astimezone(UTC).isoformat(timespec=timespec).replace("+00:00", "Z")
