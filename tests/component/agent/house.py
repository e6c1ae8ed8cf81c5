"""A site around a real agent: its devices on the roster, and what is ordered of them."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TypeVar
from uuid import UUID

from services.devices.agent.settings import AgentSettings
from services.devices.simulators.fleet import Fleet
from services.devices.simulators.spec import DeviceSpec
from services.devices.simulators.zk.server import ZkServer
from shared.contracts import streams, subjects
from shared.contracts.actions import Action
from shared.contracts.agents import (
    DepositPeople,
    RosterChanged,
    RosterDevice,
    Started,
)
from shared.contracts.identity import punch_id
from shared.contracts.operations import Operation, OperationKind, Outcome
from shared.contracts.readings import Alarm, DevicePresence, PunchRecord
from shared.kit import consumers
from shared.kit.clock import SystemClock, new_id
from shared.kit.errors import MusterError
from tests.component.agent.scripted import Script, Scripts
from tests.component.agent.standins import SITE, Attendance, Registry
from tests.conftest import OWNER

SECONDS = 20.0
CLOCK = SystemClock()
T = TypeVar("T")


async def eventually(seen: Callable[[], T | None], seconds: float = SECONDS) -> T:
    """Return what is seen as soon as it is anything; fail when that takes too long."""
    async with asyncio.timeout(seconds):
        while not (found := seen()):
            await asyncio.sleep(0.01)
    return found


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
        return Terminal(self, self.devices, "127.0.0.1", server.port, described.serial, server)

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

    def scripted(self) -> tuple[Device, Script]:
        """Put a device on the roster that does as it is told."""
        self.devices += 1
        host, script = self.scripts.add()
        return Device(self, self.devices, host, 4370, script.serial), script

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
        await self._roster_changed()
        while self.fleets:
            self.fleets.pop().stop()
        await eventually(lambda: not self.presence_of_anything())

    async def _roster_changed(self) -> None:
        await self.registry.bus.say(subjects.roster_changed(SITE), RosterChanged(site=SITE))

    def presence_of_anything(self) -> tuple[DevicePresence, ...]:
        """What the agent said last of its devices."""
        said = self.registry.presences
        return said[-1].devices if said else ()


@dataclass
class Device:
    """One device of the house, as the registry knows it."""

    house: House
    device_id: int
    host: str
    port: int
    serial: str

    def device(self, **wire: object) -> RosterDevice:
        """As it stands on the roster."""
        values = {
            "device_id": self.device_id,
            "owner": OWNER,
            "dialect": "zk",
            "host": self.host,
            "port": self.port,
            "comm_key": 0,
            "zone": "Asia/Jakarta",
            "epoch": 0,
            "serial": self.serial,
            **wire,
        }
        return RosterDevice.model_validate(values)

    async def join(self, **wire: object) -> None:
        """Put it on the roster and wait until the agent is connected."""
        await self.house.enter(self.device(**wire))
        await self.until(lambda presence: presence.connected)

    @property
    def presence(self) -> DevicePresence | None:
        """What the agent said of it last."""
        everything = self.house.presence_of_anything()
        return next((each for each in everything if each.device_id == self.device_id), None)

    async def until(self, seen: Callable[[DevicePresence], bool]) -> DevicePresence:
        """Wait until the agent says something of it."""

        def look() -> DevicePresence | None:
            presence = self.presence
            return presence if presence and seen(presence) else None

        return await eventually(look)

    async def order(
        self, action: Action, answer: MusterError | None = None, *, again: bool = False
    ) -> Order:
        """Commit an operation and put it on its stream."""
        operation = self.operation(action.kind)
        self.house.registry.started[operation.operation_id] = answer or Started(
            action=action, again=again
        )
        return await self.put(operation)

    def operation(self, kind: OperationKind, seconds: float = 60) -> Operation:
        return Operation(
            operation_id=new_id(),
            owner=OWNER,
            site=SITE,
            device_id=self.device_id,
            kind=kind,
            expires_at=CLOCK.now() + timedelta(seconds=seconds),
        )

    async def put(self, operation: Operation) -> Order:
        """Put an operation on its stream."""
        subject = subjects.operation(SITE, self.device_id, operation.kind)
        body = operation.model_dump_json().encode()
        stream = streams.operation_stream(SITE)
        message_id = str(operation.operation_id)
        await self.house.registry.bus.publish(stream, subject, body, message_id=message_id)
        return Order(self, operation)

    async def perform(self, action: Action, *, again: bool = False) -> Outcome:
        """Order something and wait for its end."""
        order = await self.order(action, again=again)
        return await order.end()


@dataclass
class Terminal(Device):
    """A device that is a simulated terminal."""

    server: ZkServer

    def truth(self) -> set[UUID]:
        """The identity of every record in its log."""
        seen: Counter[tuple[str, str]] = Counter()
        ids = set()
        for punch in self.server.device.truth.log:
            said = punch.device_time.isoformat(timespec="seconds")
            ids.add(punch_id(self.serial, punch.person, said, seen[punch.person, said]))
            seen[punch.person, said] += 1
        return ids

    async def reconciled(self) -> None:
        """Wait until attendance has its whole log."""
        await eventually(lambda: self.house.attendance.of(self.serial) >= self.truth())


@dataclass
class Order:
    """One operation on its way."""

    device: Device
    operation: Operation

    @property
    def said(self) -> list[Outcome]:
        """Everything the agent said of it."""
        outcomes = self.device.house.registry.outcomes
        return [each for each in outcomes if each.operation_id == self.operation.operation_id]

    async def end(self, seconds: float = SECONDS) -> Outcome:
        """Wait for its end."""

        def ended() -> Outcome | None:
            return next((each for each in self.said if each.status != "sent"), None)

        return await eventually(ended, seconds)
