"""How the families of Timmy firmware differ in what they say and do.

Source: sections 0.1, 1.1, 1.6 and 1.7 of the protocol notes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from services.devices.simulators.quirks import Family

if TYPE_CHECKING:
    from collections.abc import Mapping

FINGERS: Final = range(10)
PASSWORD: Final = 10
CARD: Final = 11
ALL_FINGERS: Final = 12
"""deleteuser only."""
ALL: Final = 13
"""deleteuser only."""
FACES: Final = range(20, 28)
PALMS: Final = range(30, 38)
PHOTO: Final = 50

BY_FINGER, BY_CARD, BY_FACE = 1, 3, 8
"""`mode` of a record: how the person identified."""
NOBODY: Final = 0
"""The enrollid of a record about the door."""
STRANGER: Final = 99_999_999
"""The enrollid of a face that nobody knows."""


class Traits(NamedTuple):
    """`hangs_up`: an unanswered push ends the connection, else it is repeated for ever.

    `dumps`: everybody whom no server acknowledged is sent after reg, else only who enrolled here.
    `explains`: a refusal has `msg`, and an unknown command gets one; else that stays unanswered.
    `live_index`: a live record has a logindex of its own, else 0.
    """

    modes: tuple[int, ...]
    slots: tuple[int, ...]
    """What invented people have, first things first."""
    faces: bool = True
    palms: bool = False
    fingers: bool = True
    hangs_up: bool = False
    dumps: bool = False
    dumps_after_clearing: bool = False
    explains: bool = True
    live_index: bool = True
    modern: bool = False
    """The names of the 80-command dialect are known."""


TRAITS: Final[Mapping[Family, Traits]] = {
    Family.A: Traits(
        modes=(BY_FINGER, BY_FINGER, BY_CARD),
        slots=tuple(FINGERS),
        faces=False,
        explains=False,
    ),
    Family.B: Traits(
        modes=(BY_FACE, BY_FACE, BY_CARD),
        slots=(PHOTO, *FACES),
        fingers=False,
        dumps_after_clearing=True,
        live_index=False,
    ),
    Family.C: Traits(
        modes=(BY_FACE, BY_FINGER, BY_CARD),
        slots=(0, PHOTO, 1, *FACES, *PALMS),
        palms=True,
        hangs_up=True,
        dumps=True,
    ),
    Family.D: Traits(
        modes=(BY_FACE, BY_FINGER, BY_CARD),
        slots=(0, PHOTO, 1, *FACES),
        palms=True,
        modern=True,
    ),
}
