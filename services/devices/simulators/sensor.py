"""The fingerprint sensor's pace: what happens at it takes time, and nobody waits for ever."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from services.devices.simulators.enrolment import Result

if TYPE_CHECKING:
    from services.devices.simulators.device import Device

# Nobody lays a finger before the client has sent what else belongs to its request.
FIRST = 0.3
# Clients that take one read for one event lose their place when two come at once.
PACE = 0.05
PATIENCE = 20.0


class Sensor:
    """Lets an enrolment happen step by step, until it is over or canceled."""

    def __init__(self, device: Device) -> None:
        self._device = device
        self._timer: asyncio.TimerHandle | None = None
        self._idle = 0.0

    def wake(self) -> None:
        """Begin, if the terminal enrols somebody and it has not begun."""
        if self._device.enrolment is not None and self._timer is None:
            self._idle = 0.0
            self._wait(FIRST)

    def stop(self) -> None:
        """Let nothing more happen."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _wait(self, seconds: float) -> None:
        self._timer = asyncio.get_running_loop().call_later(seconds, self._step)

    def _step(self) -> None:
        self._timer = None
        self._idle = 0.0 if self._device.step() else self._idle + PACE
        if self._device.enrolment is None:
            return
        if self._idle >= PATIENCE:
            self._device.enrolment.end(Result.TIMEOUT)
        self._wait(PACE)
