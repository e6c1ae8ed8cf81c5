"""Shapes of the ZKTeco dialect: sizes and layouts of its tables and events.

All integers are little-endian. Sources: the public zk-protocol notes and dumps of real devices.
"""

from struct import Struct
from typing import Final

SIZE_WORD: Final = Struct("<I")
"""A table begins with the number of bytes that follow."""

LOG_40: Final = Struct("<H24sBIB8s")
"""An attendance record of TFT and Linux models: slot, user id, verify, time, state, tail."""

USER_72: Final = Struct("<HB8s24sIBH3H24s")
"""A user of TFT models: slot, privilege, password, name, card, group, zones…, user id."""

LIVE_32: Final = Struct("<24sBB6B")
"""A live punch of TFT models: user id, verify, state, YY MM DD hh mm ss. Longer forms begin so."""
LIVE_12: Final = Struct("<IBB6B")
"""A live punch of older models: user id as a number, then the same."""
