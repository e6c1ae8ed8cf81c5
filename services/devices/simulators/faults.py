"""The faults a simulated terminal can be given, by the words of the fleet control."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Fault(StrEnum):
    """One fault at a time; each lasts until the next one or `none`, unless it happens once.

    `cut`, `fin` and `stall` come after a number of bytes of table data, counted over all clients
    from when the fault was set.
    """

    # Of every dialect.
    NONE = "none"
    """Heal: the terminal behaves; one that was switched off is on again."""
    UNREACHABLE = "unreachable"
    """Nothing listens or dials any more and connections are broken off."""
    HANG = "hang"
    """TCP is accepted, nothing is answered, no event is sent; what arrives meanwhile is lost.

    A terminal that dials keeps its connection open, silent; healed, it reads what came.
    """
    DROP = "drop"
    """Connections are broken off, once."""
    FOREIGN = "foreign"
    """An access panel of another protocol answers, with AA 01 ... 55.

    A terminal that dials speaks XML, as those of another maker do.
    """
    NO_DATA = "no_data"
    """The log is answered with 4989, whatever its count says.

    A Timmy terminal refuses to list what is empty, with the text "have no data".
    """

    # Of ZKTeco terminals.
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
    FOREIGN_55 = "foreign55"
    """A terminal of another maker answers, with 55 AA."""
    GARBLED = "garbled"
    """Everything goes out with a wrong checksum."""

    # Of Timmy terminals. Those in QUIRKS may also be how one always is.
    NO_SN = "no_sn"
    """Replies do not say the serial number."""
    STRING_NUMBERS = "string_numbers"
    """Numbers are written as strings."""
    PADDED = "padded"
    """A blank stands behind keys and behind the name of a message."""
    TRAILING_COMMAS = "trailing_commas"
    """A comma stands behind the last record of a list, which is no JSON."""
    NO_PONG = "no_pong"
    """Pings are not answered."""
    NO_INDEX = "no_index"
    """sendlog has neither count nor logindex, as before 2019."""
    NO_RESULT = "no_result"
    """Replies that succeed have no `result`."""
    EMPTY_LIST = "empty_list"
    """getuserlist lists nobody, whoever is enrolled."""
    DUPLICATE_RET = "duplicate_ret"
    """Every reply is sent twice."""
    FRAGMENTED = "fragmented"
    """Messages come in several WebSocket frames."""
    WRONG_SN = "wrong_sn"
    """Everything after reg says another serial number."""
    LATE = "late"
    """Replies come after so many seconds as the fault's number says, events at once."""
    HALF_OPEN = "half_open"
    """The connection falls silent for ever, is not closed, and another one is dialed, once."""
    CLONE = "clone"
    """Another terminal of the same hardware dials with the same serial number."""
    STORM = "storm"
    """The terminal hangs up as soon as it is registered and dials again at once."""
    HUGE_IMAGE = "huge_image"
    """Every live record has an image of base64, 2 MiB or as many bytes as the number says."""
    OTHER_HARDWARE = "other_hardware"
    """The terminal dials again with another mac and cpusn."""
    REFUSE_USER = "refuse_user"
    """setuserinfo is refused with the number as the reason."""


_SHARED: Final = {
    Fault.NONE,
    Fault.UNREACHABLE,
    Fault.HANG,
    Fault.DROP,
    Fault.FOREIGN,
    Fault.NO_DATA,
}
QUIRKS: Final = frozenset(
    {
        Fault.NO_DATA,
        Fault.NO_SN,
        Fault.STRING_NUMBERS,
        Fault.PADDED,
        Fault.TRAILING_COMMAS,
        Fault.NO_PONG,
        Fault.NO_INDEX,
        Fault.NO_RESULT,
        Fault.EMPTY_LIST,
        Fault.DUPLICATE_RET,
        Fault.FRAGMENTED,
        Fault.WRONG_SN,
    }
)
"""How the firmware of a Timmy terminal may always be, several at a time."""
TIMMY: Final = QUIRKS | {
    *_SHARED,
    Fault.LATE,
    Fault.HALF_OPEN,
    Fault.CLONE,
    Fault.STORM,
    Fault.HUGE_IMAGE,
    Fault.OTHER_HARDWARE,
    Fault.REFUSE_USER,
}
ZK: Final = frozenset(_SHARED | (set(Fault) - TIMMY))
