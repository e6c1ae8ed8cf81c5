"""Live punches, by length."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.devices.drivers.base import (
    IMPOSSIBLE_TIME,
    SLOT_ONLY,
    DecodeError,
)
from services.devices.drivers.catalog import DRIVERS

ZK = DRIVERS["zk"]

SIX = bytes([18, 6, 25, 17, 41, 5])


@pytest.mark.parametrize(
    ("body", "person", "flags"),
    [
        (b"\x07\0\x01\x00" + SIX, "4711", ()),
        (b"\x08\0\x01\x10" + SIX, "8", (SLOT_ONLY,)),
        (b"\x07\0\x01\x00" + SIX + b"more", "4711", ()),
        (b"\x2a\0\0\0\x01\x00" + SIX, "42", ()),
        (b"42".ljust(24, b"\0") + b"\x01\x00" + SIX, "42", ()),
        (b"42".ljust(24, b"\0") + b"\x01\x00" + SIX + b"more", "42", ()),
        (b"42".ljust(24, b"\0") + b"\x01\x00" + SIX + b"more!", "42", ()),
        (b"42".ljust(24, b"\0") + b"\x01\x00" + SIX + bytes(20), "42", ()),
        (b"42".ljust(24, b"\0") + b"\x01\x00" + SIX + bytes(200), "42", ()),
    ],
    ids=lambda each: str(len(each)) if isinstance(each, bytes) else "",
)
def test_live_punches_by_length(body: bytes, person: str, flags: tuple[str, ...]) -> None:
    (entry,) = ZK.live(body, {7: "4711"}).entries
    assert entry[:5] == (person, "2018-06-25T17:41:05", 1, 0, None)
    assert entry.raw == body
    assert entry.flags == flags


def test_a_live_state_of_255_is_undefined_and_stays_so() -> None:
    (entry,) = ZK.live(b"\x07\0\x01\xff" + SIX, {}).entries
    assert entry.state == 255


def test_a_live_punch_of_a_day_that_does_not_exist_is_flagged() -> None:
    body = b"42".ljust(24, b"\0") + bytes([1, 0, 24, 2, 31, 9, 0, 0])
    (entry,) = ZK.live(body, {}).entries
    assert (entry.device_time, entry.flags) == ("2024-02-31T09:00:00", (IMPOSSIBLE_TIME,))


@given(st.binary(max_size=60))
def test_a_live_body_is_a_punch_or_refused(body: bytes) -> None:
    try:
        (entry,) = ZK.live(body, {}).entries
    except DecodeError:
        return
    assert len(body) in {10, 12, 14} or len(body) >= 32
    assert len(entry.device_time) == 19
    assert entry.raw == body


@pytest.mark.parametrize("size", [0, 1, 9, 11, 13, 15, 31])
def test_a_live_body_of_an_unknown_length_is_refused(size: int) -> None:
    with pytest.raises(DecodeError):
        ZK.live(bytes(size), {})


def test_a_device_that_is_read_hands_nothing_over() -> None:
    assert not ZK.hands_over
