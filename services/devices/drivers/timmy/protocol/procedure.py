"""Procedures: what is asked of a terminal one thing after another, without any I/O.

A procedure is a generator. It yields what it wants done and is sent what came of it; a failure is
thrown into it as DeviceError: DEVICE_NO_ANSWER when no answer came in time. What must be undone (a
terminal to be enabled) a procedure undoes by further requests after a failure; whoever has to stop
one throws DeviceError(OPERATION_CANCELED) into it and runs it to its end.
"""

from collections.abc import Generator
from typing import Any, Final, NamedTuple, TypeVar

from shared.contracts.operations import Progress

PATIENCE: Final = 20.0
"""Seconds a terminal may take for an answer (timmy.md 1.9)."""
PHOTO_PATIENCE: Final = 30.0
"""The same where a photo is sent or wanted."""


class Ask(NamedTuple):
    """Send a command and be sent its ``Reply``."""

    command: dict[str, Any]
    """With its name under ``cmd``."""
    seconds: float = PATIENCE
    """How long to wait for the answer."""
    aside: bool = False
    """Whether it only looks: then its answer is not the one that people are shown of it all."""


class Reply(NamedTuple):
    """The answer to one command, also one that says no."""

    body: dict[str, Any]
    """All of it, as ``codec.frames.parsed`` gives it; may hold secrets (``codec.answers``)."""
    ok: bool
    reason: int | None = None
    """Why not, as a number (timmy.md 1.7)."""
    message: str = ""
    """Why not, in the terminal's own words."""


class Keep(NamedTuple):
    """Keep this piece of a table; nothing is sent back."""

    piece: bytes


class Pause(NamedTuple):
    """Let so many seconds pass; nothing is sent back."""

    seconds: float


class Tell(NamedTuple):
    """Tell how far it is; nothing is sent back."""

    progress: Progress


T = TypeVar("T")
Procedure = Generator[Ask | Keep | Pause | Tell, Any, T]
