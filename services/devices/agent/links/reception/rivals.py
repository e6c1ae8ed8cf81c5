"""Two terminals under one serial number: how often they meet before neither is served."""

from typing import Final

from services.devices.agent.links.reception.quota import Quota
from shared.kit.clock import Clock

_MEETINGS: Final = (5, 60.0)
"""A terminal that lost its connection meets its own old one now and then; two that are at work
meet again and again (timmy.md 4.3 #39)."""
_QUARANTINE_SECONDS: Final = 300.0


class Rivals:
    """Serial numbers under which connections met."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._meetings = Quota(*_MEETINGS)
        self._until: dict[str, float] = {}

    def quarantined(self, serial: str) -> bool:
        """Tell whether nobody is served under a serial number for now."""
        return self._clock.monotonic() < self._until.get(serial, 0.0)

    def met(self, serial: str) -> bool:
        """Count a meeting; tell whether that was one too many, and nobody is served from now on."""
        now = self._clock.monotonic()
        if self._meetings.take(serial, now):
            return False
        self._until[serial] = now + _QUARANTINE_SECONDS
        return True

    def sweep(self) -> None:
        """Let go of what is over."""
        now = self._clock.monotonic()
        self._meetings.sweep(now)
        self._until = {serial: end for serial, end in self._until.items() if end > now}
