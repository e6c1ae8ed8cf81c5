"""Procedures: what is asked of a terminal one thing after another, without any I/O.

A procedure is a generator. It yields what it wants done and is sent what came of it; a failure is
thrown into it as DeviceError. Whoever runs it may do one other request (an unlock) between any two
of its own, which is why a command never has to wait for the end of a bulk read.

What must be undone (a buffer to be freed, a device to be enabled) a procedure undoes by further
requests after a failure. So it is never just closed: whoever has to stop one, because he is stopped
himself, throws DeviceError(OPERATION_CANCELED) into it and runs it to its end.
"""

from collections.abc import Generator
from typing import Any, Final, NamedTuple, TypeVar

from shared.contracts.operations import Progress

SILENCE: Final = 5.0
"""Seconds a terminal may be silent before it is given up: a slow board needs two."""


class Ask(NamedTuple):
    """Send a request, wait for everything that answers it, and be sent a ``Reply``."""

    command: int
    data: bytes = b""
    seconds: float = SILENCE
    """How long the terminal may be silent: a bound on progress, not on the whole transfer."""
    repeatable: bool = False
    """Whether it may be sent again over UDP when no answer comes: what is only read, and what is
    the same when it is done twice, such as enabling."""


class Reply(NamedTuple):
    """The answer to one request, reassembled and checked; any code, also one that says no."""

    code: int
    slot: int
    """What stood in the session slot of the last packet."""
    data: bytes = b""


class Keep(NamedTuple):
    """Keep this piece of a table; nothing is sent back."""

    piece: bytes


class Await(NamedTuple):
    """Wait for one of these live events and be sent a ``Heard``.

    DEVICE_NO_ANSWER is thrown when none comes in time.
    """

    codes: frozenset[int]
    seconds: float


class Heard(NamedTuple):
    """A live event."""

    code: int
    body: bytes


class Tell(NamedTuple):
    """Tell how far it is; nothing is sent back."""

    progress: Progress


T = TypeVar("T")
Procedure = Generator[Ask | Keep | Await | Tell, Any, T]
