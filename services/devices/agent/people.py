"""Who a device holds: read from it, remembered by slot, handed to the registry."""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final, NamedTuple

from services.devices.agent.line import Line
from services.devices.agent.outgoing import Surroundings, keep_unknown, raise_alarm
from services.devices.agent.registry import unheard
from services.devices.drivers.base import DecodeError, PersonEntry
from shared.contracts.actions import Said
from shared.contracts.agents import RosterDevice
from shared.kit.errors import MusterError
from shared.kit.logging import get_logger

log = get_logger(__name__)

_AGAIN_SECONDS: Final = 30.0
_NOBODY: Final[Mapping[int, str]] = MappingProxyType({})


class Everybody(NamedTuple):
    """All people of a device, as they were read together."""

    people: tuple[PersonEntry, ...]
    read_at: datetime
    said: Said = None
    """The device's own answer."""


class People:
    """The people of one device."""

    def __init__(self, device: RosterDevice, around: Surroundings, line: Line) -> None:
        self._device = device
        self._around = around
        self._line = line
        self._news: asyncio.Queue[Everybody] = asyncio.Queue(maxsize=1)
        self.slots = _NOBODY
        """User ids by slot, for records so narrow that they name the slot only."""

    def forget(self) -> None:
        """Forget who is in which slot, because that changes now."""
        self.slots = _NOBODY

    async def read(self) -> Everybody:
        """Read who is on the device; raise DeviceError."""
        try:
            async with self._line.turn() as link:
                people = await link.people()
                everybody = Everybody(people, self._around.clock.now(), link.said)
        except DecodeError as error:
            unknown, kept = await keep_unknown(self._around, "The list of people", error)
            raise_alarm(self._around, self._device, unknown, kept)
            raise unknown from error
        self.slots = {each.uid: each.user_id for each in everybody.people if each.uid is not None}
        return everybody

    def announce(self, everybody: Everybody) -> None:
        """Hand people to the registry when it can take them; older news give way to newer."""
        if self._news.full():
            self._news.get_nowait()
        self._news.put_nowait(everybody)

    async def keep_announced(self) -> None:
        """Bring to the registry what is announced, for ever."""
        while True:
            everybody = await self._news.get()
            try:
                await self._around.registry.deposit_people(
                    self._device.device_id, everybody.people, everybody.read_at, unheard
                )
            except MusterError as error:
                log.warning("people not deposited now", error=str(error))
                await asyncio.sleep(_AGAIN_SECONDS)
                if self._news.empty():
                    self._news.put_nowait(everybody)
