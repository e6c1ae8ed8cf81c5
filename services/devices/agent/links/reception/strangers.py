"""Those who are not served: what they are told, who hears of them, and how much they may ask."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from websockets.frames import CloseCode

from services.devices.agent.links.reception.admission import TurnedAway
from services.devices.agent.links.reception.listening import Reason, Sighting
from services.devices.agent.links.reception.quota import Quota
from services.devices.agent.links.reception.visit import Visit
from services.devices.drivers.base import DeviceError
from shared.contracts.agents import RosterDevice
from shared.contracts.errors import Code
from shared.kit.clock import Clock
from shared.kit.logging import get_logger

log = get_logger(__name__)

Tell = Callable[[Sighting], Awaitable[None]]
"""Tells the registry of a terminal that is not served; must not raise."""
Trouble = Callable[[RosterDevice, DeviceError], None]
"""Takes what a person should look at; must not raise."""

_ATTEMPTS: Final = (10, 60.0)
"""Of strangers from one address; terminals that are served may come as often as they like, for a
whole site may have one address."""
_SIGHTINGS: Final = (1, 30.0)
_ALARMS: Final = (1, 3600.0)
_SHOW_SECONDS: Final = 1.0
"""What a terminal gets to put the reason on its screen (timmy.md 5.2)."""
_HARDWARE: Final = "It dialled in with another processor or network card than it had at first."


class Strangers:
    """What is done about terminals that are not served."""

    def __init__(self, clock: Clock, sighted: Tell, trouble: Trouble) -> None:
        self._clock = clock
        self._sighted = sighted
        self._trouble = trouble
        self._attempts = Quota(*_ATTEMPTS)
        self._sightings = Quota(*_SIGHTINGS)
        self._alarms = Quota(*_ALARMS)

    async def turn_away(self, visit: Visit, turned: TurnedAway) -> None:
        """Show a terminal why it is not served, let it be known, and end its connection."""
        if not self.bear(visit.address):
            await visit.close(CloseCode.POLICY_VIOLATION, "too many attempts from this address")
            return
        visit.refuse(turned.reason)
        log.info("terminal not served", serial=visit.claim.serial, reason=turned.reason)
        if turned.device is not None:
            self.alarm(turned.device, DeviceError(Code.HARDWARE_CHANGED, _HARDWARE))
        if turned.sighting is not None:
            await self._tell(visit, turned.sighting)
        await asyncio.sleep(_SHOW_SECONDS)
        await visit.close(CloseCode.POLICY_VIOLATION, turned.reason)

    def bear(self, address: str) -> bool:
        """Count what a stranger did; tell whether it is to be answered and logged."""
        return self._attempts.take(address, self._clock.monotonic())

    def alarm(self, device: RosterDevice, error: DeviceError) -> None:
        """Let a person look at a device; the same trouble is no news for an hour."""
        if self._alarms.take((device.serial, error.code), self._clock.monotonic()):
            self._trouble(device, error)

    async def _tell(self, visit: Visit, reason: Reason) -> None:
        claim = visit.claim
        if self._sightings.take(claim.serial, self._clock.monotonic()):
            path = visit.shown_path
            await self._sighted(Sighting(claim.serial, visit.address, path, claim.hardware, reason))

    def sweep(self) -> None:
        """Let go of what is over."""
        now = self._clock.monotonic()
        for quota in (self._attempts, self._sightings, self._alarms):
            quota.sweep(now)
