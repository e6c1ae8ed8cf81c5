"""Made-up records as devices would have them, in every form."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from hypothesis import strategies as st

from services.devices.drivers.zk.codec import times
from services.devices.drivers.zk.messages import (
    LOG_8A,
    LOG_8B,
    LOG_16,
    LOG_40,
    LOG_49,
    USER_28,
    USER_72,
)

VECTORS: dict[str, Any] = json.loads(
    (Path(__file__).parents[2] / "vectors" / "zk.json").read_text(encoding="utf-8")
)
BY_ID: dict[str, dict[str, Any]] = {each["id"]: each for each in VECTORS["frames"]}
WALL_CLOCK = datetime(2026, 3, 2, 15, 30)  # noqa: DTZ001 - a device's wall clock has no zone
LAYOUTS = ("8a", "8b", "16", "40", "49")


class Punched(NamedTuple):
    """One punch, and how it is known in which form."""

    uid: int
    pin: int
    time: int
    verify: int
    state: int


def log_row(layout: str, punch: Punched) -> bytes:
    uid, pin, time, verify, state = punch
    match layout:
        case "8a":
            return LOG_8A.pack(uid, verify, time, state)
        case "8b":
            return LOG_8B.pack(uid, 0x20 | (verify & 3) << 3 | state & 7, 0, time)
        case "16":
            return LOG_16.pack(pin, time, state, verify, 0, 0)
        case "40":
            tail = bytes.fromhex("00000000ff000000")
            return LOG_40.pack(uid, str(pin).encode(), verify, time, state, tail)
        case _:
            tail = bytes.fromhex("00000000ff323535")
            return LOG_49.pack(uid, str(pin).encode(), verify, time, state, tail)


PEOPLE = st.tuples(st.integers(1, 65_535), st.integers(1, 999_999_999))
STEPS = st.integers(0, 20_000)
VERIFIES = st.sampled_from((0, 1, 2, 3, 4, 15, 25))
STATES = st.sampled_from((0, 1, 2, 3, 4, 5, 255))


@st.composite
def punches(draw: st.DrawFn, most: int = 40, least: int = 1) -> list[Punched]:
    """A log of a real device: recent times that go forward, known states and ways to verify."""
    start = draw(st.datetimes(datetime(2017, 1, 1), datetime(2025, 6, 1)))  # noqa: DTZ001
    people = draw(st.lists(PEOPLE, min_size=1, max_size=5))
    time = times.pack(start)
    made = []
    for _ in range(draw(st.integers(least, most))):
        time += draw(STEPS)
        uid, pin = draw(st.sampled_from(people))
        made.append(Punched(uid, pin, time, draw(VERIFIES), draw(STATES)))
    return made


def user_72(uid: int, user_id: str, name: str = "", **fields: Any) -> bytes:
    return USER_72.pack(
        uid,
        fields.get("flags", 0),
        fields.get("password", b""),
        name.encode(),
        fields.get("card", 0),
        fields.get("group", 1),
        1,
        *(7, 8, 9),
        user_id.encode(),
    )


def user_28(uid: int, user_id: int, name: str = "", **fields: Any) -> bytes:
    return USER_28.pack(
        uid,
        fields.get("flags", 0),
        fields.get("password", b""),
        name.encode(),
        fields.get("card", 0),
        fields.get("pad", 0),
        fields.get("group", 1),
        3,
        user_id,
    )
