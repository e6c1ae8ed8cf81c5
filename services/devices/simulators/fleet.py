"""The simulated terminals of one process, and the people who keep punching at them."""

from __future__ import annotations

import asyncio
from collections import Counter
from itertools import chain
from typing import TYPE_CHECKING

from services.devices.simulators.device import Device
from services.devices.simulators.quirks import Dialect
from services.devices.simulators.timmy.device import TimmyDevice
from services.devices.simulators.timmy.terminal import TimmyTerminal
from services.devices.simulators.zk.server import ZkServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime
    from pathlib import Path

    from services.devices.simulators.spec import DeviceSpec


class FleetError(Exception):
    """The fleet cannot be run as asked; the sentence says what to change."""


class Fleet:
    """Terminals by serial. What they accepted is kept in `directory`, one file a terminal."""

    def __init__(
        self,
        specs: Sequence[DeviceSpec],
        directory: Path,
        now: Callable[[], datetime],
        seed: int = 1,
    ) -> None:
        """Give every terminal its log: of an earlier run, else invented."""
        _demand_distinct([spec.serial for spec in specs])
        self.servers: dict[str, ZkServer] = {}
        """The terminals that wait to be called."""
        self.terminals: dict[str, TimmyTerminal] = {}
        """The terminals that dial their server."""
        for spec in specs:
            if spec.dialect is Dialect.ZK:
                self.servers[spec.serial] = ZkServer(Device(spec, directory, now, seed))
            else:
                device = TimmyDevice(spec, directory, now, seed)
                self.terminals[spec.serial] = TimmyTerminal(device)

    def __iter__(self) -> Iterator[ZkServer | TimmyTerminal]:
        return chain(self.servers.values(), self.terminals.values())

    def find(self, serial: str) -> ZkServer | TimmyTerminal | None:
        """Return a terminal, whatever it speaks."""
        return self.servers.get(serial) or self.terminals.get(serial)

    async def start(self) -> None:
        """Let every terminal listen or dial; FleetError names the one whose address is taken."""
        for serial, server in self.servers.items():
            try:
                await server.start()
            except OSError as problem:
                self.stop()
                address = f"{server.device.spec.host}:{server.port}"
                sentence = f"{serial} cannot listen on {address} ({problem}); give it another one"
                raise FleetError(sentence) from problem
        for terminal in self.terminals.values():
            terminal.start()

    def stop(self) -> None:
        """Take every terminal off the network and give its log file back."""
        for terminal in self:
            terminal.stop()
            terminal.device.truth.close()

    async def keep_punching(self, every: float) -> None:
        """Let somebody punch at each terminal every so many seconds, until cancelled."""
        while True:
            await asyncio.sleep(every)
            for terminal in self:
                if terminal.device.enabled and terminal.device.powered:
                    terminal.punch(terminal.device.anybody(), state=0)


def _demand_distinct(serials: Sequence[str]) -> None:
    twice = {serial for serial, times in Counter(serials).items() if times > 1}
    if twice:
        sentence = f"serial {', '.join(sorted(twice))} is given twice; serials must differ"
        raise FleetError(sentence)
