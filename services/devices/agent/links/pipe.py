"""How an agent and its worker process talk: a length, a JSON head, and raw bytes behind it.

u32 length of the head | u32 length of the bytes | head | bytes      (little-endian)
"""

import json
from struct import Struct
from typing import Any, Final, NamedTuple

HEADER: Final = Struct("<II")


class Frame(NamedTuple):
    """One message between the two processes."""

    head: dict[str, Any]
    body: bytes = b""


def encode(frame: Frame) -> bytes:
    """Return a frame's bytes."""
    head = json.dumps(frame.head).encode()
    return HEADER.pack(len(head), len(frame.body)) + head + frame.body
