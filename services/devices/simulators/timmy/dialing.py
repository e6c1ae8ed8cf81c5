"""A terminal dials its server for ever: one task a terminal, however many there are."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from services.devices.simulators.faults import Fault
from services.devices.simulators.timmy.line import dial
from services.devices.simulators.timmy.session import Session

if TYPE_CHECKING:
    from services.devices.simulators.timmy.firmware import Firmware
    from services.devices.simulators.timmy.line import Line

_STORM_SECONDS: Final = 0.02


class Dialing:
    """Keeps a session with `server`; the next dial calls whatever `server` is by then.

    `is_clone`: it is another terminal that gives itself out for this one.
    """

    def __init__(self, firmware: Firmware, *, is_clone: bool = False) -> None:
        self.server = firmware.device.spec.server
        self.session: Session | None = None
        self._firmware = firmware
        self._is_clone = is_clone
        self._task: asyncio.Future[None] | None = None

    @property
    def line(self) -> Line | None:
        """Return the line that is open or being opened."""
        return self.session.line if self.session is not None else None

    def start(self) -> None:
        """Dial from now on; nothing if it does already."""
        if self._task is None:
            self._task = asyncio.ensure_future(self._run())

    def stop(self) -> None:
        """Dial no more, and drop the line."""
        if self._task is not None:
            self._task.cancel()
            self._task = None
        self.cut()

    def cut(self) -> None:
        """Drop the line without a farewell."""
        if self.line is not None:
            self.line.cut()

    async def _run(self) -> None:
        while True:
            if not self._firmware.has(Fault.UNREACHABLE):
                await self._dial()
            await asyncio.sleep(self._pause)

    @property
    def _pause(self) -> float:
        is_storm = self._firmware.has(Fault.STORM)
        return _STORM_SECONDS if is_storm else self._firmware.device.spec.heartbeat

    async def _dial(self) -> None:
        self._firmware.told.dials += 1
        self.session = session = Session(self._firmware, is_clone=self._is_clone)
        try:
            await dial(self.server, session, lambda: not self._firmware.has(Fault.NO_PONG))
        except OSError as problem:
            self._firmware.told.farewell = str(problem)
        else:
            await session.over.wait()
