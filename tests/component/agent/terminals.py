"""Devices of a house that are simulated terminals, and the truth of what happened at them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from services.devices.simulators.timmy.terminal import TimmyTerminal
from services.devices.simulators.truth import Punch
from services.devices.simulators.zk.server import ZkServer
from shared.contracts.identity import punch_id
from tests.component.agent.device import Device, eventually

NO_PERSON = {"0", "99999999"}


@dataclass(kw_only=True)
class Terminal(Device):
    """A device that is a simulated terminal."""

    server: ZkServer

    def truth(self) -> set[UUID]:
        """The identity of every record in its log."""
        return identities(self.serial, self.server.device.truth.log)

    async def reconciled(self) -> None:
        """Wait until attendance has its whole log."""
        await eventually(lambda: self.house.attendance.of(self.serial) >= self.truth())


@dataclass(kw_only=True)
class Dialler(Device):
    """A device that is a simulated terminal and dials in."""

    terminal: TimmyTerminal

    def truth(self) -> set[UUID]:
        """The identity of every punch that it has to hand over, or had."""
        log = self.terminal.device.truth.punches
        return identities(self.serial, [each for each in log if each.person not in NO_PERSON])

    async def handed_over(self) -> None:
        """Wait until it has its answer for everything, and attendance all of it."""
        await eventually(lambda: not self.terminal.device.unsent)
        await eventually(lambda: self.house.attendance.of(self.serial) >= self.truth())


def identities(serial: str, log: Iterable[Punch]) -> set[UUID]:
    """The identity of each punch of a log."""
    seen: Counter[tuple[str, str]] = Counter()
    ids = set()
    for punch in log:
        said = punch.stamp or punch.device_time.isoformat(timespec="seconds")
        ids.add(punch_id(serial, punch.person, said, seen[punch.person, said]))
        seen[punch.person, said] += 1
    return ids
