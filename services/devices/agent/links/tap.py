"""What pyzk reads and writes through: whole answers to what it asked, without the live events.

pyzk takes whatever packet comes next for the answer, loses the second of two packets that arrive
together, checks neither sums nor the order of packets, and loops for ever when the peer closes. So
it is given a socket that hands it only packets that are whole and sound, carry the number of its
request and come in order; that takes live events out and acknowledges them; and that raises
DeviceError for everything else, always within the bound it was given.
"""

import socket
import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import Final

from services.devices.agent.links import tcp
from services.devices.agent.links.wire import failed, time_left
from services.devices.drivers.base import DeviceError
from services.devices.drivers.zk.codec.packets import (
    FrameReader,
    FramingError,
    Packet,
    decode,
    foreign,
)
from services.devices.drivers.zk.messages import HEADER, PREFIX, ReplyCode
from services.devices.drivers.zk.protocol.procedure import Heard
from shared.contracts.errors import Code

_PIECE: Final = 262_144
_SEQUENCE: Final = 1 << 16


class Tap:
    """A socket as pyzk uses one."""

    def __init__(self, wire: socket.socket, on_event: Callable[[Heard], None]) -> None:
        self._wire = wire
        self._on_event = on_event
        self._datagrams = wire.type == socket.SOCK_DGRAM
        self._reader = FrameReader()
        self._waiting: deque[Packet] = deque()
        self._rest = memoryview(b"")
        self._number = 0
        self._session = 0
        self._sequence: int | None = None
        self._seconds: float | None = None
        self._deadline: float | None = None

    def fileno(self) -> int:
        """Return the descriptor to wait on."""
        return self._wire.fileno()

    def settimeout(self, seconds: float | None) -> None:
        """Bound every later read and write."""
        self._seconds = seconds
        self._wire.settimeout(seconds)

    # ── what pyzk does ───────────────────────────────────────────────────────

    def send(self, data: bytes) -> int:
        """Write a whole request; what is left of an earlier answer is dropped first."""
        self._rest = memoryview(b"")
        self._waiting.clear()
        self._sequence = None
        *_, self._number = HEADER.unpack_from(data, 0 if self._datagrams else PREFIX.size)
        if self._deadline is not None:
            # The last look at the clock; behind it only the kernel can wait, and it has its bound.
            self._wire.settimeout(time_left(self._deadline, _boottime()))
        try:
            self._wire.sendall(data)
        except OSError as error:
            raise failed(error) from error
        return len(data)

    def sendto(self, data: bytes, _: object) -> int:
        """Write a whole request to the one peer there is."""
        return self.send(data)

    def recv(self, size: int) -> bytes:
        """Return at most ``size`` bytes of one packet; a datagram whole, however long it is."""
        if not self._rest:
            while not self._waiting:
                self.pump()
            packet = self._in_order(self._waiting.popleft())
            self._rest = memoryview(packet.encode() if self._datagrams else packet.frame())
        end = len(self._rest) if self._datagrams else size
        taken, self._rest = self._rest[:end], self._rest[end:]
        return bytes(taken)

    def close(self) -> None:
        """Close the connection."""
        self._wire.close()

    # ── what comes off the wire ──────────────────────────────────────────────

    def pump(self) -> None:
        """Read once from the wire and sort what arrived; blocks until something does."""
        try:
            if self._deadline is not None:
                # Events that keep coming must not put off the end.
                self._wire.settimeout(_still(self._deadline))
            data = self._wire.recv(_PIECE)
        except OSError as error:
            raise _ended(error) from error
        if not data and not self._datagrams:
            raise failed(None)
        try:
            for packet in self._cut(data):
                self._sort(packet)
        except FramingError as error:
            details = f"This is no ZKTeco terminal: {error}."
            raise DeviceError(Code.DEVICE_WRONG_PROTOCOL, details) from error

    def _cut(self, data: bytes) -> Iterator[Packet]:
        if not self._datagrams:
            self._reader.add(data)
            while packet := self._reader.next():
                yield packet
        elif packet := decode(data):
            yield packet
        elif other := foreign(data):
            raise FramingError(other)

    def _sort(self, packet: Packet) -> None:
        if packet.code == ReplyCode.EVENT:
            acknowledgement = Packet(ReplyCode.OK, self._session, 0)
            self._write(acknowledgement)
            self._on_event(Heard(packet.slot, packet.data))
        elif packet.number == self._number:
            # The first answer of all is the one to CONNECT and names the session.
            self._session = self._session or packet.slot
            self._waiting.append(packet)

    def _in_order(self, packet: Packet) -> Packet:
        """Return a packet, unless it is not the next of its transfer: its slot numbers it."""
        if packet.code == ReplyCode.DATA:
            if self._sequence is not None and packet.slot != (self._sequence + 1) % _SEQUENCE:
                details = f"Packet {packet.slot} of a transfer came after {self._sequence}."
                raise DeviceError(Code.PULL_INCOMPLETE, details)
            self._sequence = packet.slot
        return packet

    def _write(self, packet: Packet) -> None:
        try:
            self._wire.sendall(packet.encode() if self._datagrams else packet.frame())
        except OSError as error:
            raise failed(error) from error

    # ── what must not come late ──────────────────────────────────────────────

    def hurry(self, deadline: float) -> None:
        """From now on, nothing is written past ``deadline``, or raise UNLOCK_EXPIRED.

        Neither from here nor by the kernel: however this process ends, the connection is reset
        and what the device has not acknowledged is thrown away.
        """
        left = time_left(deadline, _boottime())
        self._deadline = deadline
        if not self._datagrams:
            tcp.hasten(self._wire, left)

    def relax(self) -> None:
        """The urgent matter is answered; back to the usual bounds."""
        self._deadline = None
        self._wire.settimeout(self._seconds)
        if not self._datagrams:
            tcp.calm(self._wire)


def _ended(error: OSError) -> DeviceError:
    # Without a number it is the bound of this read; with one, the kernel has given up the device.
    if isinstance(error, TimeoutError) and error.errno is None:
        return DeviceError(Code.DEVICE_NO_ANSWER, "The device stays silent.")
    return failed(error)


def _still(deadline: float) -> float:
    left = deadline - _boottime()
    if left <= 0:
        raise TimeoutError
    return left


def _boottime() -> float:
    return time.clock_gettime(time.CLOCK_BOOTTIME)
