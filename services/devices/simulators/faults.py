"""The faults a simulated terminal can be given, by the words of the fleet control."""

from __future__ import annotations

from enum import StrEnum


class Fault(StrEnum):
    """One fault at a time; each lasts until the next one or `none`, unless it happens once.

    `cut`, `fin` and `stall` come after a number of bytes of table data, counted over all clients
    from when the fault was set.
    """

    NONE = "none"
    """Heal: the terminal behaves; one that was switched off is on again."""
    UNREACHABLE = "unreachable"
    """Nothing listens any more and connections are broken off."""
    HANG = "hang"
    """TCP is accepted, nothing is answered, no event is sent; what arrives meanwhile is lost."""
    DROP = "drop"
    """Connections are broken off, once."""
    WRONG_KEY = "wrong_key"
    """The comm key is another one; clients have to connect again."""
    SLOW = "slow"
    """Tables are sent at the pace of an old board, in small pieces."""
    REFUSE = "refuse"
    """CONNECT is answered with 6001, as firmware of 2025 does; clients have to connect again."""
    CUT = "cut"
    """The connection is reset in the middle of a table, once; over UDP the client is forgotten."""
    FIN = "fin"
    """The connection is closed in the middle of a frame of a table, once."""
    STALL = "stall"
    """The connection falls silent in the middle of a table; healed, the rest is sent."""
    COUNT_RACE = "count_race"
    """Somebody punches right before every read of the log, after the client read its size."""
    INTERLEAVE = "interleave"
    """Somebody punches in the middle of every transfer."""
    LOSSY = "lossy"
    """Of the datagrams to clients one in 20 is lost, one doubled, one overtaken by the next."""
    MUTE_RESTART = "mute_restart"
    """RESTART is obeyed without an answer."""
    FOREIGN = "foreign"
    """An access panel of another protocol answers, with AA 01 ... 55."""
    FOREIGN_55 = "foreign55"
    """A terminal of another maker answers, with 55 AA."""
    GARBLED = "garbled"
    """Everything goes out with a wrong checksum."""
    NO_DATA = "no_data"
    """The log is answered with 4989, whatever its count says."""
