"""What carries bytes to one device and back, and what TCP and UDP have in common there."""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from typing import Final, Generic, NamedTuple, Protocol, TypeVar, cast

from typing_extensions import override

from services.devices.drivers.base import DeviceError
from shared.contracts.errors import Code
from shared.kit.clock import Clock

TransportT = TypeVar("TransportT", asyncio.Transport, asyncio.DatagramTransport)

_CONNECT_SECONDS: Final = 3.0
SPARE_SECONDS: Final = 1.5
"""What must be left before a deadline when something urgent is written.

A kernel sends later than it is told: TCP_USER_TIMEOUT counts from the first retransmission (told
3.0 s, it still sent at 3.3 s), and on a long line that is a second after the first try.
"""


class Listener(NamedTuple):
    """Who is told what comes off a wire; called from the event loop, and must not raise."""

    received: Callable[[bytes], None]
    """Takes a piece of a stream of any size, or one whole datagram."""
    lost: Callable[[DeviceError], None]
    """Takes why nothing more will come; called once."""


class Wire(Protocol):
    """Bytes to one device and back, from the moment it is reached."""

    def write(self, data: bytes) -> None:
        """Send a frame or a datagram, without waiting; nothing happens once the wire has ended."""
        ...

    def hurry(self, data: bytes, deadline: float) -> None:
        """Send it at once, and never after ``deadline`` on CLOCK_BOOTTIME, or UNLOCK_EXPIRED.

        Never: neither from here nor by the kernel, however this process ends. It holds until
        ``relax`` is called because the device has answered, or ``abort`` because it has not.
        """
        ...

    def relax(self) -> None:
        """Take back what ``hurry`` put in force."""
        ...

    def abort(self) -> None:
        """Break it off without a farewell; what the device has not acknowledged is thrown away."""
        ...

    def close(self) -> None:
        """Let go of the device."""
        ...


Dial = Callable[[Listener], Awaitable[Wire]]
"""Reaches the device within a few seconds, or raises DEVICE_UNREACHABLE."""


class SocketWire(asyncio.BaseProtocol, Generic[TransportT]):
    """One socket: what a stream and datagrams have in common."""

    _transport: TransportT

    def __init__(self, wire: socket.socket, clock: Clock, listener: Listener) -> None:
        self._wire = wire
        self._clock = clock
        self._listener = listener

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("TransportT", transport)

    def close(self) -> None:
        """Let go of the device."""
        self._transport.close()


async def connected(host: str, port: int, kind: socket.SocketKind) -> socket.socket:
    """Return a socket connected to a device, or raise DEVICE_UNREACHABLE with the reason."""
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(_CONNECT_SECONDS):
            family, *_, address = (await loop.getaddrinfo(host, port, type=kind))[0]
            wire = socket.socket(family, kind)
            try:
                wire.settimeout(0)
                await loop.sock_connect(wire, address)
            except BaseException:
                wire.close()
                raise
            return wire
    except TimeoutError as error:
        details = f"No connection within {_CONNECT_SECONDS:.0f} s."
        raise DeviceError(Code.DEVICE_UNREACHABLE, details) from error
    except OSError as error:
        raise failed(error) from error


def failed(error: Exception | None) -> DeviceError:
    """Return what the end of a socket means for whoever waits for the device."""
    if error is None:
        return DeviceError(Code.DEVICE_UNREACHABLE, "The device closed the connection.")
    reason = error.strerror if isinstance(error, OSError) and error.strerror else error
    return DeviceError(Code.DEVICE_UNREACHABLE, f"The connection failed: {reason}.")


def time_left(deadline: float, now: float) -> float:
    """Return how long the kernel may try to get across what is written now, on one clock.

    Raises UNLOCK_EXPIRED when it might come late.
    """
    left = deadline - SPARE_SECONDS - now
    if left <= 0:
        raise DeviceError(Code.UNLOCK_EXPIRED, "The permit ran out before the device was asked.")
    return left


def clogged() -> DeviceError:
    """Return that nothing was sent, because what waits before it is not taken in."""
    return DeviceError(Code.UNLOCK_EXPIRED, "The device does not take in what it is sent.")
