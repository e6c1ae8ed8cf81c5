"""Devices are changed, and let go."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from services.devices.handlers.listing import Listing
from services.devices.handlers.probing import reach
from services.devices.rules import admission
from services.devices.rules import devices as rules
from services.devices.store import devices as store
from services.devices.store import pending, people, progress
from shared.contracts import catalog
from shared.contracts.agents import Probe, Wire
from shared.contracts.devices import ChangeDevice, Device, GetDevice, RemoveDevice
from shared.contracts.errors import Code
from shared.kit.db import transaction
from shared.kit.errors import MusterError

if TYPE_CHECKING:
    from services.devices.handlers.parts import Afterwards, Parts
    from services.devices.handlers.seals import Seals
    from shared.contracts.auth import Caller
    from shared.kit.db import AsyncConnection
    from shared.kit.rpc import Answers


class Changing:
    """Changes devices that are there."""

    def __init__(self, parts: Parts, seals: Seals, afterwards: Afterwards) -> None:
        self._parts = parts
        self._seals = seals
        self._afterwards = afterwards
        self._listing = Listing(parts)

    async def change(self, request: ChangeDevice, caller: Caller) -> Device:
        """Check, reach if it is to be reached in another way, then store."""
        async with transaction(self._parts.engine, "check change") as connection:
            known = await self._known(connection, caller.owner, request.device_id)
            request = rules.checked(request, known["dialect"])
            changed = rules.changes(known, request)
            rules.same_device(known, changed)
            await _free(connection, known, changed)
        if rules.must_be_reached(changed):
            changed |= await self._reached({**known, **changed})
        if changed:
            async with transaction(self._parts.engine, "change device") as connection:
                await self._change(connection, known, changed)
            await self._afterwards.roster_changed(known["site"])
            await self._afterwards.people_changed(caller.owner)
        return await self._listing.get(GetDevice(device_id=request.device_id), caller)

    async def _known(
        self, connection: AsyncConnection, owner: str, device_id: int
    ) -> dict[str, Any]:
        """Return every field of a device, its comm key opened."""
        found = await store.fields(connection, owner, device_id)
        if found is None:
            raise MusterError(Code.NOT_FOUND)
        wire = Wire.model_validate(found["wire"]).model_dump()
        return {**found, **wire, "comm_key": self._seals.comm_key(found["comm_key"])}

    async def _reached(self, wanted: dict[str, Any]) -> dict[str, Any]:
        """Return what a device's first contact tells of it; raise unless it is still the same."""
        probe = Probe.model_validate({**wanted, "host": wanted["ip"]})
        serial = await reach(self._parts.bus, wanted["site"], probe)
        problem = rules.exchanged(wanted["device_serial"], serial)
        if problem is not None:
            raise MusterError.of(problem)
        if serial is None or wanted["device_serial"] is not None:
            return {}
        return {"device_serial": serial, "serial_number": wanted["serial_number"] or serial}

    async def _change(
        self, connection: AsyncConnection, known: dict[str, Any], changed: dict[str, Any]
    ) -> None:
        if await store.lock(connection, known["owner"], known["id"]) is None:
            raise MusterError(Code.NOT_FOUND)
        await _free(connection, known, changed)
        wire = {name: value for name, value in changed.items() if name in rules.WIRE}
        values = {name: value for name, value in changed.items() if name not in rules.WIRE}
        if "comm_key" in values:
            values["comm_key"] = self._seals.sealed_comm_key(values["comm_key"])
        if not await store.change(connection, known["id"], values, wire):
            # Another request was faster: its row is committed, so it can be seen from here.
            await _free(connection, known, changed)
            raise MusterError(Code.SERIAL_TAKEN)
        if known["dialect"] in admission.DIAL_IN and "serial_number" in values:
            await pending.forget(connection, known["owner"], values["serial_number"])
        # Lists of people show their device's serial.
        await people.raise_version(connection, known["owner"])

    async def remove(self, request: RemoveDevice, caller: Caller) -> Device:
        """Let go of a device; what waits for it is canceled, its people and templates go, too."""
        now = self._parts.clock.now()
        ending = progress.Ending("canceled", rules.let_go(), now)
        async with transaction(self._parts.engine, "remove device") as connection:
            await store.lock(connection, caller.owner, request.device_id)
            device = await self._listing.one(connection, caller.owner, request.device_id)
            await progress.abandon(connection, device.site, device.id, ending)
            await store.remove(connection, device.id, now)
            await people.raise_version(connection, caller.owner)
        await self._afterwards.removed(device.site, device.id)
        await self._afterwards.people_changed(caller.owner)
        gone = {"status": "removed", "is_connected": False, "problem": None}
        return device.model_copy(update=gone)


async def _free(
    connection: AsyncConnection, known: dict[str, Any], changed: dict[str, Any]
) -> None:
    owner, device_id = known["owner"], known["id"]
    ip = changed.get("ip")
    if ip and await store.ip_taken(connection, owner, known["site"], ip, but=device_id):
        raise MusterError(Code.IP_TAKEN)
    serials = {changed.get("serial_number", ""), changed.get("device_serial", "")} - {""}
    if serials and await store.serial_taken(connection, owner, *serials, but=device_id):
        raise MusterError(Code.SERIAL_TAKEN)


def routes(changing: Changing, answers: Answers) -> None:
    """Hear of devices to change or let go."""
    answers.to_callers(catalog.CHANGE_DEVICE, ChangeDevice, changing.change)
    answers.to_callers(catalog.REMOVE_DEVICE, RemoveDevice, changing.remove)
