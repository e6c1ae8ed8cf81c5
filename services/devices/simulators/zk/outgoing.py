"""How packets meet the wire: in which pieces, how fast, and where a fault takes hold. No I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from services.devices.simulators.faults import Fault
from services.devices.simulators.quirks import Writes
from services.devices.simulators.zk.codes import Reply
from services.devices.simulators.zk.firmware import TRAPS

if TYPE_CHECKING:
    from services.devices.simulators.zk.firmware import Firmware
    from services.devices.simulators.zk.wire import Packet

# 40 KB/s in 1 KB pieces: what an old board manages, and how one was seen to cut its frames.
_SLOW_PIECE = 1024
_SLOW_PAUSE = 0.025
# How a K20 was seen to.
_SHORTEST, _LONGEST = 24, 256
_GARBLED = 0x5A
_CHECKSUM_AT = 2


class Step(NamedTuple):
    """Write `content`; then wait `pause` seconds, if any, or let `trap` close."""

    content: bytes
    pause: float | None = None
    trap: Fault = Fault.NONE


def steps(packet: Packet, firmware: Firmware, *, framed: bool) -> list[Step]:
    """Return how a packet is written to a TCP stream (`framed`) or as a datagram."""
    content = packet.frame() if framed else packet.encode()
    if firmware.fault is Fault.GARBLED:
        content = _garbled(content, len(content) - len(packet.encode()) + _CHECKSUM_AT)
    if packet.code == Reply.DATA and firmware.fault in TRAPS:
        return _trapped(content, len(packet.data), firmware, framed=framed)
    if packet.code == Reply.DATA and firmware.fault is Fault.SLOW:
        return _cut(content, _SLOW_PIECE) if framed else [Step(content, _SLOW_PAUSE)]
    *most, last = _pieces(content, firmware) if framed else [Step(content)]
    return [*most, last._replace(pause=firmware.spec.pace or last.pause)]


def _trapped(content: bytes, size: int, firmware: Firmware, *, framed: bool) -> list[Step]:
    """Return the steps of table data of which `firmware.left` bytes still go out."""
    trap, room = firmware.fault, min(firmware.left, size)
    firmware.left -= room
    if room < size or firmware.left == 0:
        if trap is not Fault.STALL:
            firmware.fault = Fault.NONE
        # A FIN at the end of a frame would not be in the middle of it.
        room = min(room, size - 1) if trap is Fault.FIN else room
        end = len(content) - size + room
        if not framed:
            # Half a datagram is none.
            end = len(content) if room == size else 0
        return [Step(content[:end], trap=trap), Step(content[end:])]
    return _pieces(content, firmware) if framed else [Step(content)]


def _pieces(content: bytes, firmware: Firmware) -> list[Step]:
    if firmware.spec.writes is not Writes.FRAGMENTED:
        return [Step(content)]
    found, start = [], 0
    while start < len(content):
        end = start + firmware.rng.randint(_SHORTEST, _LONGEST)
        found.append(Step(content[start:end], 0.0))
        start = end
    return found


def _cut(content: bytes, size: int) -> list[Step]:
    starts = range(0, len(content), size)
    return [Step(content[start : start + size], _SLOW_PAUSE) for start in starts]


def _garbled(content: bytes, at: int) -> bytes:
    return content[:at] + bytes((content[at] ^ _GARBLED,)) + content[at + 1 :]
