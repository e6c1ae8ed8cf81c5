"""The line to one device: its link while there is one, and whose turn it is."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Final

from services.devices.agent.links.base import Link
from services.devices.drivers.base import DeviceError
from shared.contracts.errors import Code, Problem
from shared.kit.errors import MusterError

_IN_DOUBT: Final = {Code.OUTCOME_UNKNOWN, Code.UNLOCK_UNKNOWN}


class OfflineError(DeviceError):
    """There is no link to the device, or it was lost; ``asked``: after the device was asked."""

    def __init__(self, error: DeviceError, *, asked: bool) -> None:
        super().__init__(error.code, error.details, error.said)
        self.asked = asked


class Line:
    """One operation at a time goes over it; an unlock goes around the turn, in the link itself."""

    def __init__(self, away: Code) -> None:
        """``away`` is what it means that there is no link, where nobody knows more."""
        self._away = away
        self._turn = asyncio.Lock()
        self._up = asyncio.Event()
        self._link: Link | None = None
        self.problem: Problem | None = None
        """Why there is no link; None as long as nobody knows, or there is one."""

    @property
    def is_up(self) -> bool:
        """Whether there is a link."""
        return self._up.is_set()

    def rise(self, link: Link) -> None:
        """Take a link that is open."""
        self._link, self.problem = link, None
        self._up.set()

    def fall(self, error: DeviceError | None = None) -> None:
        """Let go of the link, if there still is one; no error: it was nothing of the device's."""
        error = error or DeviceError(self._away, "The connection was let go.")
        self._link, self.problem = None, MusterError(error.code, error.details).problem
        self._up.clear()

    async def connected(self, seconds: float) -> None:
        """Wait for a link, but no longer than so many seconds."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._up.wait()

    @contextlib.asynccontextmanager
    async def turn(self) -> AsyncIterator[Link]:
        """Hold the device for one operation.

        Raises OfflineError when there is no link, or when none is left after an error that leaves
        no doubt of what was done.
        """
        async with self._turn, self._linked() as link:
            yield link

    async def unlock(self, seconds: int, deadline: float) -> None:
        """Unlock the door before ``deadline`` on CLOCK_BOOTTIME, or raise DeviceError."""
        async with self._linked() as link:
            await link.unlock(seconds, deadline)

    @contextlib.asynccontextmanager
    async def _linked(self) -> AsyncIterator[Link]:
        link = self._link
        if link is None:
            raise OfflineError(self._reason(), asked=False)
        try:
            yield link
        except DeviceError as error:
            if not link.dead or error.code in _IN_DOUBT:
                raise
            self._drop(link, error)
            raise OfflineError(error, asked=True) from error
        finally:
            if link.dead:
                # Restarting a device, too, ends the link, although it went well.
                self._drop(link, DeviceError(self._away, "The connection ended."))
                await link.close()

    def _drop(self, link: Link, error: DeviceError) -> None:
        if self._link is link:
            self.fall(error)

    def _reason(self) -> DeviceError:
        if self.problem is None:
            return DeviceError(self._away, "The device is not connected yet.")
        return DeviceError(self.problem.code, self.problem.details)
