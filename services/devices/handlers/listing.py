"""Devices as callers see them: each owner their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.devices.rules import devices as rules
from services.devices.store import listing as store
from shared.contracts import catalog
from shared.contracts.devices import Device, DevicePage, FindDevice, GetDevice, ListDevices
from shared.contracts.errors import Code
from shared.kit.db import transaction
from shared.kit.errors import MusterError

if TYPE_CHECKING:
    from datetime import datetime

    from services.devices.handlers.parts import Parts
    from shared.contracts.auth import Caller
    from shared.kit.db import AsyncConnection
    from shared.kit.rpc import Answers


class Listing:
    """The devices of every owner, to look at."""

    def __init__(self, parts: Parts) -> None:
        self._engine = parts.engine
        self._clock = parts.clock

    async def get(self, request: GetDevice, caller: Caller) -> Device:
        """Return one device."""
        async with transaction(self._engine, "get device") as connection:
            return await self.one(connection, caller.owner, request.device_id)

    async def find(self, request: FindDevice, caller: Caller) -> Device:
        """Return the device of a serial, registered or reported, in whatever case."""
        serial = rules.serial_of(request.serial)
        if serial is None:
            raise MusterError(Code.NOT_FOUND)
        async with transaction(self._engine, "find device") as connection:
            found = await store.find(connection, caller.owner, serial, self._fresh())
        if found is None:
            raise MusterError(Code.NOT_FOUND)
        return found

    async def one(self, connection: AsyncConnection, owner: str, device_id: int) -> Device:
        """Return an owner's device; raise NOT_FOUND when there is no such one."""
        found = await store.one(connection, owner, device_id, self._fresh())
        if found is None:
            raise MusterError(Code.NOT_FOUND)
        return found

    async def page(self, request: ListDevices, caller: Caller) -> DevicePage:
        """Return one page of devices."""
        before = rules.offset(request.page, request.limit)
        async with transaction(self._engine, "list devices") as connection:
            return await store.page(connection, caller.owner, request, before, self._fresh())

    def _fresh(self) -> datetime:
        return self._clock.now() - rules.CONNECTED


def routes(listing: Listing, answers: Answers) -> None:
    """Hear what concerns devices that are there."""
    answers.to_callers(catalog.LIST_DEVICES, ListDevices, listing.page)
    answers.to_callers(catalog.GET_DEVICE, GetDevice, listing.get)
    answers.to_callers(catalog.FIND_DEVICE, FindDevice, listing.find)
