"""Command and reply numbers of ZKTeco port 4370 that the simulator speaks.

Source: the public zk-protocol documents and the captures quoted in issues of the pyzk project.
"""

from __future__ import annotations

from enum import IntEnum


class Command(IntEnum):
    """What a client asks; what is not listed is unknown to the terminal."""

    BY_FUNCTION = 7
    USER_WRITE = 8
    USERS_READ = 9
    OPTION_READ = 11
    OPTION_WRITE = 12
    ATTENDANCE_READ = 13
    CLEAR_DATA = 14
    CLEAR_ATTENDANCE = 15
    USER_DELETE = 18
    TEMPLATE_DELETE = 19
    CLEAR_ADMINS = 20
    USER_GROUP_READ = 21
    USER_GROUP_WRITE = 22
    USER_ZONES_READ = 23
    USER_ZONES_WRITE = 24
    GROUP_READ = 25
    GROUP_WRITE = 26
    ZONE_READ = 27
    ZONE_WRITE = 28
    COMBINATION_READ = 29
    COMBINATION_WRITE = 30
    UNLOCK = 31
    CLEAR_ACCESS = 32
    CLEAR_OPERATIONS = 33
    OPERATIONS_READ = 34
    FREE_SIZES = 50
    ENABLE_CLOCK = 57
    START_VERIFY = 60
    START_ENROL = 61
    CANCEL_CAPTURE = 62
    STATE = 64
    DISPLAY_WRITE = 66
    DISPLAY_CLEAR = 67
    PIN_WIDTH = 69
    DOOR_STATE = 75
    STYLE_WRITE = 79
    STYLE_READ = 80
    TEMPLATE_WRITE = 87
    TEMPLATE_READ = 88
    SAVE_TEMPLATES = 110
    CHECKSUM = 119
    TEMPLATE_DELETE_BY_ID = 134
    GET_TIME = 201
    SET_TIME = 202
    REGISTER_EVENTS = 500
    CONNECT = 1000
    EXIT = 1001
    ENABLE = 1002
    DISABLE = 1003
    RESTART = 1004
    POWER_OFF = 1005
    REFRESH_DATA = 1013
    REFRESH_OPTION = 1014
    TEST_VOICE = 1017
    VERSION = 1100
    AUTH = 1102
    PREPARE_DATA = 1500
    DATA = 1501
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
    NOT_SUPPORTED = 4981
    NO_DATA = 4989
    REFUSED = 6001
    UNKNOWN = 0xFFFF


class Event(IntEnum):
    """Realtime event codes: bits of the mask a client registers, session slot of the event."""

    ATTENDANCE = 1
    FINGER = 2
    ENROL_FINGER = 8
    SCORE = 256


class Table(IntEnum):
    """What a buffered read can select; the numbers are the protocol's own function codes (fct)."""

    ATTENDANCE = 1
    TEMPLATES = 2
    OPERATIONS = 4
    USERS = 5


class State(IntEnum):
    """What STATE reports in the session slot of its answer."""

    ENROL = 1
    IDENTIFY = 2
    BUSY = 4


class Data(IntEnum):
    """What CLEAR_DATA can name; without an argument it is everything."""

    ATTENDANCE = 1
    TEMPLATES = 2
    NONE = 3
    OPERATIONS = 4
    USERS = 5
