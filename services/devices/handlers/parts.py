"""What the handlers of the registry work with."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from shared.kit.bus import Bus
    from shared.kit.clock import Clock
    from shared.kit.db import AsyncEngine


class Parts(NamedTuple):
    """The servers and the time."""

    bus: Bus
    engine: AsyncEngine
    clock: Clock


class Afterwards(Protocol):
    """What follows a commit, outside the database; what fails is made good by later rounds."""

    async def added(self, site: str, device_id: int) -> None:
        """Make a new device known."""
        ...

    async def removed(self, site: str, device_id: int) -> None:
        """Make it known that a device is gone, and take what waits for it off its stream."""
        ...

    async def roster_changed(self, site: str) -> None:
        """Tell a site's agents that their devices are not what they were."""
        ...

    async def people_changed(self, owner: str) -> None:
        """Tell caches that an owner's people are not what they were."""
        ...
