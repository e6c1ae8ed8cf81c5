"""The one interface of a link: a connection to one device, whatever the dialect or the library."""

from collections.abc import Awaitable, Callable
from typing import NamedTuple, Protocol

from services.devices.drivers.base import PersonEntry, Table
from shared.contracts.actions import Action, Cleared, Enrolment, EnrolmentBegun, Result, Said
from shared.contracts.operations import Progress
from shared.contracts.readings import Hardware, Template

Keep = Callable[[bytes], None]
"""Takes a piece of a table; what was kept counts only when the reading as a whole succeeds."""
Tell = Callable[[Progress], Awaitable[None]]
"""Takes how far an action has come."""


class Greeting(NamedTuple):
    """What a device tells of itself when it is connected."""

    serial: str | None
    firmware: str | None
    hardware: Hardware | None = None
    """What a device that dialled in told of its body."""
    address: str | None = None
    """Where it dialled in from."""


class Fetched(NamedTuple):
    """Templates, and whose they are where reading them tells."""

    templates: tuple[Template, ...]
    people: tuple[PersonEntry, ...] = ()


class Link(Protocol):
    """A connection to one device; live events come at any time.

    Every method raises DeviceError, and within a bounded time. Only ``unlock`` may be called while
    another method runs. After an error ``dead`` tells whether the link can still be used.
    """

    @property
    def dead(self) -> bool:
        """Whether nothing more can come of this link: close it and open another."""
        ...

    @property
    def said(self) -> Said:
        """The device's own answer to what was last asked of it, where people can read it.

        Without secrets; None where the dialect's answers are not for people.
        """
        ...

    @property
    def clock_seconds(self) -> float:
        """How often to read the device's clock: the sign of life where there is no other."""
        ...

    async def open(self) -> Greeting:
        """Connect, authenticate, enable the device and ask it who it is.

        A device that dials in is waited for, a bounded time; then DEVICE_OFFLINE.
        """
        ...

    async def listen(self) -> None:
        """Ask the device for live punches."""
        ...

    async def event(self) -> bytes:
        """Wait for the next live event and return its body; each is to be settled."""
        ...

    async def settle(self, *, kept: bool) -> None:
        """Let the device know that its last event is kept for good, or that it is not.

        Nothing where a device does not wait to hear it.
        """
        ...

    async def log(self, keep: Keep) -> Table:
        """Read the whole attendance log, all or nothing; PULL_INCOMPLETE when it does not agree."""
        ...

    async def people(self) -> tuple[PersonEntry, ...]:
        """Return everybody whom the device holds."""
        ...

    async def clock(self) -> str | None:
        """Return the device's wall clock as ISO text, or None when it shows no real date."""
        ...

    async def templates(self, user_id: str | None) -> Fetched:
        """Return a person's templates, or everybody's."""
        ...

    async def clear_log(self, expected: Table) -> Cleared:
        """Empty the log if it still is what ``expected`` says, byte for byte.

        The device is disabled meanwhile, so that nobody punches between the look and the clearing,
        and enabled whatever happens. LOG_NOT_QUIET when the log is another one by now;
        OUTCOME_UNKNOWN when the link was lost once the clearing itself was asked for.
        """
        ...

    async def do(self, action: Action, tell: Tell) -> Result:
        """Do what needs nothing of the agent but the wire; NOT_SUPPORTED for what cannot be done.

        ``read_log``, ``clear_log``, ``read_users`` and ``read_templates`` are not for here.
        """
        ...

    async def enrolment(self, begun: EnrolmentBegun) -> Enrolment:
        """Ask once how far an enrolment has come that was begun; ``started`` while it goes on.

        NOT_SUPPORTED where the device cannot be asked: then only what it tells by itself shows it.
        """
        ...

    async def unlock(self, seconds: int, deadline: float) -> None:
        """Unlock the door, unless CLOCK_BOOTTIME has passed ``deadline`` before the write."""
        ...

    async def close(self) -> None:
        """Let go of the device, whatever state the link is in."""
        ...
