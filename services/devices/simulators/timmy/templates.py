"""Fingerprint templates of Timmy terminals: their size, their checksum, and how they are written.

Source: section 1.5 of the protocol notes: lower-case hexadecimal in which `(N)` stands for N zero
bytes; thbio3.0 has 810 bytes, the last two the little-endian sum of the others, thbio1.0 has 512.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from random import Random

SIZES: Final = {"thbio3.0": 810, "thbio1.0": 512}
_SUMMED: Final = "thbio3.0"
_FIRST: Final = b"\xc5"
_WRITTEN = re.compile(r"(?:[0-9a-f]{2}|\([1-9]\d{0,3}\))+", re.IGNORECASE)
_PARTS = re.compile(r"\((\d+)\)|([0-9a-f]+)", re.IGNORECASE)
_ZEROS = re.compile(rb"\0{2,}")


def scan(algorithm: str, rng: Random) -> bytes:
    """Return the template of a finger laid on the sensor; never the same twice."""
    size = SIZES[algorithm] - 2
    minutiae = rng.randbytes(rng.randrange(size // 3, size // 2))
    body = (_FIRST + minutiae).ljust(size, b"\0")
    return body + _sum(body)


def written(template: bytes) -> str:
    """Return a template as it stands in a message."""
    pieces: list[str] = []
    end = 0
    for zeros in _ZEROS.finditer(template):
        pieces += (template[end : zeros.start()].hex(), f"({len(zeros[0])})")
        end = zeros.end()
    return "".join([*pieces, template[end:].hex()])


def read(record: str, algorithm: str) -> bytes | None:
    """Return the template that a record holds, None for one that this algorithm never made."""
    if len(record) >= 2 * SIZES[algorithm] or not _WRITTEN.fullmatch(record):
        return None
    pieces = [
        bytes(int(zeros)) if zeros else bytes.fromhex(digits)
        for zeros, digits in _PARTS.findall(record)
    ]
    template = b"".join(pieces)
    if len(template) != SIZES[algorithm]:
        return None
    sound = algorithm != _SUMMED or template[-2:] == _sum(template[:-2])
    return template if sound else None


def _sum(body: bytes) -> bytes:
    return (sum(body) & 0xFFFF).to_bytes(2, "little")
