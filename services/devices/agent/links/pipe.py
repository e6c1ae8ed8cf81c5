"""How an agent and its worker process talk: a length, a JSON head, and raw bytes behind it.

u32 length of the head | u32 length of the bytes | head | bytes      (little-endian)
"""

import json
from collections.abc import Iterator
from struct import Struct
from typing import Any, Final, NamedTuple

_LENGTHS: Final = Struct("<II")


class Frame(NamedTuple):
    """One message between the two processes."""

    head: dict[str, Any]
    body: bytes = b""


def encode(frame: Frame) -> bytes:
    """Return a frame's bytes."""
    head = json.dumps(frame.head).encode()
    return _LENGTHS.pack(len(head), len(frame.body)) + head + frame.body


class Frames:
    """Cuts what comes out of a pipe into frames."""

    def __init__(self) -> None:
        self._pending = bytearray()

    def feed(self, data: bytes) -> Iterator[Frame]:
        """Take in what came and yield every frame that is whole by now."""
        self._pending += data
        while len(self._pending) >= _LENGTHS.size:
            head_size, body_size = _LENGTHS.unpack_from(self._pending)
            body = _LENGTHS.size + head_size
            if len(self._pending) < body + body_size:
                return
            frame = Frame(
                json.loads(self._pending[_LENGTHS.size : body]),
                bytes(self._pending[body : body + body_size]),
            )
            del self._pending[: body + body_size]
            yield frame
