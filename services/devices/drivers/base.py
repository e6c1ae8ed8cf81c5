"""What every dialect is translated into, and the one interface of a driver."""

from typing import NamedTuple, Protocol

IMPOSSIBLE_TIME = "impossible_time"
"""The device gave a date that no calendar has; kept as it was read."""


class LogEntry(NamedTuple):
    """One record of a device's attendance log, in neutral words."""

    person: str
    device_time: str
    """The device's wall clock, ``YYYY-MM-DDTHH:MM:SS``, even when no such date exists."""
    verify: int | None
    state: int | None
    work_code: str | None
    raw: bytes
    flags: tuple[str, ...] = ()


class PersonEntry(NamedTuple):
    """One person as a device holds it."""

    user_id: str
    name: str


class DecodeError(Exception):
    """What was read is not what the dialect says; nothing of it may be taken as complete."""


class Driver(Protocol):
    """One dialect: pure functions from what a device sent to what it means."""

    def log(self, table: bytes) -> list[LogEntry]:
        """Return every record of a whole attendance log; raise DecodeError unless it adds up."""
        ...

    def people(self, table: bytes) -> list[PersonEntry]:
        """Return every person of a whole user table; raise DecodeError unless it adds up."""
        ...

    def live(self, body: bytes) -> LogEntry:
        """Return the record a live event carries; raise DecodeError for an unknown form."""
        ...
