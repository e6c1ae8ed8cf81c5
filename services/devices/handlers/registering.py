"""Devices are registered: checked, reached unless they dial in, then stored, in this order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.devices.handlers.listing import Listing
from services.devices.handlers.probing import reach
from services.devices.rules import admission
from services.devices.rules import devices as rules
from services.devices.store import devices as store
from services.devices.store import pending, sites
from shared.contracts import catalog
from shared.contracts.agents import Probe
from shared.contracts.devices import Device, GetDevice, RegisterDevice
from shared.contracts.errors import Code, FieldProblem
from shared.kit.db import transaction
from shared.kit.errors import MusterError

if TYPE_CHECKING:
    from datetime import datetime

    from services.devices.handlers.parts import Afterwards, Parts
    from services.devices.handlers.seals import Seals
    from services.devices.settings import Site
    from shared.contracts.auth import Caller
    from shared.kit.db import AsyncConnection
    from shared.kit.rpc import Answers


class Registering:
    """Takes devices in."""

    def __init__(self, parts: Parts, seals: Seals, afterwards: Afterwards) -> None:
        self._parts = parts
        self._seals = seals
        self._afterwards = afterwards
        self._listing = Listing(parts)

    async def register(self, request: RegisterDevice, caller: Caller) -> Device:
        """Check, reach, then store; nothing is stored of a device that was not reached.

        One that dials in is not reached: it is waited for, and for approval it waits no longer.
        """
        request = rules.checked(request, request.dialect)
        async with transaction(self._parts.engine, "check device") as connection:
            site = await self._free(connection, request, caller.owner)
        reported = await self._reported(request, site)
        sealed = self._seals.sealed_comm_key(request.comm_key)
        new = described(request, site, sealed, reported, self._parts.clock.now())
        async with transaction(self._parts.engine, "add device") as connection:
            device_id = await add(connection, new)
            if request.dialect in admission.DIAL_IN:
                await pending.forget(connection, new.owner, new.serial_number)
        await self._afterwards.added(site.id, device_id)
        return await self._listing.get(GetDevice(device_id=device_id), caller)

    async def _free(self, connection: AsyncConnection, request: RegisterDevice, owner: str) -> Site:
        site = await sites.of_owner(connection, owner, request.site)
        if site is None:
            raise rules.invalid(FieldProblem(field="site", problem="must be a site of yours"))
        if await store.ip_taken(connection, owner, site.id, request.ip):
            raise MusterError(Code.IP_TAKEN)
        registered = request.serial_number
        if registered and await store.serial_taken(connection, owner, registered):
            raise MusterError(Code.SERIAL_TAKEN)
        return site

    async def _reported(self, request: RegisterDevice, site: Site) -> str | None:
        if request.dialect in admission.DIAL_IN:
            return None
        probe = Probe.model_validate({**request.model_dump(), "host": request.ip})
        return await reach(self._parts.bus, site.id, probe)


def described(
    request: RegisterDevice, site: Site, comm_key: str, serial: str | None, at: datetime
) -> store.NewDevice:
    """Return a device as it is stored; ``comm_key`` is sealed, ``serial`` what it reported."""
    return store.NewDevice(
        owner=site.owner,
        site=site.id,
        name=request.name,
        ip=request.ip,
        port=request.port,
        location=request.location,
        serial_number=request.serial_number or serial or "",
        device_serial=serial,
        dialect=request.dialect,
        zone=request.zone or site.zone,
        comm_key=comm_key,
        wire=request.model_dump(include=set(rules.WIRE)),
        hardware=None,
        created_at=at,
    )


async def add(connection: AsyncConnection, new: store.NewDevice) -> int:
    """Store a device and return its id; raise SERIAL_TAKEN or IP_TAKEN."""
    serials = {new.serial_number, new.device_serial or new.serial_number} - {""}
    if serials and await store.serial_taken(connection, new.owner, *serials):
        raise MusterError(Code.SERIAL_TAKEN)
    device_id = await store.add(connection, new)
    if device_id is None:
        # Another request was faster: its row is committed, so it can be seen from here.
        taken = await store.ip_taken(connection, new.owner, new.site, new.ip)
        raise MusterError(Code.IP_TAKEN if taken else Code.SERIAL_TAKEN)
    return device_id


def routes(registering: Registering, answers: Answers) -> None:
    """Hear of devices to take in."""
    answers.to_callers(catalog.REGISTER_DEVICE, RegisterDevice, registering.register)
