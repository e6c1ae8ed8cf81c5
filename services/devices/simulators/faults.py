"""The faults a simulated terminal can be given, by the words of the fleet control."""

from __future__ import annotations

from enum import StrEnum


class Fault(StrEnum):
    """One fault at a time; each lasts until the next one or `none`, except `drop`."""

    NONE = "none"
    """Heal: the terminal behaves."""
    UNREACHABLE = "unreachable"
    """Nothing listens any more and connections are broken off."""
    HANG = "hang"
    """TCP is accepted, nothing is answered, no event is sent; what arrives meanwhile is lost."""
    DROP = "drop"
    """Connections are broken off once; the terminal is healthy afterwards."""
    WRONG_KEY = "wrong_key"
    """The comm key is another one; clients have to connect again."""
    SLOW = "slow"
    """Tables are sent at the pace of an old board, in small pieces."""
    REFUSE = "refuse"
    """CONNECT is answered with 6001, as firmware of 2025 does; clients have to connect again."""
