"""The simulated terminals of one process, and the people who keep punching at them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from services.devices.simulators.device import Device
from services.devices.simulators.zk.server import ZkServer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
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
        serials = [spec.serial for spec in specs]
        twice = {serial for serial in serials if serials.count(serial) > 1}
        if twice:
            sentence = f"serial {', '.join(sorted(twice))} is given twice; serials must differ"
            raise FleetError(sentence)
        self.servers = {spec.serial: ZkServer(Device(spec, directory, now, seed)) for spec in specs}

    async def start(self) -> None:
        """Let every terminal listen; FleetError names the one whose address is taken."""
        for serial, server in self.servers.items():
            try:
                await server.start()
            except OSError as problem:
                self.stop()
                address = f"{server.device.spec.host}:{server.port}"
                sentence = f"{serial} cannot listen on {address} ({problem}); give it another one"
                raise FleetError(sentence) from problem

    def stop(self) -> None:
        """Take every terminal off the network and give its log file back."""
        for server in self.servers.values():
            server.stop()
            server.device.truth.close()

    async def keep_punching(self, every: float) -> None:
        """Let somebody punch at each terminal every so many seconds, until cancelled."""
        while True:
            await asyncio.sleep(every)
            for server in self.servers.values():
                if server.device.enabled and server.device.powered:
                    server.punch(server.device.anybody(), state=0)
