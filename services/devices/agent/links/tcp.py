"""A TCP connection to a device."""

import asyncio
import socket
from collections.abc import Callable
from functools import partial
from struct import Struct
from typing import Final

from typing_extensions import override

from services.devices.agent.links.wire import (
    Listener,
    SocketWire,
    clogged,
    connected,
    failed,
    time_left,
)
from services.devices.drivers.base import DeviceError
from shared.kit.clock import Clock

_SILENT_SECONDS: Final = 10
"""How long the other end may leave anything unacknowledged; on an idle wire, a keep-alive."""
_IDLE_SECONDS: Final = 4
_PROBE_SECONDS: Final = 3
_LINGER: Final = Struct("ii")


async def dial(host: str, port: int, clock: Clock, listener: Listener) -> "TcpWire":
    """Return a connection to the device, or raise DEVICE_UNREACHABLE."""
    wire = await connected(host, port, socket.SOCK_STREAM)
    watch(wire)
    loop = asyncio.get_running_loop()
    _, protocol = await loop.create_connection(lambda: TcpWire(wire, clock, listener), sock=wire)
    return protocol


class TcpWire(SocketWire[asyncio.Transport], asyncio.Protocol):
    """One connection; the kernel itself asks an idle device whether it is still there."""

    @override
    def data_received(self, data: bytes) -> None:
        self._listener.received(data)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._listener.lost(failed(exc))

    def write(self, data: bytes) -> None:
        """Send a frame."""
        if not self._transport.is_closing():
            self._transport.write(data)

    def hurry(self, data: bytes, deadline: float) -> None:
        """Send a frame at once, and never after ``deadline``, or raise UNLOCK_EXPIRED."""
        write = partial(self._transport.write, data)
        write_before(deadline, self._clock, self._transport, write)

    def relax(self) -> None:
        """Take back what ``hurry`` put in force."""
        relax(self._transport)

    def abort(self) -> None:
        """Reset the connection; what the device has not acknowledged is thrown away."""
        abort(self._transport)


def write_before(
    deadline: float, clock: Clock, transport: asyncio.Transport, write: Callable[[], None]
) -> None:
    """Have something written at once, and never after ``deadline``, or raise UNLOCK_EXPIRED.

    ``write`` writes it to the transport, which tries to send it there and then. It holds until
    ``relax``, when the device has answered, or ``abort``, when it has not.
    """
    if transport.is_closing():
        raise failed(None)
    hasten(transport.get_extra_info("socket"), time_left(deadline, clock.boottime()))
    try:
        # What this process holds is sent at a moment nobody knows, and so is all behind it.
        if transport.get_write_buffer_size():
            raise clogged()
        # The last look at the clock: behind it only the kernel can wait, and it has its bound.
        time_left(deadline, clock.boottime())
    except DeviceError:
        relax(transport)
        raise
    write()
    if transport.get_write_buffer_size():
        # The kernel took a part at most: half a frame opens nothing, and the rest never follows.
        abort(transport)
        raise clogged()


def relax(transport: asyncio.Transport) -> None:
    """Let the kernel be as patient with a connection as usual again."""
    if not transport.is_closing():
        calm(transport.get_extra_info("socket"))


def abort(transport: asyncio.Transport) -> None:
    """Reset a connection; what the device has not acknowledged is thrown away."""
    if not transport.is_closing():
        _linger(transport.get_extra_info("socket"), on=True)
    transport.abort()


def watch(wire: socket.socket) -> None:
    """Let the kernel send what is written at once, and notice within 15 s that nobody is there."""
    wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    wire.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, _IDLE_SECONDS)
    wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, _PROBE_SECONDS)
    _user_timeout(wire, _SILENT_SECONDS)


def hasten(wire: socket.socket, seconds: float) -> None:
    """Let the kernel try for so long at most to get across what is written from now on.

    However this process ends meanwhile, the connection is reset, and what the other end has not
    acknowledged is thrown away.
    """
    _linger(wire, on=True)
    _user_timeout(wire, seconds)


def calm(wire: socket.socket) -> None:
    """Let the kernel be as patient as usual again."""
    _linger(wire, on=False)
    _user_timeout(wire, _SILENT_SECONDS)


def _linger(wire: socket.socket, *, on: bool) -> None:
    wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER.pack(on, 0))


def _user_timeout(wire: socket.socket, seconds: float) -> None:
    milliseconds = max(1, int(seconds * 1000))
    wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, milliseconds)
