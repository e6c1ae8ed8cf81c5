"""What the clients of one terminal share: its device, its firmware, and who else is there."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from dataclasses import dataclass
from secrets import randbelow
from typing import TYPE_CHECKING, Final, Protocol

from services.devices.simulators.faults import Fault
from services.devices.simulators.sensor import Sensor
from services.devices.simulators.zk.firmware import Firmware
from services.devices.simulators.zk.session import Session

if TYPE_CHECKING:
    from collections.abc import Iterable

    from services.devices.simulators.device import Device, Happening
    from services.devices.simulators.enrolment import Laying
    from services.devices.simulators.truth import Punch

MOMENT = 0.2
"""How many seconds a terminal takes to restart or to switch off; real ones take many more."""
_FOREIGN: Final = {
    # An access panel's "no such command", with its own checksum and end mark.
    Fault.FOREIGN: bytes.fromhex("aa01c90100f313d955"),
    Fault.FOREIGN_55: bytes.fromhex("55aa0100010000000001"),
}


@dataclass
class Counts:
    """What clients did wrong, since the start: a correct one leaves every count at 0."""

    bad_checksums: int = 0
    lost_streams: int = 0
    wrong_sessions: int = 0


class Client(Protocol):
    """One that is connected."""

    @property
    def hears_punches(self) -> bool:
        """Whether it registered for punches."""
        ...

    def tell(self, happening: Happening) -> None:
        """Send it the live event of what happened, if it hears of it."""

    def resume(self) -> None:
        """Go on after a stall."""

    def break_off(self) -> None:
        """End it without a farewell."""


class Terminal(ABC):
    """One device as its clients meet it."""

    def __init__(self, device: Device) -> None:
        self.device = device
        self.firmware = Firmware(device.spec)
        self.sensor = Sensor(device)
        self.counts = Counts()
        self.connections: list[Client] = []
        """TCP connections and UDP peers, the oldest first."""
        self._back_at = 0.0
        device.watchers.append(self._tell)

    @property
    def registered(self) -> int:
        """Return how many connections will hear of a punch."""
        return sum(connection.hears_punches for connection in self.connections)

    @property
    def away(self) -> bool:
        """Tell whether the terminal is restarting."""
        return asyncio.get_running_loop().time() < self._back_at

    @property
    def foreign(self) -> bytes | None:
        """Return what a device of another protocol says, None where this is a terminal."""
        return _FOREIGN.get(self.firmware.fault)

    def new_session(self, *, datagrams: bool) -> Session:
        """Return the session of a client that has just come."""
        return Session(self.device, self.firmware, 1 + randbelow(0xFFFE), datagrams)

    def leave(self, connection: Client) -> None:
        """Strike a connection off."""
        if connection in self.connections:
            self.connections.remove(connection)

    def break_off(self) -> None:
        """Break off every connection, without a farewell."""
        for connection in list(self.connections):
            connection.break_off()

    def restart(self) -> None:
        """Be away for a moment, and forget every connection."""
        self.break_off()
        self.sensor.stop()
        self._back_at = asyncio.get_running_loop().time() + MOMENT
        self.device.boot()

    @abstractmethod
    def leave_network(self) -> None:
        """Be gone in a moment, until somebody switches the terminal on."""

    def punch(self, person: str, state: int) -> Punch:
        """Let a person punch now: the truth first, then an event to every registered connection."""
        return self.device.punch(person, state)

    def record(self, person: str, stamp: str, state: int, verify: int) -> Punch:
        """Add a record with any wall-clock time (truth.STAMP), without an event."""
        return self.device.record(person, stamp, state, verify)

    def backlog(self, count: int) -> None:
        """Add punches of people who came while nobody listened, without an event."""
        self.device.backlog(count)

    def lay(self, layings: Iterable[Laying]) -> None:
        """Lay fingers on the sensor; NobodyEnrolsError when no client asked for one."""
        self.device.lay(layings)

    def _tell(self, happening: Happening) -> None:
        for connection in list(self.connections):
            connection.tell(happening)
