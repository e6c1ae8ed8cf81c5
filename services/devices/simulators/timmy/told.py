"""What a terminal understood of its server: for tests to ask what no message says."""

from __future__ import annotations

from collections import deque
from dataclasses import asdict, dataclass, field
from typing import Any

_REMEMBERED = 100


@dataclass(slots=True)
class Told:
    """Since the start of the terminal. A correct server leaves `wrong_*` and `stray` at 0."""

    dials: int = 0
    """Connections tried."""
    registrations: int = 0
    """reg messages that were answered with true."""
    refusals: int = 0
    """reg messages that were answered with false."""
    shown: str = ""
    """What the display shows: the reason of the last refusal, or the message of the last answer."""
    nosenduser: bool = False
    cloudtime: str = ""
    """The last time that the clock was set to."""
    wrong_times: int = 0
    """Times of another form than YYYY-MM-DD HH:MM:SS: the clock was not set."""
    acknowledged: int = 0
    """sendlog and senduser messages that were answered with true."""
    rejected: int = 0
    """Those that were answered with false: they are repeated."""
    repeated: int = 0
    """Those that were sent again."""
    wrong_answers: int = 0
    """Answers to sendlog with another logindex: they do not count."""
    stray: int = 0
    """Answers to nothing, and messages that are no JSON object."""
    access: object = None
    """What the last answer to sendlog said about the door; None where it said nothing."""
    wrong_early: int = 0
    """Commands that came before reg was answered."""
    commands: deque[str] = field(default_factory=lambda: deque(maxlen=_REMEMBERED))
    """The names of the last commands."""
    farewell: str = ""
    """How the last connection ended: the server's close code and reason, or its refusal."""

    def view(self) -> dict[str, Any]:
        """Return it for JSON."""
        return {**asdict(self), "commands": list(self.commands)}
