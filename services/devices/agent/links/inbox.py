"""Live events of one connection: punches for the agent, the rest for whoever awaits them."""

import asyncio
from collections.abc import Container

from services.devices.drivers.base import DeviceError
from services.devices.drivers.zk.messages import Event
from services.devices.drivers.zk.protocol.procedure import Heard
from shared.contracts.errors import Code


class Inbox:
    """What the device said unasked, until somebody takes it; it ends with the connection."""

    def __init__(self) -> None:
        self._punches: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._others: asyncio.Queue[Heard | None] = asyncio.Queue()
        self._reason: DeviceError | None = None

    @property
    def ended(self) -> bool:
        """Whether nothing more will come."""
        return self._reason is not None

    @property
    def reason(self) -> DeviceError:
        """Why nothing more will come; a fresh one each time, for each raise leaves its marks."""
        if self._reason is None:
            return DeviceError(Code.DEVICE_UNREACHABLE, "The device is not connected.")
        return DeviceError(self._reason.code, self._reason.details)

    def put(self, heard: Heard) -> None:
        """Take an event in."""
        if heard.code == Event.PUNCH:
            self._punches.put_nowait(heard.body)
        else:
            self._others.put_nowait(heard)

    def end(self, reason: DeviceError) -> None:
        """Let everybody who waits know that nothing more will come; the first reason is kept."""
        if self._reason is None:
            self._reason = reason
            self._punches.put_nowait(None)
            self._others.put_nowait(None)

    async def punch(self) -> bytes:
        """Return the body of the next punch; raise the reason once there are no more."""
        body = await self._punches.get()
        if body is None:
            self._punches.put_nowait(None)  # for whoever asks again
            raise self.reason
        return body

    async def other(self, codes: Container[int]) -> Heard:
        """Return the next event of one of these codes, and drop those that come before it."""
        while True:
            heard = await self._others.get()
            if heard is None:
                self._others.put_nowait(None)
                raise self.reason
            if heard.code in codes:
                return heard

    def drop_others(self) -> None:
        """Forget what nobody awaited."""
        while not self.ended and not self._others.empty():
            self._others.get_nowait()
