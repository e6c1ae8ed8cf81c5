"""Text fields: code page, NUL, garbage after it, and cutting names to a field."""

from typing import Final

_NUL: Final = b"\x00"


def text(field: bytes, encoding: str = "utf-8") -> str:
    """Return the text of a field; what follows the NUL is garbage on real devices.

    Never raises. Bytes that the code page does not know come out as ``\\xNN``, so that two ids that
    differ stay different, and nothing is lost.
    """
    said = field.split(_NUL, 1)[0].decode(encoding, errors="backslashreplace")
    # A code page may still turn some bytes into a NUL, which no database takes.
    return said.split("\x00", 1)[0].strip()


def cut(name: str, width: int, encoding: str) -> bytes:
    """Return a name in at most ``width`` bytes, cut between characters.

    What the code page cannot write becomes a question mark.
    """
    kept = b""
    for end in range(min(len(name), width), -1, -1):
        kept = name[:end].encode(encoding, errors="replace")
        if len(kept) <= width:
            break
    return kept


def field(said: bytes, width: int) -> bytes:
    """Return bytes filled up with NULs to a field's width."""
    return said.ljust(width, _NUL)
