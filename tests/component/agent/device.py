"""One device of a house: on the roster, as the agent tells of it, and what is ordered of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

from shared.contracts import streams, subjects
from shared.contracts.actions import Action
from shared.contracts.agents import Dialect, RosterDevice, Started
from shared.contracts.operations import Operation, OperationKind, Outcome
from shared.contracts.readings import DevicePresence
from shared.kit.clock import SystemClock, new_id
from shared.kit.errors import MusterError
from tests.component.agent.standins import SITE
from tests.conftest import OWNER

if TYPE_CHECKING:
    from tests.component.agent.house import House

SECONDS = 20.0
CLOCK = SystemClock()
T = TypeVar("T")


async def eventually(seen: Callable[[], T | None], seconds: float = SECONDS) -> T:
    """Return what is seen as soon as it is anything; fail when that takes too long."""
    async with asyncio.timeout(seconds):
        while not (found := seen()):
            await asyncio.sleep(0.01)
    return found


@dataclass
class Device:
    """One device of the house, as the registry knows it."""

    house: House
    device_id: int
    host: str
    port: int
    serial: str
    dialect: Dialect = "zk"

    def device(self, **wire: object) -> RosterDevice:
        """As it stands on the roster."""
        values = {
            "device_id": self.device_id,
            "owner": OWNER,
            "dialect": self.dialect,
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
        said = (
            each
            for presence in reversed(self.house.registry.presences)
            for each in presence.devices
        )
        return next((each for each in said if each.device_id == self.device_id), None)

    async def until(self, seen: Callable[[DevicePresence], bool]) -> DevicePresence:
        """Wait until the agent says something of it."""

        def look() -> DevicePresence | None:
            presence = self.presence
            return presence if presence and seen(presence) else None

        return await eventually(look)

    async def order(
        self,
        action: Action,
        answer: MusterError | None = None,
        *,
        again: bool = False,
        lasting: bool = False,
    ) -> Order:
        """Commit an operation and put it on its stream."""
        operation = self.operation(action.kind, lasting=lasting)
        self.house.registry.started[operation.operation_id] = answer or Started(
            action=action, again=again
        )
        return await self.put(operation)

    def operation(
        self, kind: OperationKind, seconds: float = 60, *, lasting: bool = False
    ) -> Operation:
        return Operation(
            operation_id=new_id(),
            owner=OWNER,
            site=SITE,
            device_id=self.device_id,
            kind=kind,
            expires_at=CLOCK.now() + timedelta(seconds=seconds),
            lasting=lasting,
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
            ends = (each for each in self.said if each.status not in {"sent", "pending"})
            return next(ends, None)

        return await eventually(ended, seconds)
