"""The comm key as AUTH carries it: obfuscated, and no security whatever.

Whoever hears one AUTH can recover the key. Source: zk-protocol, checked against real captures.
"""

from typing import Final

_MASK: Final = b"ZKSO"
_TICK: Final = 50
"""The device reads it from the bytes themselves, so any value does; this is what clients send."""


def scrambled(key: int, session: int, tick: int = _TICK) -> bytes:
    """Return the four bytes that answer a demand for the key in a session."""
    mirrored = int(f"{key:032b}"[::-1], 2)
    total = ((mirrored + session) & 0xFFFFFFFF).to_bytes(4, "little")
    _, second, third, fourth = (a ^ b for a, b in zip(total, _MASK, strict=True))
    return bytes((third ^ tick, fourth ^ tick, tick, second ^ tick))
