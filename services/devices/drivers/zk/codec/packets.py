"""Packets: checksum, TCP framing, and cutting a stream into packets whatever its pieces."""

from typing import Final, NamedTuple

from services.devices.drivers.zk.messages import HEADER, MAGIC, MAX_PACKET, PREFIX

_FOREIGN: Final = {
    b"\xaa\x01": "a C3/inBio access panel answers here, which speaks another protocol",
    b"\x55\xaa": "a terminal of another maker answers here (sold as ZT1200 or BT4031)",
}


class FramingError(Exception):
    """The bytes are no packets of this dialect; nothing that follows can be trusted."""


class Packet(NamedTuple):
    """One packet without its checksum."""

    code: int
    slot: int
    """The session id, or what the device puts in its place: see ``Conversation``."""
    number: int
    """Of a request, or of the request that is answered; 0 in events."""
    data: bytes = b""

    def encode(self) -> bytes:
        """Return the packet with its checksum: one UDP datagram."""
        blank = HEADER.pack(self.code, 0, self.slot, self.number) + self.data
        return HEADER.pack(self.code, checksum(blank), self.slot, self.number) + self.data

    def frame(self) -> bytes:
        """Return the packet as TCP carries it."""
        packet = self.encode()
        return PREFIX.pack(MAGIC, len(packet)) + packet


def checksum(blank: bytes) -> int:
    """Return the one's complement of the end-around-carry sum of a packet's 16-bit words.

    ``blank`` holds 0 where the checksum goes; an odd last byte is the low half of its word. The
    carry makes it a sum modulo 65535, and there 65536 is 1: so the packet read as one number has
    the same remainder, at the speed of one division.
    """
    number = int.from_bytes(blank, "little")
    return 0xFFFF - (number % 0xFFFF or (number and 0xFFFF))


def decode(packet: bytes) -> Packet | None:
    """Return a packet, or None when it is too short or its checksum is wrong."""
    if len(packet) < HEADER.size:
        return None
    code, claimed, slot, number = HEADER.unpack_from(packet)
    if checksum(packet[:2] + b"\0\0" + packet[4:]) != claimed:
        return None
    return Packet(code, slot, number, packet[HEADER.size :])


def foreign(data: bytes) -> str | None:
    """Return what speaks, when the first bytes are those of a known other protocol."""
    return _FOREIGN.get(data[:2])


class FrameReader:
    """Cuts a TCP stream into packets. Reassembles on the length field only."""

    def __init__(self) -> None:
        self._pending = bytearray()
        self.damaged = 0
        """Packets that were dropped for their checksum."""

    def add(self, data: bytes) -> None:
        """Take in the next piece of the stream."""
        self._pending += data

    def next(self) -> Packet | None:
        """Return the next whole packet, or None until more has come.

        Raises FramingError when the stream is not, or no longer, one of this dialect: there is no
        way back, because templates may hold the magic.
        """
        while True:
            end = self._end()
            if end is None or len(self._pending) < end:
                return None
            packet = decode(bytes(self._pending[PREFIX.size : end]))
            del self._pending[:end]
            if packet is not None:
                return packet
            self.damaged += 1

    def begun(self) -> Packet | None:
        """Return the head of the packet that has come in part, once the head is there."""
        head = self._pending[PREFIX.size : PREFIX.size + HEADER.size]
        if len(head) < HEADER.size:
            return None
        code, _, slot, number = HEADER.unpack(head)
        return Packet(code, slot, number)

    def _end(self) -> int | None:
        """Return where the first packet ends, or None while its prefix is not whole."""
        start = bytes(self._pending[: len(MAGIC)])
        if not MAGIC.startswith(start):
            msg = foreign(start) or f"the stream goes {start.hex(' ')}, which is no packet"
            raise FramingError(msg)
        if len(self._pending) < PREFIX.size:
            return None
        _, length = PREFIX.unpack_from(self._pending)
        if not HEADER.size <= length <= MAX_PACKET:
            msg = f"a packet of {length} bytes cannot be"
            raise FramingError(msg)
        return PREFIX.size + int(length)
