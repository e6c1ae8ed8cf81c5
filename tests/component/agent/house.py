"""A site around a real agent: its devices on the roster, and what is ordered of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from services.devices.agent.links.reception.reception import Reception
from services.devices.agent.settings import AgentSettings
from services.devices.simulators.fleet import Fleet
from services.devices.simulators.spec import DeviceSpec
from shared.contracts import streams, subjects
from shared.contracts.agents import (
    DepositPeople,
    Dialect,
    RosterChanged,
    RosterDevice,
)
from shared.contracts.readings import Alarm, PunchRecord
from shared.kit import consumers
from shared.kit.service import Service
from tests.component.agent.device import CLOCK, Device, eventually
from tests.component.agent.scripted import Script, Scripts
from tests.component.agent.standins import SITE, Attendance, Registry
from tests.component.agent.terminals import Dialler, Terminal


@dataclass(repr=False)  # asyncio would spell all of it out, again and again
class House:
    """Everything around the agent, and the agent."""

    registry: Registry
    attendance: Attendance
    settings: AgentSettings
    directory: Path
    scripts: Scripts = field(default_factory=Scripts)
    fleets: list[Fleet] = field(default_factory=list)
    devices: int = 0
    agent: Service = field(init=False)
    reception: Reception = field(init=False)

    def files(self, room: str) -> list[Path]:
        """What lies in a directory of the agent's."""
        return sorted((self.settings.data_dir / "agents" / self.settings.agent / room).iterdir())

    async def terminal(self, **spec: object) -> Terminal:
        """Put a terminal on the wall and on the roster."""
        self.devices += 1
        described = DeviceSpec.model_validate(
            {"serial": f"SIM{self.devices}", "port": 0, "key": None, "zone": "Asia/Jakarta", **spec}
        )
        fleet = Fleet([described], self.directory, CLOCK.now)
        await fleet.start()
        self.fleets.append(fleet)
        server = fleet.servers[described.serial]
        return Terminal(
            self, self.devices, "127.0.0.1", server.port, described.serial, server=server
        )

    async def dialler(self, **spec: object) -> Dialler:
        """Put a terminal on the wall that dials in, and on no roster yet."""
        self.devices += 1
        server = f"ws://127.0.0.1:{self.reception.port}"
        values = {"serial": f"ZXSIM{self.devices:06}", "dialect": "timmy", "server": server}
        described = DeviceSpec.model_validate(
            {**values, "zone": "Asia/Jakarta", "heartbeat": 0.2, **spec}
        )
        fleet = Fleet([described], self.directory, CLOCK.now)
        await fleet.start()
        self.fleets.append(fleet)
        terminal = fleet.terminals[described.serial]
        return Dialler(self, self.devices, "", 0, described.serial, "timmy", terminal=terminal)

    def records_of(self, serial: str) -> list[PunchRecord]:
        """Every record of one device that attendance heard of, also twice."""
        heard = self.attendance.batches
        return [record for batch in heard if batch.serial == serial for record in batch.records]

    def alarms_of(self, device: Device) -> list[Alarm]:
        """What the agent alarmed about one device."""
        return [each for each in self.registry.alarms if each.device_id == device.device_id]

    def people_of(self, device: Device) -> list[DepositPeople]:
        """The people of one device that the agent handed over."""
        return [each for each in self.registry.people if each.device_id == device.device_id]

    def scripted(self, dialect: Dialect = "zk") -> tuple[Device, Script]:
        """Put a device on the roster that does as it is told."""
        self.devices += 1
        host, script = self.scripts.add()
        return Device(self, self.devices, host, 4370, script.serial, dialect), script

    async def enter(self, device: RosterDevice) -> None:
        """Put a device on the roster."""
        consumer = streams.device_consumer(SITE, device.device_id)
        await consumers.ensure(self.registry.bus, streams.operation_stream(SITE), consumer)
        self.registry.devices[device.device_id] = device
        await self._roster_changed()

    async def leave(self) -> None:
        """Take every device off the roster and off the wall."""
        self.registry.devices.clear()
        self.registry.away.clear()
        self.attendance.before_receipt = lambda _: True
        asked = self.registry.rosters
        await self._roster_changed()
        while self.fleets:
            self.fleets.pop().stop()
        await eventually(lambda: self.registry.rosters > asked)

    async def _roster_changed(self) -> None:
        await self.registry.bus.say(subjects.roster_changed(SITE), RosterChanged(site=SITE))
