"""One Timmy terminal's firmware: its device, what it was told, and what is wrong with it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from services.devices.simulators.faults import Fault
from services.devices.simulators.timmy.lists import Cursors
from services.devices.simulators.timmy.told import Told

if TYPE_CHECKING:
    from collections.abc import Callable

    from services.devices.simulators.timmy.device import TimmyDevice


@dataclass(slots=True)
class Firmware:
    """What all lines of a terminal share; `fault` bends it until it is healed.

    `connected` is set while a server has accepted the terminal. `restart` and `enrol` are how a
    command has the terminal restart, or watch its sensor.
    """

    device: TimmyDevice
    restart: Callable[[], None]
    enrol: Callable[[], None]
    fault: Fault = Fault.NONE
    number: int = 0
    """What the fault is about: seconds, bytes, or a reason."""
    connected: asyncio.Event = field(default_factory=asyncio.Event)
    told: Told = field(default_factory=Told)
    cursors: Cursors = field(init=False)

    def __post_init__(self) -> None:
        """Rewind every list."""
        spec = self.device.spec
        self.cursors = Cursors(spec.paging, spec.page_size)

    @property
    def quirks(self) -> frozenset[Fault]:
        """Return everything that is wrong with the terminal now."""
        return self.device.spec.quirks | {self.fault}

    def has(self, fault: Fault) -> bool:
        """Tell whether this is wrong with the terminal now."""
        return self.fault is fault or fault in self.device.spec.quirks
