"""Leave to unlock a door: good once, for one device, until a deadline on this machine's clock.

The clock is CLOCK_BOOTTIME: it goes on while a process is frozen or the machine sleeps, so a pause
anywhere between the caller and the wire makes a permit expire instead of a door open late.
"""

from typing import Final, NamedTuple
from uuid import UUID

from shared.kit.clock import Clock, new_id

PERMIT_SECONDS: Final = 5.0


class _Issued(NamedTuple):
    device_id: int
    deadline: float


class Permits:
    """The permits this agent has issued and nobody has used."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._issued: dict[UUID, _Issued] = {}

    def issue(self, device_id: int) -> UUID:
        """Return a fresh permit; its time runs from now."""
        now = self._clock.boottime()
        self._issued = {key: each for key, each in self._issued.items() if each.deadline > now}
        permit = new_id()
        self._issued[permit] = _Issued(device_id, now + PERMIT_SECONDS)
        return permit

    def use(self, permit: UUID, device_id: int) -> float | None:
        """Take the permit and return its deadline, or None when it is not good (any more)."""
        issued = self._issued.pop(permit, None)
        if issued is None or issued.device_id != device_id:
            return None
        return issued.deadline if issued.deadline > self._clock.boottime() else None
