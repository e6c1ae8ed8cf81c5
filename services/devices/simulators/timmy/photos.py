"""Face photos: one that a terminal takes, and its judgement of one that a server sends.

Source: sections 1.4 (photo rules) and 1.7 (reason codes) of the protocol notes. There is no eye
here for faces: what is wrong with one is read from a comment in the JPEG file.
"""

from __future__ import annotations

import base64
import binascii
import struct
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from random import Random

MALFORMED, TOO_LARGE, TOO_POOR = 1, 7, 10
KNOWN_FACE: Final = 12
"""The face is enrolled for somebody else."""
FLAWS: Final = {
    b"no face": 5,
    b"two faces": 6,
    b"face too large": 8,
    b"face too small": 9,
    b"poor": TOO_POOR,
    b"off-centre": 11,
}
"""The reason to refuse a photo, by the comment it carries."""
_WIDTH, _HEIGHT = 480, 640
_LARGEST = 150 * 1024
_LEAST, _MOST = (240, 320), (800, 1280)
_START, _END = b"\xff\xd8", b"\xff\xd9"
_FRAMES = {0xC0, 0xC1, 0xC2}
_COMMENT, _SCAN = 0xFE, 0xDA
_PREFIX = "base64,"


class _Picture(NamedTuple):
    width: int
    height: int
    comment: bytes


def taken(rng: Random) -> str:
    """Return the base64 of a photo taken by the terminal's camera: grey, and never the same."""
    blocks = (_WIDTH // 8) * (_HEIGHT // 8)
    # Huffman codes: 0 is "like the block before", 10 "six bits brighter"; then 0 "and no detail".
    bits = f"10{rng.randrange(32, 64):06b}0" + "00" * (blocks - 1)
    bits += "1" * (-len(bits) % 8)
    scan = int(bits, 2).to_bytes(len(bits) // 8, "big")
    content = b"".join(
        (
            _START,
            _segment(_COMMENT, rng.randbytes(8).hex().encode()),
            _segment(0xDB, b"\0" + b"\x08" * 64),
            _segment(0xC0, struct.pack(">BHHB", 8, _HEIGHT, _WIDTH, 1) + b"\1\x11\0"),
            _segment(0xC4, b"\x00\1\1" + bytes(14) + b"\0\6"),
            _segment(0xC4, b"\x10\1" + bytes(15) + b"\0"),
            _segment(_SCAN, b"\1\1\0\0\x3f\0"),
            scan,
            _END,
        )
    )
    return base64.b64encode(content).decode()


def bare(record: str) -> str:
    """Return a photo's base64 without the `data:` prefix that some servers write."""
    return record.partition(_PREFIX)[2] if record.startswith("data:") else record


def judged(record: str) -> int | None:
    """Return the reason to refuse a photo (bare base64), None for a good one."""
    try:
        content = base64.b64decode(record, validate=True)
    except binascii.Error:
        return MALFORMED
    picture = _picture(content)
    if picture is None or len(content) >= _LARGEST:
        return MALFORMED
    if picture.width > _MOST[0] or picture.height > _MOST[1]:
        return TOO_LARGE
    if picture.width < _LEAST[0] or picture.height < _LEAST[1]:
        return TOO_POOR
    return FLAWS.get(picture.comment)


def _picture(content: bytes) -> _Picture | None:
    """Return size and comment of a JPEG file, None for anything else."""
    if not (content.startswith(_START) and content.endswith(_END)):
        return None
    width = height = 0
    comment = b""
    at = len(_START)
    while at + 4 <= len(content) and content[at] == 0xFF and content[at + 1] != _SCAN:
        marker, length = content[at + 1], int.from_bytes(content[at + 2 : at + 4], "big")
        body = content[at + 4 : at + 2 + length]
        if marker in _FRAMES and len(body) >= 5:
            height, width = struct.unpack(">HH", body[1:5])
        elif marker == _COMMENT:
            comment = body
        at += 2 + max(length, 2)
    return _Picture(width, height, comment) if width else None


def _segment(marker: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body
