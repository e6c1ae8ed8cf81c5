"""Agents: told their site's devices, and heard of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.devices.rules import admission
from services.devices.rules import devices as rules
from services.devices.store import paths, sites
from services.devices.store import presence as store
from shared.contracts import catalog, subjects
from shared.contracts.agents import AskRoster, Roster, RosterDevice
from shared.contracts.errors import Code
from shared.contracts.readings import Hardware, Presence
from shared.kit import rpc
from shared.kit.db import transaction
from shared.kit.errors import MusterError
from shared.kit.logging import get_logger

if TYPE_CHECKING:
    from services.devices.handlers.parts import Parts
    from services.devices.handlers.seals import Seals
    from shared.contracts.errors import Problem
    from shared.contracts.readings import DevicePresence
    from shared.kit.bus import Bus
    from shared.kit.db import AsyncConnection

log = get_logger(__name__)


class Agents:
    """The agents of every site."""

    def __init__(self, parts: Parts, seals: Seals) -> None:
        self._engine = parts.engine
        self._clock = parts.clock
        self._seals = seals

    async def roster(self, subject: str, _: AskRoster) -> Roster:
        """Return a site's devices with their comm keys; the broker lets its agents ask only."""
        site = subject.rsplit(".", 1)[1]
        async with transaction(self._engine, "roster") as connection:
            owner = await sites.owner_of(connection, site)
            rows = await store.roster(connection, site)
            good = await paths.good_of_site(connection, site, self._clock.now())
        if owner is None:
            raise MusterError(Code.NOT_FOUND, f"There is no site {site}.")
        devices = tuple(self._opened(row, good.get(row.device_id, ())) for row in rows)
        return Roster(owner=owner, devices=devices)

    def _opened(self, row: store.RosterRow, digests: tuple[str, ...]) -> RosterDevice:
        opened = {"comm_key": self._seals.comm_key(row.comm_key), "path_digests": digests}
        return RosterDevice.model_validate({**row._asdict(), **row.wire, **opened})

    async def presence(self, subject: str, said: Presence) -> None:
        """Keep what an agent says of its devices, unless it speaks for a site not its own."""
        async with transaction(self._engine, "presence") as connection:
            owner = await sites.owner_of(connection, said.site)
            if owner != said.owner or subject != subjects.presence(said.site, said.agent):
                log.error("presence refused: not of this site", subject=subject, site=said.site)
                return
            known = await store.known(connection, said.site)
            now = self._clock.now()
            # Always in the same order, so that two replicas never wait for each other.
            told = sorted((each for each in said.devices if each.device_id in known), key=_id)
            news = [_news(each, known[each.device_id]) for each in told]
            await store.keep_told(connection, [each for each in news if each is not None])
            rows = [
                store.Heard(
                    each.device_id,
                    said.owner,
                    said.agent,
                    each.connected,
                    await _problem(connection, each, known[each.device_id]),
                    now,
                )
                for each in told
            ]
            await store.heard(connection, said.site, rows, now)


def _news(said: DevicePresence, known: store.Known) -> store.Told | None:
    """Return what is to be kept of what a device that dials in told; None when all of it is."""
    hardware = said.hardware.model_dump() if said.hardware else known.hardware
    address = admission.clip(said.address) if said.address else known.address
    # Most of the time nothing is new, and there are thousands of devices.
    if said.hardware and hardware != known.hardware:
        kept = Hardware.model_validate(known.hardware) if known.hardware else None
        hardware = admission.to_keep(kept, admission.clipped(said.hardware)).model_dump()
    if (hardware, address) == (known.hardware, known.address):
        return None
    return store.Told(said.device_id, hardware, address)


async def _problem(
    connection: AsyncConnection, said: DevicePresence, known: store.Known
) -> Problem | None:
    if known.dialect in admission.DIAL_IN:
        # It was let in by its serial: there is nothing else that it could have reported.
        return said.problem
    serial, pinned = rules.serial_of(said.serial), known.device_serial
    if serial is None or serial == pinned:
        return said.problem
    if pinned is not None:
        return rules.exchanged(pinned, serial)
    if await store.pin_serial(connection, said.device_id, serial):
        return said.problem
    return MusterError(Code.SERIAL_TAKEN).problem


def _id(said: DevicePresence) -> int:
    return said.device_id


def routes(agents: Agents, bus: Bus) -> None:
    """Hear agents."""
    of_any_site = subjects.rpc_of_site("devices", "roster", subjects.ANY)
    rpc.answer_at(bus, catalog.ROSTER, of_any_site, AskRoster, agents.roster)
    of_any_agent = subjects.presence(subjects.ANY, subjects.ANY)
    bus.on_message(of_any_agent, Presence, agents.presence)
