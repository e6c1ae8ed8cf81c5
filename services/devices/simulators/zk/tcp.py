"""A client's TCP connection to a terminal."""

from __future__ import annotations

import asyncio
import fcntl
import socket
import struct
import sys
import termios
from typing import TYPE_CHECKING

from typing_extensions import override

from services.devices.simulators.quirks import Second
from services.devices.simulators.zk.dialogue import Dialogue
from services.devices.simulators.zk.wire import FrameReader

if TYPE_CHECKING:
    from services.devices.simulators.zk.terminal import Terminal

# Close at once and throw away what waits, which the client is told as a reset.
_NO_LINGER = struct.pack("ii", 1, 0)
# Who closes a connection and opens the next at once is not turned away for having two.
_MOMENT = 0.05
_TURN = 0.001


class TcpClient(Dialogue, asyncio.Protocol):
    """Frames to packets, packets to the session, answers back."""

    _transport: asyncio.Transport

    def __init__(self, terminal: Terminal) -> None:
        super().__init__(terminal, terminal.new_session(datagrams=False))
        self._reader = FrameReader()
        self._waits = False

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - narrows what TCP always gives
        self._transport = transport
        if self.terminal.away:
            self._reset()
            return
        alone = self.terminal.device.spec.one_connection is not Second.SERVED
        if alone and self._streams:
            # Nobody reads from it; it is served when the one before it is gone.
            self._waits = True
            # Not yet: an older asyncio begins to read after this call, paused or not.
            asyncio.get_running_loop().call_soon(self._hold)
            asyncio.get_running_loop().call_later(_MOMENT, self._turn_away)
        self.terminal.connections.append(self)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self.forget()
        self.terminal.leave(self)
        for first in self._streams[:1]:
            first.serve()

    @override
    def data_received(self, data: bytes) -> None:
        foreign = self.terminal.foreign
        if foreign is not None:
            self._transport.write(foreign)
            return
        before = self._reader.bad_checksums
        packets = self._reader.feed(data)
        self.terminal.counts.bad_checksums += self._reader.bad_checksums - before
        for packet in packets:
            self.take(packet)
        if self._reader.lost:
            self.terminal.counts.lost_streams += 1
            self.break_off()

    def serve(self) -> None:
        """Let a connection that waits have its turn."""
        self._waits = False
        self._read()

    def _hold(self) -> None:
        if self._waits:
            self._transport.pause_reading()

    def _turn_away(self) -> None:
        if self._waits and self.terminal.device.spec.one_connection is Second.RESET:
            self._reset()

    @override
    def resume(self) -> None:
        super().resume()
        self._read()

    @override
    def _halt(self) -> None:
        super()._halt()
        self._transport.pause_reading()

    def _read(self) -> None:
        if not self._waits and not self.stalled:
            self._transport.resume_reading()

    @property
    def _streams(self) -> list[TcpClient]:
        return [each for each in self.terminal.connections if isinstance(each, TcpClient)]

    @override
    def break_off(self) -> None:
        self.forget()
        self._transport.abort()

    @override
    def _reset(self) -> None:
        raw: socket.socket = self._transport.get_extra_info("socket")
        if self._transport.is_closing():
            return
        if self._transport.get_write_buffer_size() or _unacknowledged(raw):
            # A reset throws away what is on its way, and the cut would be anywhere.
            asyncio.get_running_loop().call_later(_TURN, self._reset)
            return
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
        self._transport.abort()

    @override
    def _end(self) -> None:
        self._transport.close()

    @override
    def _write(self, content: bytes) -> None:
        self._transport.write(content)

    @property
    @override
    def _framed(self) -> bool:
        return True


def _unacknowledged(raw: socket.socket) -> int:
    """Return how many bytes the other side has not acknowledged yet."""
    return int.from_bytes(fcntl.ioctl(raw.fileno(), termios.TIOCOUTQ, bytes(4)), sys.byteorder)
