"""What carries single requests to a device: our own client on a wire, or pyzk in its process."""

import math
from typing import Final, Protocol

from services.devices.agent.links.inbox import Inbox
from services.devices.drivers.base import DeviceError
from services.devices.drivers.zk.protocol.procedure import Ask, Reply
from shared.contracts.errors import Code
from shared.kit.clock import Clock

_SILENT_SECONDS: Final = 7.0
"""How long a device may say nothing at all before the link to it counts as dead."""


class Channel(Protocol):
    """One request at a time; live events come at any time, into the inbox.

    Every method raises DeviceError: DEVICE_UNREACHABLE when the connection ended, DEVICE_NO_ANSWER
    when the device fell silent, DEVICE_WRONG_PROTOCOL when it speaks another language, and
    PULL_INCOMPLETE when an answer that came in parts does not add up.
    """

    @property
    def inbox(self) -> Inbox:
        """What the device says unasked; it ends with the connection."""
        ...

    @property
    def dead(self) -> bool:
        """Whether the connection ended, or the last request was never answered."""
        ...

    async def connect(self) -> None:
        """Reach the device."""
        ...

    async def exchange(self, ask: Ask, seconds: float) -> Reply:
        """Make a request and return its answer; ``seconds`` bound the device's silence.

        A device that left a request unanswered is asked again, but it has ``_SILENT_SECONDS`` for
        everything: so whoever tidies up behind a device that is gone does not take long.

        What comes of it after an error, or when the caller was cancelled, is dropped.
        """
        ...

    async def hurry(self, ask: Ask, deadline: float) -> Reply:
        """Make a request that must not take effect after ``deadline`` on CLOCK_BOOTTIME.

        UNLOCK_EXPIRED: it was not made. UNLOCK_UNKNOWN: it was made, no answer came in time, and
        the connection was broken off so that nothing of it arrives any more.
        """
        ...

    async def close(self) -> None:
        """End the connection, whatever state it is in."""
        ...


class Patience:
    """How long a device may still be silent."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._heard = -math.inf
        self.lost = False
        """Whether the last request was never answered."""

    def heard(self) -> None:
        """Take note that the device said something, whatever it was."""
        self._heard = self._clock.monotonic()

    def limit(self, seconds: float) -> float:
        """Return how much of so many seconds there is; raise DEVICE_NO_ANSWER when it is none."""
        if self.lost:
            seconds = min(seconds, self._heard + _SILENT_SECONDS - self._clock.monotonic())
        if seconds <= 0:
            raise DeviceError(Code.DEVICE_NO_ANSWER, "The device has fallen silent.")
        return seconds
