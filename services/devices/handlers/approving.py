"""Devices that dial in and are not served: seen by agents, approved by callers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.devices.handlers.listing import Listing
from services.devices.handlers.registering import add, described
from services.devices.rules import admission
from services.devices.rules import devices as rules
from services.devices.store import devices, sites
from services.devices.store import pending as store
from shared.contracts import catalog, subjects
from shared.contracts.agents import Sighted, SightingNoted
from shared.contracts.devices import (
    ApproveDevice,
    Device,
    GetDevice,
    ListPending,
    PendingPage,
    RegisterDevice,
)
from shared.contracts.errors import Code, FieldProblem
from shared.contracts.readings import Hardware
from shared.kit import rpc
from shared.kit.db import transaction
from shared.kit.errors import MusterError

if TYPE_CHECKING:
    from services.devices.handlers.parts import Afterwards, Parts
    from services.devices.handlers.seals import Seals
    from shared.contracts.auth import Caller
    from shared.contracts.devices import PendingDevice
    from shared.kit.bus import Bus
    from shared.kit.db import AsyncConnection
    from shared.kit.rpc import Answers


class Approving:
    """Those who wait, and leave to come in."""

    def __init__(self, parts: Parts, seals: Seals, afterwards: Afterwards) -> None:
        self._parts = parts
        self._seals = seals
        self._afterwards = afterwards
        self._listing = Listing(parts)

    async def sighted(self, subject: str, said: Sighted) -> SightingNoted:
        """Note that a device waits for approval; one that is registered meanwhile does not."""
        site = subject.rsplit(".", 1)[1]
        serial = admission.serial_of(said.serial)
        if serial is None:
            problem = FieldProblem(field="serial", problem="no device that dials in has such a one")
            raise rules.invalid(problem)
        async with transaction(self._parts.engine, "note sighting") as connection:
            # Held, so that sightings never wait for each other's rows, nor miss a registration.
            owner = await sites.hold(connection, site)
            if owner is None:
                raise MusterError(Code.NOT_FOUND, f"There is no site {site}.")
            here = await _served_at(connection, owner, site, serial)
            body = admission.clipped(said.hardware)
            if here is None or not admission.same_body(_hardware(here), body):
                seen = store.Sighting(
                    site,
                    owner,
                    serial,
                    said.dialect,
                    "unknown" if here is None else "hardware_changed",
                    admission.clip(said.address),
                    admission.clip(said.path),
                    body,
                    self._parts.clock.now(),
                )
                await store.note(connection, seen)
                await store.forget_but(connection, site, admission.PENDING_LIMIT)
        return SightingNoted(serial=serial)

    async def page(self, request: ListPending, caller: Caller) -> PendingPage:
        """Return one page of those who wait at the caller's sites, newest first."""
        before = rules.offset(request.page, request.limit)
        async with transaction(self._parts.engine, "list pending") as connection:
            return await store.page(connection, caller.owner, request, before)

    async def approve(self, request: ApproveDevice, caller: Caller) -> Device:
        """Serve a device that waits, or accept its new body; NOT_FOUND when none waits."""
        serial = admission.serial_of(request.serial) or ""
        async with transaction(self._parts.engine, "approve device") as connection:
            seen = await store.newest(connection, caller.owner, serial)
            if seen is None:
                raise MusterError(Code.NOT_FOUND, "No terminal with this serial number waits.")
            device_id = await self._admit(connection, caller.owner, request, seen)
            await store.forget(connection, caller.owner, serial)
        await self._afterwards.added(seen.site, device_id)
        return await self._listing.get(GetDevice(device_id=device_id), caller)

    async def _admit(
        self,
        connection: AsyncConnection,
        owner: str,
        request: ApproveDevice,
        seen: PendingDevice,
    ) -> int:
        here = await _served_at(connection, owner, seen.site, seen.serial_number)
        if here is not None:
            await devices.bind(connection, here.id, seen.hardware.model_dump())
            return here.id
        site = await sites.of_owner(connection, owner, seen.site)
        if site is None:
            raise MusterError(Code.NOT_FOUND)
        wanted = RegisterDevice(
            name=request.name or admission.default_name(seen.hardware, seen.serial_number),
            location=request.location,
            serial_number=seen.serial_number,
            zone=request.zone,
            dialect=seen.dialect,
        )
        wanted = rules.checked(wanted, wanted.dialect)
        sealed = self._seals.sealed_comm_key(wanted.comm_key)
        new = described(wanted, site, sealed, None, self._parts.clock.now())
        return await add(connection, new._replace(hardware=seen.hardware.model_dump()))


async def _served_at(
    connection: AsyncConnection, owner: str, site: str, serial: str
) -> devices.Namesake | None:
    """Return the device that dials in to this site under a serial, or None."""
    found = await devices.namesake(connection, owner, serial)
    here = found is not None and found.site == site and found.dialect in admission.DIAL_IN
    return found if here else None


def _hardware(device: devices.Namesake) -> Hardware | None:
    return Hardware.model_validate(device.hardware) if device.hardware else None


def routes(approving: Approving, answers: Answers, bus: Bus) -> None:
    """Hear of devices that wait."""
    of_any_site = subjects.rpc_of_site("devices", "sighted", subjects.ANY)
    rpc.answer_at(bus, catalog.SIGHTED, of_any_site, Sighted, approving.sighted)
    answers.to_callers(catalog.LIST_PENDING, ListPending, approving.page)
    answers.to_callers(catalog.APPROVE_DEVICE, ApproveDevice, approving.approve)
