"""Numbers and shapes of the ZKTeco dialect: commands, replies, events, records; no behaviour.

All integers are little-endian. Sources: the public zk-protocol notes, dumps of real devices and
issues of the public client libraries; every shape here has a vector in tests/vectors/zk.json.
"""

from enum import IntEnum
from struct import Struct
from typing import Final


class Command(IntEnum):
    """What a client asks; only what this driver uses."""

    TABLE_TEMPLATES = 7
    USER_WRITE = 8
    USERS = 9
    OPTION_READ = 11
    OPTION_WRITE = 12
    LOG = 13
    CLEAR_LOG = 15
    DELETE_USER = 18
    UNLOCK = 31
    OPERATIONS = 34
    SIZES = 50
    START_VERIFY = 60
    START_ENROLL = 61
    CANCEL_CAPTURE = 62
    TEMPLATE_WRITE = 87
    TEMPLATE_READ = 88
    GET_TIME = 201
    SET_TIME = 202
    REGISTER = 500
    CONNECT = 1000
    EXIT = 1001
    ENABLE = 1002
    DISABLE = 1003
    RESTART = 1004
    POWER_OFF = 1005
    REFRESH_DATA = 1013
    REFRESH_OPTION = 1014
    VERSION = 1100
    AUTH = 1102
    PREPARE_DATA = 1500
    DATA = 1501
    FREE_DATA = 1502
    PREPARE_BUFFER = 1503
    READ_BUFFER = 1504


class ReplyCode(IntEnum):
    """What a device answers; any other number is an error that only its manual knows."""

    EVENT = 500
    PREPARE_DATA = 1500
    DATA = 1501
    OK = 2000
    ERROR = 2001
    UNAUTHORIZED = 2005
    NOT_SUPPORTED = 4981
    NO_PHOTO = 4985
    MEMORY_OVERFLOW = 4987
    NO_MEMORY = 4988
    NO_DATA = 4989
    TABLE_FULL = 4990
    NOT_FOUND = 4991
    DELETE_FAILED = 4992
    READ_FAILED = 4993
    UPDATE_FAILED = 4994
    ADD_FAILED = 4995
    BAD_PARAMETER = 4996
    BAD_LENGTH = 4997
    OPTION_WRITE_FAILED = 4998
    OPTION_READ_FAILED = 4999
    REFUSED = 6001
    ERROR_COMMAND = 0xFFFD
    UNKNOWN = 0xFFFF


class Event(IntEnum):
    """What happens at a device unasked: bits of the registered mask, and slots of its packets."""

    PUNCH = 1
    FINGER = 2
    ENROLLED = 8
    SCORE = 256


class Op(IntEnum):
    """What a device's own operation log notes; only what this driver looks for."""

    LOG_CLEARED = 23


# ── packets ──────────────────────────────────────────────────────────────────

MAGIC: Final = bytes.fromhex("5050827d")
PREFIX: Final = Struct("<4sI")
"""What TCP puts before a packet: the magic and the packet's length."""
HEADER: Final = Struct("<4H")
"""Code, checksum, session slot, reply number; data follows."""
MAX_PACKET: Final = 65_536 + 16
"""No packet seen is larger, and no larger one could be checked; a longer one is out of step."""
TRANSFER: Final = Struct("<II")
"""Of PREPARE_DATA: bytes that will come, and the most that one packet carries."""
FRAME_LIMIT: Final = 1024
"""The most data one packet of an upload carries."""

# ── tables ───────────────────────────────────────────────────────────────────

SELECT: Final = Struct("<BHII")
"""Of PREPARE_BUFFER: always 1, the table's command, its function code, 0."""
BUFFER: Final = Struct("<BIII")
"""Of its answer when the table is large: 0, size, size again, opaque."""
PART: Final = Struct("<II")
"""Of READ_BUFFER: offset and length."""
SIZE_WORD: Final = Struct("<I")
"""A table begins with the number of bytes that follow."""

LOG_8A: Final = Struct("<HBIB")
"""An attendance record: slot, verify, time, state."""
LOG_8B: Final = Struct("<HBBI")
"""An attendance record of ZEM500/ZEM560: slot, packed state and verify, 0, time."""
LOG_16: Final = Struct("<IIBBHI")
"""An attendance record: user id as a number, time, state, verify, reserved, work code."""
LOG_40: Final = Struct("<H24sBIB8s")
"""An attendance record of TFT and Linux models: slot, user id, verify, time, state, tail."""
LOG_49: Final = Struct("<H24sBIB17s")
"""The same of SpeedFace and MB models with a longer tail of unknown meaning."""

USER_28: Final = Struct("<HB5s8sIBBHI")
"""A user of black-and-white models: slot, privilege, password, name, card, pad, group, time zones
as bits, user id as a number."""
USER_72: Final = Struct("<HB8s24sIBH3H24s")
"""A user of TFT models: slot, privilege, password, name, card, group, whether it has time zones of
its own, the three of them, user id."""

OPERATION: Final = Struct("<HBBI8s")
"""A record of the operation log: administrator, operation, unknown, time, parameters."""
TEMPLATE: Final = Struct("<HHBB")
"""Head of a template: size of the entry with this head, slot, finger, flag."""
FINGER: Final = Struct("<HB")
"""One finger of one slot."""
COMMIT: Final = Struct("<HBBH")
"""Of TEMPLATE_WRITE: slot, finger, flag, size of the template."""

SIZES: Final = Struct("<20i")
"""Counts and capacities; 80 bytes on every model that tells them at once."""
SIZES_FACES: Final = Struct("<i4xi")
"""Faces and their capacity, which follow on models with a camera."""

# ── live events ──────────────────────────────────────────────────────────────

LIVE_10: Final = Struct("<HBB6B")
"""A live punch: slot, verify, state, YY MM DD hh mm ss; a 14-byte form begins so."""
LIVE_12: Final = Struct("<IBB6B")
"""A live punch: user id as a number, then the same."""
LIVE_32: Final = Struct("<24sBB6B")
"""A live punch of TFT models: user id, then the same. Longer forms begin so."""
ENROLLED: Final = Struct("<H")
"""How an enrolment ended: 0 well, 4 and 6 not, 5 with a finger that is known."""
ENROLLED_SIZE: Final = Struct("<HH")
"""The same with the template's size, when it ended well; user id and finger follow."""
START_ENROLL: Final = Struct("<24sBB")
"""User id, finger, flag: 1 for a valid template."""
START_ENROLL_OLD: Final = Struct("<IB")
"""User id as a number, finger: over UDP."""
