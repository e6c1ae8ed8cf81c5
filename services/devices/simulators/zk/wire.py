"""Packets of ZKTeco port 4370: framing, checksum, comm key and time, as the terminal reads them.

    TCP frame    50 50 82 7D | u32 length of the packet | packet
    packet       u16 code | u16 checksum | u16 session slot | u16 reply number | data (0..65528)

All integers are little-endian. Source: zk-protocol documents; checked against 122 captured frames.
"""

from __future__ import annotations

import struct
from datetime import datetime
from typing import NamedTuple

MAGIC = bytes.fromhex("5050827d")
MAX_DATA = 65_528
_HEADER = struct.Struct("<4H")
_PREFIX = struct.Struct("<4sI")
# 16 bytes of slack over the largest packet seen; a length beyond it means we are not in step.
_MAX_PACKET = 65_536 + 16
_KEY_MASK = b"ZKSO"


class Packet(NamedTuple):
    """One packet without its checksum. `session` is a slot: what it holds depends on the code."""

    code: int
    session: int
    reply: int
    data: bytes = b""

    @property
    def number(self) -> int | None:
        """Return the u32 that the data begins with, None when it is shorter."""
        return int.from_bytes(self.data[:4], "little") if len(self.data) >= 4 else None

    def encode(self) -> bytes:
        """Return the packet's bytes, checksum included: a whole UDP datagram."""
        fields = (self.session, self.reply)
        total = checksum(_HEADER.pack(self.code, 0, *fields) + self.data)
        return _HEADER.pack(self.code, total, *fields) + self.data

    def frame(self) -> bytes:
        """Return the packet with the prefix that TCP adds."""
        body = self.encode()
        return _PREFIX.pack(MAGIC, len(body)) + body


def checksum(packet: bytes) -> int:
    """Return the 16-bit one's complement of the end-around-carry sum of little-endian words.

    `packet` must hold zero where the checksum goes. Because 65536 = 1 (mod 65535) the whole sum is
    one remainder; only an all-zero packet sums to 0, any other multiple of 65535 sums to 0xFFFF.
    """
    number = int.from_bytes(packet, "little")
    folded = number % 0xFFFF or (0xFFFF if number else 0)
    return 0xFFFF - folded


def decode(body: bytes) -> Packet | None:
    """Return the packet, or None when it is shorter than a header or its checksum is wrong."""
    if len(body) < _HEADER.size:
        return None
    code, claimed, session, reply = _HEADER.unpack_from(body)
    if checksum(body[:2] + b"\0\0" + body[4:]) != claimed:
        return None
    return Packet(code, session, reply, body[_HEADER.size :])


class FrameReader:
    """Cuts one TCP stream into packets, whatever the pieces it arrives in. Never raises.

    `bad_checksums` counts packets that were dropped. `lost` turns true for good when the stream
    holds something else than frames: inside TCP no later magic can be trusted (templates hold it).
    """

    def __init__(self) -> None:
        self._pending = bytearray()
        self.bad_checksums = 0
        self.lost = False

    def feed(self, data: bytes) -> list[Packet]:
        """Return the packets that `data` completes, in order."""
        self._pending += data
        packets: list[Packet] = []
        while (body := self._next()) is not None:
            packet = decode(body)
            if packet is None:
                self.bad_checksums += 1
            else:
                packets.append(packet)
        return packets

    def _next(self) -> bytes | None:
        head = bytes(self._pending[: _PREFIX.size])
        self.lost = self.lost or not MAGIC.startswith(head[:4])
        if self.lost or len(head) < _PREFIX.size:
            return None
        length = _PREFIX.unpack(head)[1]
        if not _HEADER.size <= length <= _MAX_PACKET:
            self.lost = True
            return None
        end = _PREFIX.size + length
        if len(self._pending) < end:
            return None
        body = bytes(self._pending[_PREFIX.size : end])
        del self._pending[:end]
        return body


def key_bytes(key: int, session: int, tick: int) -> bytes:
    """Return the four AUTH bytes for a numeric comm key (u32), a session and a tick (u8).

    An obfuscation, not a hash: bits of the key reversed, session added, XOR "ZKSO", halves
    exchanged, the tick over byte 2 and mixed into the others. Source: pyzk, five test vectors.
    """
    reversed_key = int(f"{key:032b}"[::-1], 2)
    seed = ((reversed_key + session) & 0xFFFFFFFF).to_bytes(4, "little")
    _, b1, b2, b3 = (byte ^ mask for byte, mask in zip(seed, _KEY_MASK, strict=True))
    return bytes((b2 ^ tick, b3 ^ tick, tick, b1 ^ tick))


def key_matches(data: bytes, key: int, session: int) -> bool:
    """Tell whether AUTH data proves the key. The client chooses the tick; it stands in byte 2."""
    return len(data) == 4 and data == key_bytes(key, session, data[2])


def encode_time(wall: datetime) -> int:
    """Return a wall-clock time (2000..2099, no zone) as seconds of 372-day years, a u32."""
    return encode_six(wall.timetuple()[:6])


def encode_six(six: tuple[int, ...]) -> int:
    """Return year, month, day, hour, minute and second as a u32, whether such a day exists or not.

    Every year has twelve months of 31 days.
    """
    year, month, day, hour, minute, second = six
    days = (year % 100) * 372 + (month - 1) * 31 + day - 1
    return days * 86_400 + hour * 3_600 + minute * 60 + second


def decode_time(number: int) -> datetime | None:
    """Return the wall-clock time of a u32, or None for a date that no calendar has (31 Feb)."""
    minutes, second = divmod(number, 60)
    hours, minute = divmod(minutes, 60)
    days, hour = divmod(hours, 24)
    months, day = divmod(days, 31)
    year, month = divmod(months, 12)
    try:
        return datetime(2000 + year, month + 1, day + 1, hour, minute, second)  # noqa: DTZ001 - a wall clock has no zone
    except ValueError:
        return None
