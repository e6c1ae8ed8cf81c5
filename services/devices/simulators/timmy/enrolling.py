"""Somebody enrolling at a Timmy terminal: the status that checkregstatus tells. No clock.

Source: section 1.7 (adduser, checkregstatus): 0 waiting, 1 to 3 scans taken, 100 stored, below 0
failed.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from services.devices.simulators.enrolment import Laying

_SCANS: Final = 3
# With a step every 0.3 s: after a minute nobody is expected any more.
_IDLE_STEPS: Final = 200
STORED: Final = 100
FAILED: Final = -1
KNOWN: Final = -12
MESSAGES: Final = {FAILED: "enroll fail", KNOWN: "already enrolled", STORED: "ok"}


class Asked(NamedTuple):
    """What adduser asked for."""

    enrollid: int
    slot: int
    name: str
    admin: int


class Enrolling:
    """One enrolment; `lay` is what somebody does, `step` lets one thing happen."""

    def __init__(self, asked: Asked) -> None:
        self.asked = asked
        self.status = 0
        self._bad = 0
        self._idle = 0
        self._coming: list[Laying] = []

    @property
    def over(self) -> bool:
        """Tell whether nothing more will happen."""
        return self.status < 0 or self.status == STORED

    def lay(self, laying: Laying) -> None:
        """Lay a finger on the sensor, or look into the camera, after what was done before."""
        self._coming.append(laying)

    def step(self) -> None:
        """Let the next thing happen; after the third good scan the credential is stored."""
        if self.over:
            return
        if self.status == _SCANS:
            self.status = STORED
        elif self._coming:
            self._idle = 0
            self._score(self._coming.pop(0))
        else:
            self._idle += 1
            self.status = FAILED if self._idle == _IDLE_STEPS else self.status

    def _score(self, laying: Laying) -> None:
        if laying is Laying.DUPLICATE:
            self.status = KNOWN
        elif laying is Laying.GOOD:
            self.status += 1
        else:
            self._bad += 1
            self.status = FAILED if self._bad == _SCANS else self.status
