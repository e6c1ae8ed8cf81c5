"""What pyzk reads and writes through: whole frames, one at a time, without the live events.

pyzk takes whatever packet comes next for the answer to what it asked, loses the second of two
packets that arrive together, and loops for ever when the peer closes. So it is given a socket that
cuts the byte stream into frames on the length field, takes live events out and acknowledges them,
and raises when the device is gone. Wire facts: a frame is ``50 50 82 7D``, the u32 length of the
packet, and the packet (u16 command, checksum, session, reply number, data), little-endian.
"""

import socket
import time
from collections import deque
from collections.abc import Callable
from struct import Struct
from typing import Final

_TOP: Final = Struct("<4sI")
_PACKET: Final = Struct("<4H")
_MAGIC: Final = b"\x50\x50\x82\x7d"
_LARGEST: Final = 65_536 + 16
_EVENT: Final = 500
_ACK: Final = 2000


class WrongProtocolError(Exception):
    """Something else than a ZKTeco terminal answers on this port."""


class DeadlineError(Exception):
    """The deadline passed before anything was written."""


class Tap:
    """A socket as pyzk uses one."""

    def __init__(self, wire: socket.socket, on_event: Callable[[bytes], None]) -> None:
        self._wire = wire
        self._on_event = on_event
        self._bytes = bytearray()
        self._frame = memoryview(b"")
        self._waiting: deque[bytes] = deque()
        self._session = 0
        self._seconds: float | None = None
        self._deadline: float | None = None

    def fileno(self) -> int:
        """Return the descriptor to wait on."""
        return self._wire.fileno()

    def settimeout(self, seconds: float | None) -> None:
        """Bound every later read and write."""
        self._seconds = seconds
        self._wire.settimeout(seconds)

    def send(self, data: bytes) -> int:
        """Write all of a frame; what is left of an earlier answer is dropped first."""
        self._frame = memoryview(b"")
        self._waiting.clear()
        if self._deadline is not None:
            # The last look at the clock; behind it only the kernel can wait, and no longer
            # than what is left.
            left = self._left()
            self._user_timeout(left)
            self._wire.settimeout(left)
        self._wire.sendall(data)
        return len(data)

    def recv(self, size: int) -> bytes:
        """Return at most ``size`` bytes, never of two frames and never of an event."""
        if not self._frame:
            while not self._waiting:
                self.pump()
            self._frame = memoryview(self._waiting.popleft())
        taken, self._frame = self._frame[:size], self._frame[size:]
        return bytes(taken)

    def pump(self) -> None:
        """Read once from the wire and sort what arrived; blocks until something does."""
        if self._deadline is not None:
            # Events that keep coming must not put off the end.
            left = self._deadline - _boottime()
            if left <= 0:
                raise TimeoutError
            self._wire.settimeout(left)
        chunk = self._wire.recv(262_144)
        if not chunk:
            msg = "the device closed the connection"
            raise ConnectionResetError(msg)
        self._bytes += chunk
        while (frame := self._cut()) is not None:
            self._sort(frame)

    def _cut(self) -> bytes | None:
        if not _MAGIC.startswith(bytes(self._bytes[:4])):
            msg = f"the first bytes are {bytes(self._bytes[:4]).hex()}"
            raise WrongProtocolError(msg)
        if len(self._bytes) < _TOP.size:
            return None
        _, length = _TOP.unpack_from(self._bytes)
        if not _PACKET.size <= length <= _LARGEST:
            msg = f"a frame claims {length} bytes"
            raise WrongProtocolError(msg)
        end = _TOP.size + length
        if len(self._bytes) < end:
            return None
        frame = bytes(self._bytes[:end])
        del self._bytes[:end]
        return frame

    def _sort(self, frame: bytes) -> None:
        command, _, session, _ = _PACKET.unpack_from(frame, _TOP.size)
        if command != _EVENT:
            # The first answer of all is the one to CONNECT and names the session.
            self._session = self._session or session
            self._waiting.append(frame)
            return
        self._wire.sendall(_acknowledgement(self._session))
        if session == 1:  # an event's session slot holds its code: 1 is a punch
            self._on_event(frame[_TOP.size + _PACKET.size :])

    def hurry(self, deadline: float) -> None:
        """From now on, nothing is written past ``deadline`` on CLOCK_BOOTTIME.

        Neither from here nor by the kernel: however this process ends, the connection is reset
        and what the device has not acknowledged is thrown away.
        """
        self._deadline = deadline
        self._linger(on=True)

    def relax(self) -> None:
        """The urgent matter is answered; back to the usual bounds."""
        self._deadline = None
        self._linger(on=False)
        self._user_timeout(0)
        self._wire.settimeout(self._seconds)

    def _left(self) -> float:
        left = (self._deadline or 0.0) - _boottime()
        if left <= 0:
            raise DeadlineError
        return left

    def _linger(self, *, on: bool) -> None:
        linger = Struct("ii").pack(int(on), 0)
        self._wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)

    def _user_timeout(self, seconds: float) -> None:
        self._wire.setsockopt(
            socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, max(int(bool(seconds)), int(seconds * 1e3))
        )

    def close(self) -> None:
        """Close the connection."""
        self._wire.close()


def _boottime() -> float:
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def _acknowledgement(session: int) -> bytes:
    """Return an ACK_OK with reply number 0; checksum: complement of the end-around-carry sum."""
    total = _ACK + session
    total = (total & 0xFFFF) + (total >> 16)
    packet = _PACKET.pack(_ACK, ~total & 0xFFFF, session, 0)
    return _TOP.pack(_MAGIC, len(packet)) + packet
