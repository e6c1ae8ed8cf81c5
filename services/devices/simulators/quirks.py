"""How terminals differ from each other, by the words of the fleet file."""

from __future__ import annotations

from enum import IntEnum, StrEnum


class Dialect(StrEnum):
    """The protocol that a terminal speaks."""

    ZK = "zk"
    TIMMY = "timmy"


class Transport(StrEnum):
    """What a terminal listens on, always the same port number."""

    TCP = "tcp"
    UDP = "udp"
    BOTH = "both"


class LogWidth(StrEnum):
    """The form of an attendance record: its bytes, and which of the two that have eight."""

    EIGHT_A = "8a"
    EIGHT_B = "8b"
    SIXTEEN = "16"
    FORTY = "40"
    FORTY_NINE = "49"


class UserWidth(IntEnum):
    """How many bytes a user record has: 28 on black-and-white terminals, 72 on colour ones."""

    NARROW = 28
    WIDE = 72


class Sizes(StrEnum):
    """The form of GET_FREE_SIZES: 92, 80 or 112 bytes, or one count for the index asked for."""

    FULL = "full"
    SHORT = "short"
    LONG = "long"
    PER_INDEX = "per_index"


class Writes(StrEnum):
    """How packets meet TCP: one a segment, an answer a segment, or in pieces of 24 to 256 bytes."""

    WHOLE = "whole"
    COALESCED = "coalesced"
    FRAGMENTED = "fragmented"


class Closing(StrEnum):
    """What stands in the session slot of the OK that closes a transfer."""

    RESULT = "result"
    SESSION = "session"


class Empty(StrEnum):
    """How a terminal answers a read of an empty table; firmwares differ, all three occur."""

    ZERO = "zero"
    ERROR = "error"
    NO_DATA = "no_data"


class Unknown(StrEnum):
    """The code that answers a command the firmware does not know."""

    FFFF = "ffff"
    NOT_SUPPORTED = "4981"


class Second(StrEnum):
    """What becomes of a TCP connection while another one is open."""

    SERVED = "served"
    RESET = "reset"
    WAITS = "waits"


class Enrols(StrEnum):
    """What happens, with no script given, after a client asks for a finger."""

    OK = "ok"
    FAIL = "fail"
    DUPLICATE = "duplicate"
    NOBODY = "nobody"


class Family(StrEnum):
    """Families of Timmy firmware: TM20 and TH600W, AiFace 4, newer AiFace, the 80-command dialect.

    Source: section 0.1 of the protocol notes.
    """

    A = "a"
    B = "b"
    C = "c"
    D = "d"


class Paging(StrEnum):
    """How count, from and to of a page are meant: of the total, of the page, or as logs have it."""

    TOTAL = "p1"
    PAGE = "p2"
    LOG = "p3"
