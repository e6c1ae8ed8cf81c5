"""Words, numbers and bounds of the Timmy dialect: commands, slots, families; no behaviour.

Source: timmy.md, whose sections are named where a fact is of one of them.
"""

from typing import Final, Literal, NamedTuple

Family = Literal["a", "b", "c", "d"]
"""A family of firmware (0.1): fingerprint terminals, AiFace 4, newer AiFace, the 80+ commands."""


class Traits(NamedTuple):
    """What is true of every terminal of a family."""

    profiles: bool = True
    """Whether it tells of a person without a slot being named, and takes one without any (1.7)."""
    faces: bool = True
    """Whether it knows faces where it does not say how many (4.3 #23)."""


TRAITS: Final[dict[Family, Traits]] = {
    "a": Traits(profiles=False, faces=False),
    "b": Traits(),
    "c": Traits(),
    "d": Traits(),
}

# ── frames ───────────────────────────────────────────────────────────────────

FRAME_LIMIT: Final = 4 << 20
"""Bytes of the largest frame: photos are 100 to 300 kB (1.9)."""
DEPTH_LIMIT: Final = 16
RECORD_LIMIT: Final = 2_000
"""The most records, or anything else, that one list of a frame may have (5.2)."""
VALUE_LIMIT: Final = 1 << 16
"""The most values in a frame: twice what the most records with every known field have."""
SERIAL: Final = r"[A-Za-z0-9][A-Za-z0-9_-]{4,49}"
"""The form of a serial number; letters count the same in either case (0.1)."""

# ── what terminals say unasked ───────────────────────────────────────────────

REGISTER: Final = "reg"
LOG: Final = "sendlog"
USER: Final = "senduser"
ASKS_TO_PASS: Final = frozenset({"sendqrcode", "sendpin"})
"""Whoever shows a code wants the door opened: nobody here decides that, so the answer is no."""
NOTHING_HERE: Final = frozenset({"otacheck", "otaget", "talkcall", "vicheckonline"})
"""Asks for a service that is not offered, and is told so (1.6)."""
SIGNS_OF_LIFE: Final = frozenset({"heartbeat", "checklive"})
UNANSWERED: Final = frozenset({"sendgps"})
"""The one command that wants no answer (1.2)."""

# ── people ───────────────────────────────────────────────────────────────────

NOBODY: Final = 0
"""The person of what happens at a door (1.6)."""
STRANGER: Final = 99_999_999
"""The person of a face that the terminal does not know (1.4); never one to be added."""
GREATEST_ID: Final = 999_999_999_999
FINGERS: Final = range(10)
PASSWORD: Final = 10
CARD: Final = 11
FACES: Final = range(20, 28)
PALMS: Final = range(30, 38)
PHOTO: Final = 50
PROBED: Final = (PHOTO, *FINGERS, PASSWORD, CARD, *FACES, *PALMS)
"""Every slot that a person can have something in (1.4)."""
BLANK: Final = "0"
"""In slot 0: a person with nothing to know them by (1.4)."""
ENROL_FLAG: Final = 10
"""What ``flag`` is in adduser: registration that goes on by itself (1.7)."""
DELETE_CODES: Final = (13, PHOTO, 12, 0)
"""What deletes a whole person, by firmware, in the order it is tried (1.4, 4.3 #8)."""
NAME_LIMIT: Final = 64
"""Characters; a longer name is cut (5.2)."""

# ── fingerprints (1.5) ───────────────────────────────────────────────────────

TEMPLATE_SIZES: Final = {"thbio3.0": 810, "thbio1.0": 512}
"""Bytes of a fingerprint's template by what made it."""
CHECKED: Final = "thbio3.0"
"""The algorithm whose templates end in the sum of the bytes before, 16 bits, little-endian."""
TEMPLATE_LIMIT: Final = 4_096
"""Bytes of a template; runs of zeros are written as their length, which may be any number."""
