"""The floors: the same bytes, moved and unpacked by nothing but the standard library."""

from __future__ import annotations

import socket
from struct import Struct

from tests.bench.terminal import Terminal

_TOP = Struct("<4sI")
_PACKET = Struct("<4H")
_ROW = Struct("<H24sBIB8s")
_CONNECT, _AUTH, _PREPARE, _READ, _LOG = 1000, 1102, 1503, 1504, 13
_DATA, _OK, _UNAUTH = 1501, 2000, 2005
_CHUNK = 65_472


class Wire:
    """A blocking socket that asks and takes whatever comes next for the answer."""

    def __init__(self, terminal: Terminal) -> None:
        self._socket = socket.create_connection(terminal, timeout=30)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._file = self._socket.makefile("rb")
        self._session = self._reply = 0
        code, self._session, _ = self.ask(_CONNECT)
        if code == _UNAUTH:
            # Comm key 0, tick 50: the reversed key is 0, so only the session is obfuscated.
            low, high = (byte for byte in self._session.to_bytes(2, "little"))
            assert self.ask(_AUTH, bytes((0x53 ^ 50, 0x4F ^ 50, 50, high ^ 0x4B ^ 50)))[0] == _OK
            del low

    def ask(self, command: int, data: bytes = b"") -> tuple[int, int, bytes]:
        """Send a request and return code, session slot and data of the next packet."""
        blank = _PACKET.pack(command, 0, self._session, self._reply) + data
        words = int.from_bytes(blank, "little") % 0xFFFF or 0xFFFF
        packet = _PACKET.pack(command, 0xFFFF - words, self._session, self._reply) + data
        self._socket.sendall(_TOP.pack(b"\x50\x50\x82\x7d", len(packet)) + packet)
        self._reply += 1
        return self.next()

    def next(self) -> tuple[int, int, bytes]:
        """Return code, session slot and data of the next packet."""
        _, length = _TOP.unpack(self._file.read(_TOP.size))
        packet = self._file.read(length)
        code, _, slot, _ = _PACKET.unpack_from(packet)
        return code, slot, packet[_PACKET.size :]

    def log(self) -> bytes:
        """Read the whole log and check nothing."""
        _, _, said = self.ask(_PREPARE, Struct("<BHII").pack(1, _LOG, 0, 0))
        (size,) = Struct("<I").unpack_from(said, 1)
        table = bytearray()
        while len(table) < size:
            length = min(_CHUNK, size - len(table))
            code, _, piece = self.ask(_READ, Struct("<II").pack(len(table), length))
            while code != _OK:
                code, _, piece = self.next()
                if code == _DATA:
                    table += piece
        return bytes(table)

    def close(self) -> None:
        """Let go of the terminal."""
        self._file.close()
        self._socket.close()


def unpack(table: bytes) -> int:
    """Unpack every row of a log and make nothing of it."""
    return sum(1 for _ in _ROW.iter_unpack(table[4:]))
