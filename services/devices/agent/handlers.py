"""What an agent hears: receipts, news of the roster, and requests that cannot wait."""

from typing import Final

from services.devices.agent.outgoing import Surroundings
from services.devices.agent.permits import Permits
from services.devices.agent.supervisor import Supervisor
from services.devices.drivers.base import DeviceError
from shared.contracts import catalog, subjects
from shared.contracts.agents import (
    AskPermit,
    Permit,
    Probe,
    Probed,
    RosterChanged,
    RosterDevice,
    Unlock,
    Unlocked,
)
from shared.contracts.attendance import Receipt
from shared.contracts.errors import Code
from shared.kit.bus import Bus
from shared.kit.errors import MusterError
from shared.kit.rpc import answer_at

_NOBODY: Final = "0" * 24


class Handlers:
    """An agent's ears."""

    def __init__(self, supervisor: Supervisor, permits: Permits, around: Surroundings) -> None:
        self._supervisor = supervisor
        self._permits = permits
        self._around = around

    async def receipt(self, _: str, receipt: Receipt) -> None:
        """Attendance has committed a batch."""
        await self._supervisor.receipted(receipt)

    async def roster_changed(self, _: str, __: RosterChanged) -> None:
        """The registry has a new list of devices."""
        self._supervisor.roster_changed()

    async def probe(self, _: str, probe: Probe) -> Probed:
        """Connect to a device that is not registered yet, and let go of it again.

        NOT_SUPPORTED for one that dials in: it is waited for, and seen when it does.
        """
        if self._around.drivers[probe.dialect].hands_over:
            raise MusterError(Code.NOT_SUPPORTED, "A device that dials in cannot be tried.")
        device = RosterDevice(
            **probe.model_dump(), device_id=0, owner=_NOBODY, zone="UTC", epoch=0, serial=""
        )
        link = self._around.open_link(device, self._around.clock)
        try:
            greeting = await link.open()
        except DeviceError as error:
            raise MusterError(error.code, error.details) from error
        finally:
            await link.close()
        return Probed(serial=greeting.serial, firmware=greeting.firmware)

    async def permit(self, _: str, request: AskPermit) -> Permit:
        """Issue leave to unlock once; its time runs from now, on this machine's clock."""
        connection = self._supervisor.connection(request.device_id)
        if connection is None:
            raise MusterError(Code.NO_AGENT, "No agent of this site holds the device.")
        if not connection.line.is_up:
            problem = connection.line.problem
            raise MusterError.of(problem) if problem else MusterError(Code.DEVICE_UNREACHABLE)
        return Permit(permit_id=self._permits.issue(request.device_id))

    async def unlock(self, _: str, request: Unlock) -> Unlocked:
        """Unlock under a permit, or not at all."""
        deadline = self._permits.use(request.permit_id, request.device_id)
        connection = self._supervisor.connection(request.device_id)
        if deadline is None or connection is None:
            raise MusterError(Code.UNLOCK_EXPIRED)
        try:
            await connection.line.unlock(request.seconds, deadline)
        except DeviceError as error:
            raise MusterError(error.code, error.details) from error
        return Unlocked(at=self._around.clock.now())


def attach(bus: Bus, handlers: Handlers, site: str, journal: str) -> None:
    """Connect the ears to the bus."""
    bus.on_message(subjects.receipt(site, journal), Receipt, handlers.receipt)
    bus.on_message(subjects.roster_changed(site), RosterChanged, handlers.roster_changed)
    new = subjects.control(site, subjects.NEW_DEVICE, "probe")
    answer_at(bus, catalog.PROBE, new, Probe, handlers.probe)
    permit = subjects.control(site, subjects.ANY, "permit")
    answer_at(bus, catalog.PERMIT, permit, AskPermit, handlers.permit)
    unlock = subjects.control(site, subjects.ANY, "unlock")
    answer_at(bus, catalog.UNLOCK, unlock, Unlock, handlers.unlock)
