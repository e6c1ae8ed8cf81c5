"""A terminal on UDP: a session for every peer, datagrams that a bad wire may lose."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, cast

from typing_extensions import override

from services.devices.simulators.faults import Fault
from services.devices.simulators.zk.dialogue import Dialogue
from services.devices.simulators.zk.wire import decode

if TYPE_CHECKING:
    from services.devices.simulators.zk.terminal import Terminal

    Address = tuple[str, int]

_ONE_IN = 20
# A datagram that was held back goes out on its own when no other overtakes it.
_OVERTAKEN = 0.02


class UdpPort(asyncio.DatagramProtocol):
    """The terminal's UDP port."""

    transport: asyncio.DatagramTransport

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal
        self._peers: dict[Address, UdpClient] = {}

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # asyncio's own UDP transport is no subclass of the class that describes it.
        self.transport = cast("asyncio.DatagramTransport", transport)

    @override
    def datagram_received(self, data: bytes, addr: Address) -> None:
        if self._terminal.away:
            return
        foreign = self._terminal.foreign
        if foreign is not None:
            self.transport.sendto(foreign, addr)
            return
        packet = decode(data)
        if packet is None:
            self._terminal.counts.bad_checksums += 1
            return
        peer = self._peers.get(addr)
        if peer is None:
            peer = self._peers[addr] = UdpClient(self._terminal, self, addr)
            self._terminal.connections.append(peer)
        if not peer.stalled:
            peer.take(packet)

    def leave(self, address: Address) -> None:
        """Forget a peer: whatever comes from there is a stranger's."""
        peer = self._peers.pop(address, None)
        if peer is not None:
            self._terminal.leave(peer)


class UdpClient(Dialogue):
    """One peer. Whether it is still there is not known."""

    def __init__(self, terminal: Terminal, port: UdpPort, address: Address) -> None:
        super().__init__(terminal, terminal.new_session(datagrams=True))
        self._port = port
        self._address = address
        self._held: bytes | None = None

    @override
    def break_off(self) -> None:
        self.forget()
        self._port.leave(self._address)

    @override
    def _reset(self) -> None:
        self.break_off()

    @override
    def _end(self) -> None:
        self.break_off()

    @override
    def _write(self, content: bytes) -> None:
        if not content:
            return
        lossy = self.terminal.firmware.fault is Fault.LOSSY
        match self.terminal.firmware.rng.randrange(_ONE_IN) if lossy else None:
            case 0:
                return
            case 1:
                self._transmit(content)
            case 2 if self._held is None:
                self._held = content
                asyncio.get_running_loop().call_later(_OVERTAKEN, self._release)
                return
            case _:
                pass
        self._transmit(content)
        self._release()

    def _release(self) -> None:
        if self._held is not None:
            self._transmit(self._held)
            self._held = None

    def _transmit(self, content: bytes) -> None:
        if not self._port.transport.is_closing():
            self._port.transport.sendto(content, self._address)

    @property
    @override
    def _framed(self) -> bool:
        return False
