"""A terminal on the network: its port, and the fault it is given."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from typing_extensions import override

from services.devices.simulators.faults import ZK, Fault
from services.devices.simulators.machine import demand_known
from services.devices.simulators.quirks import Transport
from services.devices.simulators.zk.tcp import TcpClient
from services.devices.simulators.zk.terminal import MOMENT, Terminal
from services.devices.simulators.zk.udp import UdpPort

if TYPE_CHECKING:
    from services.devices.simulators.device import Device

_BREAKING = frozenset(
    {
        Fault.UNREACHABLE,
        Fault.DROP,
        Fault.WRONG_KEY,
        Fault.REFUSE,
        Fault.FOREIGN,
        Fault.FOREIGN_55,
    }
)
_FREE_PORT_TRIALS = 20


class ZkServer(Terminal):
    """One device on TCP, UDP or both, always under the same port number."""

    def __init__(self, device: Device) -> None:
        super().__init__(device)
        self.port = device.spec.port
        self._listener: asyncio.Server | None = None
        self._datagrams: asyncio.DatagramTransport | None = None
        self._leaving: asyncio.TimerHandle | None = None

    async def start(self) -> None:
        """Listen; `port` is the real one afterwards. OSError when the address is taken."""
        # A UDP port that was closed in this turn of the loop is free in the next.
        await asyncio.sleep(0)
        trials = 1 if self.port else _FREE_PORT_TRIALS
        for trial in range(1, trials + 1):
            try:
                await self._listen()
            except OSError:
                self.stop()
                if trial == trials:
                    raise
                # A port that is free for TCP need not be free for UDP.
                self.port = 0
            else:
                return

    def stop(self) -> None:
        """Leave the network and break off every connection."""
        if self._leaving is not None:
            self._leaving.cancel()
            self._leaving = None
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        self.break_off()
        if self._datagrams is not None:
            self._datagrams.close()
            self._datagrams = None
        self.sensor.stop()

    @override
    def leave_network(self) -> None:
        if self._leaving is None:
            # Time enough for a good-bye.
            self._leaving = asyncio.get_running_loop().call_later(MOMENT, self.stop)

    async def set_fault(self, fault: Fault, after: int = 0) -> None:
        """Replace the fault in force; some wait until `after` bytes of table data went out.

        `none` switches on a terminal that was switched off. InputError for another dialect's.
        """
        demand_known(fault, ZK)
        self.firmware.fault = Fault.NONE if fault is Fault.DROP else fault
        self.firmware.left = after
        if fault in _BREAKING:
            self.break_off()
        if fault is Fault.UNREACHABLE:
            self.stop()
        for connection in list(self.connections):
            connection.resume()
        if fault is Fault.NONE and not self.device.powered:
            self.stop()
            self.device.boot()
        if self._belongs_here and not self._is_here:
            await self.start()

    @property
    def _belongs_here(self) -> bool:
        return self.device.powered and self.firmware.fault is not Fault.UNREACHABLE

    @property
    def _is_here(self) -> bool:
        return self._listener is not None or self._datagrams is not None

    async def _listen(self) -> None:
        loop, spec = asyncio.get_running_loop(), self.device.spec
        if spec.transport is not Transport.UDP:
            self._listener = await loop.create_server(lambda: TcpClient(self), spec.host, self.port)
            self.port = self._listener.sockets[0].getsockname()[1]
        if spec.transport is not Transport.TCP:
            self._datagrams, _ = await loop.create_datagram_endpoint(
                lambda: UdpPort(self), (spec.host, self.port)
            )
            self.port = self._datagrams.get_extra_info("sockname")[1]
