"""Devices: registered, listed, given to agents, and heard of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from services.devices import rules
from services.devices.store import devices as store
from services.devices.store import sites
from shared.contracts import catalog, subjects
from shared.contracts.devices import (
    AskRoster,
    Device,
    DevicePage,
    DevicePresence,
    GetDevice,
    ListDevices,
    Presence,
    Probe,
    Probed,
    RegisterDevice,
    Roster,
    RosterDevice,
)
from shared.contracts.errors import Code, FieldProblem, Problem
from shared.kit import rpc
from shared.kit.db import transaction
from shared.kit.errors import MusterError
from shared.kit.logging import get_logger

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime

    from cryptography.fernet import Fernet

    from services.devices.settings import Site
    from shared.contracts.auth import Caller
    from shared.kit.bus import Bus
    from shared.kit.clock import Clock
    from shared.kit.db import AsyncConnection, AsyncEngine

log = get_logger(__name__)

PROBE_SECONDS: Final = 9.5
"""Longer than an agent gives a device to answer (7 s) and the link to close (2 s)."""


class Parts(NamedTuple):
    """What every handler of the registry works with."""

    bus: Bus
    engine: AsyncEngine
    clock: Clock


class Registry:
    """The devices of every owner, each seen by its own owner only."""

    def __init__(
        self, parts: Parts, seal: Fernet, added: Callable[[str, int], Awaitable[None]]
    ) -> None:
        self._bus, self._engine, self._clock = parts
        self._seal = seal
        self._added = added

    async def register(self, request: RegisterDevice, caller: Caller) -> Device:
        """Check, reach, then store; nothing is stored of a device that was not reached."""
        request = rules.checked(request)
        async with transaction(self._engine, "check device") as connection:
            site = await self._free(connection, request, caller.owner)
        serial = await self._probe(request, site.id)
        new = self._new(request, site, serial)
        async with transaction(self._engine, "add device") as connection:
            device_id = await self._add(connection, new)
        await self._added(site.id, device_id)
        return await self.get(GetDevice(device_id=device_id), caller)

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

    async def _probe(self, request: RegisterDevice, site: str) -> str | None:
        probe = Probe(
            host=request.ip, port=request.port, comm_key=request.comm_key, dialect=request.dialect
        )
        where = subjects.control(site, subjects.NEW_DEVICE, "probe")
        try:
            probed = await rpc.ask(
                self._bus, catalog.PROBE, probe, Probed, subject=where, seconds=PROBE_SECONDS
            )
        except MusterError as error:
            raise rules.probe_error(error.problem) from error
        return rules.serial_of(probed.serial)

    def _new(self, request: RegisterDevice, site: Site, serial: str | None) -> store.NewDevice:
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
            comm_key=self._seal.encrypt(str(request.comm_key).encode()).decode(),
            created_at=self._clock.now(),
        )

    @staticmethod
    async def _add(connection: AsyncConnection, new: store.NewDevice) -> int:
        serials = {new.serial_number, new.device_serial or new.serial_number} - {""}
        if serials and await store.serial_taken(connection, new.owner, *serials):
            raise MusterError(Code.SERIAL_TAKEN)
        device_id = await store.add(connection, new)
        if device_id is None:
            # Another request was faster: its row is committed, so it can be seen from here.
            taken = await store.ip_taken(connection, new.owner, new.site, new.ip)
            raise MusterError(Code.IP_TAKEN if taken else Code.SERIAL_TAKEN)
        return device_id

    async def get(self, request: GetDevice, caller: Caller) -> Device:
        """Return one device."""
        async with transaction(self._engine, "get device") as connection:
            found = await store.one(connection, caller.owner, request.device_id, self._fresh())
        if found is None:
            raise MusterError(Code.NOT_FOUND)
        return found

    async def list(self, request: ListDevices, caller: Caller) -> DevicePage:
        """Return one page of devices."""
        before = rules.offset(request.page, request.limit)
        async with transaction(self._engine, "list devices") as connection:
            return await store.page(connection, caller.owner, request, before, self._fresh())

    def _fresh(self) -> datetime:
        return self._clock.now() - rules.CONNECTED

    async def roster(self, subject: str, _: AskRoster) -> Roster:
        """Return a site's devices with their comm keys; the broker lets its agents ask only."""
        site = subject.rsplit(".", 1)[1]
        async with transaction(self._engine, "roster") as connection:
            owner = await sites.owner_of(connection, site)
            rows = await store.roster(connection, site)
        if owner is None:
            raise MusterError(Code.NOT_FOUND, f"There is no site {site}.")
        return Roster(owner=owner, devices=tuple(self._opened(row) for row in rows))

    def _opened(self, row: store.RosterRow) -> RosterDevice:
        comm_key = int(self._seal.decrypt(row.comm_key))
        return RosterDevice.model_validate({**row._asdict(), "comm_key": comm_key})

    async def presence(self, subject: str, said: Presence) -> None:
        """Keep what an agent says of its devices, unless it speaks for a site not its own."""
        async with transaction(self._engine, "presence") as connection:
            owner = await sites.owner_of(connection, said.site)
            if owner != said.owner or subject != subjects.presence(said.site, said.agent):
                log.error("presence refused: not of this site", subject=subject, site=said.site)
                return
            pinned = await store.pinned_serials(connection, said.site)
            now = self._clock.now()
            rows = [
                store.Heard(
                    each.device_id,
                    said.owner,
                    said.agent,
                    each.connected,
                    await _problem(connection, each, pinned[each.device_id]),
                    now,
                )
                for each in said.devices
                if each.device_id in pinned
            ]
            await store.heard(connection, rows)


async def _problem(
    connection: AsyncConnection, said: DevicePresence, pinned: str | None
) -> Problem | None:
    serial = rules.serial_of(said.serial)
    if serial is None or serial == pinned:
        return said.problem
    if pinned is not None:
        return rules.exchanged(pinned, serial)
    if await store.pin_serial(connection, said.device_id, serial):
        return said.problem
    return MusterError(Code.SERIAL_TAKEN).problem


def routes(registry: Registry, answers: rpc.Answers, bus: Bus) -> None:
    """Hear what concerns devices."""
    answers.to_callers(catalog.REGISTER_DEVICE, RegisterDevice, registry.register)
    answers.to_callers(catalog.LIST_DEVICES, ListDevices, registry.list)
    answers.to_callers(catalog.GET_DEVICE, GetDevice, registry.get)
    of_any_site = subjects.rpc_of_site("devices", "roster", subjects.ANY)
    rpc.answer_at(bus, catalog.ROSTER, of_any_site, AskRoster, registry.roster)
    of_any_agent = subjects.presence(subjects.ANY, subjects.ANY)
    bus.on_message(of_any_agent, Presence, registry.presence)
