"""A transfer: PREPARE_DATA, numbered DATA, and the OK that closes it. No I/O.

    PREPARE_DATA u32 length, u32 largest payload
    DATA x ceil(length / payload)
    OK

Wire facts, from captures of five models: DATA after PREPARE_DATA carries the packet's sequence
number 0, 1, 2... in its session slot, and the closing OK a result value instead of the session.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from services.devices.simulators.quirks import Closing
from services.devices.simulators.zk.codes import Reply
from services.devices.simulators.zk.wire import MAX_DATA, Packet

if TYPE_CHECKING:
    from services.devices.simulators.zk.session import Session

CHUNK = struct.Struct("<II")
"""Two u32: offset and length of a chunk, or length and largest payload of a transfer."""
_DATAGRAM = 1024


def transfer(session: Session, request: Packet, content: bytes, result: int) -> list[Packet]:
    """Return the packets that carry `content`; one that closes them holds `result`, or nothing."""
    spec = session.device.spec
    largest = _DATAGRAM if session.datagrams else spec.packet
    step = min(largest, MAX_DATA)
    closing = session.id if spec.closing is Closing.SESSION else result & 0xFFFF
    pieces = [content[start : start + step] for start in range(0, len(content), step)]
    return [
        session.reply(request, Reply.PREPARE_DATA, CHUNK.pack(len(content), largest)),
        *(
            Packet(Reply.DATA, sequence & 0xFFFF, request.reply, piece)
            for sequence, piece in enumerate(pieces)
        ),
        Packet(Reply.OK, closing, request.reply),
    ]
