"""Command and reply numbers of ZKTeco port 4370 that the simulator speaks.

Source: the public zk-protocol documents and the captures quoted in issues of the pyzk project.
"""

from __future__ import annotations

from enum import IntEnum


class Command(IntEnum):
    """What a client asks; everything not listed is answered with `Reply.UNKNOWN`."""

    USERS_READ = 9
    OPTION_READ = 11
    OPTION_WRITE = 12
    ATTENDANCE_READ = 13
    CLEAR_ATTENDANCE = 15
    UNLOCK = 31
    OPERATIONS_READ = 34
    FREE_SIZES = 50
    START_VERIFY = 60
    CANCEL_CAPTURE = 62
    STATE = 64
    GET_TIME = 201
    SET_TIME = 202
    REGISTER_EVENTS = 500
    CONNECT = 1000
    EXIT = 1001
    ENABLE = 1002
    DISABLE = 1003
    RESTART = 1004
    REFRESH_DATA = 1013
    REFRESH_OPTION = 1014
    VERSION = 1100
    AUTH = 1102
    FREE_BUFFER = 1502
    PREPARE_BUFFER = 1503
    READ_BUFFER = 1504


class Reply(IntEnum):
    """What the terminal answers. EVENT is sent unasked, with reply number 0."""

    EVENT = 500
    PREPARE_DATA = 1500
    DATA = 1501
    OK = 2000
    ERROR = 2001
    UNAUTH = 2005
    NO_DATA = 4989
    REFUSED = 6001
    UNKNOWN = 0xFFFF


class Event(IntEnum):
    """Realtime event codes: bits of the mask a client registers, session slot of the event."""

    ATTENDANCE = 1


class Table(IntEnum):
    """What a buffered read can select; the numbers are the protocol's own function codes (fct)."""

    ATTENDANCE = 1
    TEMPLATES = 2
    OPERATIONS = 4
    USERS = 5


class State(IntEnum):
    """What STATE reports in the session slot of its answer."""

    IDENTIFY = 2
    BUSY = 4
