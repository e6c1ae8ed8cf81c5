"""The one interface of a link, and what can go wrong on a wire."""

from typing import NamedTuple, Protocol

from shared.contracts.errors import Code


class Greeting(NamedTuple):
    """What a device tells of itself when it is connected."""

    serial: str | None
    firmware: str | None


class LinkError(Exception):
    """The device could not be asked or did not answer; ``code`` is of the error catalogue."""

    def __init__(self, code: Code, details: str) -> None:
        super().__init__(f"{code}: {details}")
        self.code = code
        self.details = details


class Link(Protocol):
    """A connection to one device; one request at a time, live events at any time.

    Every method raises LinkError, and within a bounded time. After an error the link is dead:
    close it and open another.
    """

    async def open(self) -> Greeting:
        """Connect, authenticate and ask the device who it is."""
        ...

    async def listen(self) -> None:
        """Ask the device for live events."""
        ...

    async def event(self) -> bytes:
        """Wait for the next live event and return its body."""
        ...

    async def log(self) -> bytes:
        """Return the whole attendance log as the device sent it."""
        ...

    async def people(self) -> bytes:
        """Return the whole user table as the device sent it."""
        ...

    async def clock(self) -> str | None:
        """Return the device's wall clock as ISO text, or None when it shows no real date."""
        ...

    async def unlock(self, seconds: int, deadline: float) -> None:
        """Unlock the door, unless CLOCK_BOOTTIME has passed ``deadline`` before the write."""
        ...

    async def close(self) -> None:
        """Let go of the device, whatever state the link is in."""
        ...
