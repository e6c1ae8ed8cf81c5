"""Datagrams to a device and back."""

import asyncio
import socket

from typing_extensions import override

from services.devices.agent.links.wire import (
    Listener,
    SocketWire,
    clogged,
    connected,
    failed,
    time_left,
)
from shared.kit.clock import Clock


async def dial(host: str, port: int, clock: Clock, listener: Listener) -> "UdpWire":
    """Return a way to the device; whether it is there, the first answer tells."""
    # A connected socket hears of nobody else, and of a port where nothing listens.
    wire = await connected(host, port, socket.SOCK_DGRAM)
    loop = asyncio.get_running_loop()
    _, protocol = await loop.create_datagram_endpoint(
        lambda: UdpWire(wire, clock, listener), sock=wire
    )
    return protocol


class UdpWire(SocketWire[asyncio.DatagramTransport], asyncio.DatagramProtocol):
    """One peer; whatever is lost on the way is for others to notice."""

    @override
    def datagram_received(self, data: bytes, addr: object) -> None:
        self._listener.received(data)

    @override
    def error_received(self, exc: Exception) -> None:
        self._listener.lost(failed(exc))
        self._transport.abort()

    def write(self, data: bytes) -> None:
        """Send a datagram."""
        if not self._transport.is_closing():
            self._transport.sendto(data)

    def hurry(self, data: bytes, deadline: float) -> None:
        """Send a datagram at once, and never after ``deadline``, or raise UNLOCK_EXPIRED."""
        if self._transport.is_closing():
            raise failed(None)
        time_left(deadline, self._clock.boottime())
        try:
            # Past the transport, which sends what it holds at a moment nobody knows.
            self._wire.send(data)
        except BlockingIOError as error:
            raise clogged() from error
        except OSError as error:
            raise failed(error) from error

    def relax(self) -> None:
        """Nothing was put in force: a datagram is sent or lost."""

    def abort(self) -> None:
        """Hear no more of the device."""
        self._transport.abort()
