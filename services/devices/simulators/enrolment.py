"""A finger being enrolled: laid three times, scored each time, and what comes of it. No clock."""

from __future__ import annotations

from collections import deque
from enum import IntEnum, StrEnum
from typing import TYPE_CHECKING, Final, NamedTuple

from services.devices.simulators.quirks import Enrols

if TYPE_CHECKING:
    from services.devices.simulators.people import User

_LAYINGS = 3
_GOOD_SCORE = 100


class Laying(StrEnum):
    """How somebody lays a finger on the sensor; `duplicate` is one that is known already."""

    GOOD = "good"
    BAD = "bad"
    DUPLICATE = "duplicate"


SCRIPTS: Final = {
    Enrols.OK: (Laying.GOOD,) * _LAYINGS,
    Enrols.FAIL: (Laying.BAD,) * _LAYINGS,
    Enrols.DUPLICATE: (Laying.GOOD, Laying.GOOD, Laying.DUPLICATE),
    Enrols.NOBODY: (),
}
"""What happens at a terminal, with nobody told otherwise."""


class Result(IntEnum):
    """How an enrolment ended; the numbers are the protocol's."""

    OK = 0
    FAILED = 4
    DUPLICATE = 5
    TIMEOUT = 6


class Laid(NamedTuple):
    """A finger was laid on the sensor."""


class Scored(NamedTuple):
    """The laying was scored: 100 or 0."""

    score: int


class Ended(NamedTuple):
    """The enrolment is over; `size` is that of the template, 0 without one."""

    result: Result
    user_id: str
    size: int
    finger: int


class Enrolment:
    """One enrolment; what happens is taken from it one thing at a time."""

    def __init__(self, user: User, finger: int) -> None:
        self.user = user
        self.finger = finger
        self._good = 0
        self._laid = 0
        self._over = False
        self._coming: deque[Laid | Scored | Result] = deque()

    def lay(self, laying: Laying) -> None:
        """Lay a finger on the sensor, after those laid before; nothing once it is over."""
        if self._over:
            return
        self._laid += 1
        self._good += laying is Laying.GOOD
        self._coming += (Laid(), Scored(0 if laying is Laying.BAD else _GOOD_SCORE))
        result = self._judge(laying)
        if result is not None:
            self.end(result)

    def end(self, result: Result) -> None:
        """End it after what is still to come."""
        self._over = True
        self._coming.append(result)

    def next(self) -> Laid | Scored | Result | None:
        """Return what happens next, None where somebody has to lay a finger first."""
        return self._coming.popleft() if self._coming else None

    def _judge(self, laying: Laying) -> Result | None:
        if laying is Laying.DUPLICATE:
            return Result.DUPLICATE
        if self._good == _LAYINGS:
            return Result.OK
        # Three bad ones of as many as it takes: the person is sent away.
        return Result.FAILED if self._laid - self._good == _LAYINGS else None
