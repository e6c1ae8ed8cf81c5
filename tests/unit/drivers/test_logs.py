"""Records of the log in every form: what they say, in pieces of any size, torn or whole."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.devices.drivers.base import IMPOSSIBLE_TIME, SLOT_ONLY, DecodeError
from services.devices.drivers.catalog import DRIVERS
from services.devices.drivers.zk.codec import logs, times
from services.devices.drivers.zk.messages import LOG_16, LOG_40
from tests.unit.drivers.made import LAYOUTS, Punched, log_row, punches

ZK = DRIVERS["zk"]
NOON = times.pack(datetime(2026, 3, 2, 12))  # noqa: DTZ001 - wall clocks have no zone
ANY_LAYOUT = st.sampled_from(LAYOUTS)


def pieces(rows: bytes, size: int) -> list[bytes]:
    return [rows[at : at + size] for at in range(0, len(rows), size)]


@given(ANY_LAYOUT, punches())
def test_every_record_becomes_one_entry_in_order(layout: str, made: list[Punched]) -> None:
    rows = [log_row(layout, each) for each in made]
    slots = {each.uid: str(each.pin) for each in made}
    entries = list(ZK.log([b"".join(rows)], layout, slots))
    assert [each.raw for each in entries] == rows
    for entry, punch in zip(entries, made, strict=True):
        assert entry.person == (slots[punch.uid] if layout.startswith("8") else str(punch.pin))
        assert (entry.device_time, entry.flags) == times.unpack(punch.time)
        if layout == "8b":
            assert (entry.verify, entry.state) == (punch.verify & 3, punch.state & 7)
        else:
            assert (entry.verify, entry.state) == (punch.verify, punch.state)


@given(ANY_LAYOUT, punches(), st.integers(1, 300))
def test_pieces_of_any_size_say_the_same(layout: str, made: list[Punched], size: int) -> None:
    rows = b"".join(log_row(layout, each) for each in made)
    assert list(ZK.log(pieces(rows, size), layout, {})) == list(ZK.log([rows], layout, {}))


@given(ANY_LAYOUT, st.binary(max_size=500))
def test_garbage_is_entries_or_an_error_and_nothing_else(layout: str, garbage: bytes) -> None:
    whole = len(garbage) % logs.LAYOUTS[layout][0].size == 0
    if whole:
        entries = list(ZK.log([garbage], layout, {}))
        assert b"".join(each.raw for each in entries) == garbage
        assert all(len(each.device_time) == 19 for each in entries)
    else:
        with pytest.raises(DecodeError):
            list(ZK.log([garbage], layout, {}))


def test_an_empty_log_says_nothing_in_any_layout() -> None:
    for layout in (*LAYOUTS, "auto"):
        assert list(ZK.log([], layout, {})) == []


def test_records_of_an_unknown_layout_are_refused() -> None:
    with pytest.raises(DecodeError):
        list(ZK.log([b"12345678"], "auto", {}))


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_date_that_does_not_exist_is_flagged_and_kept(layout: str) -> None:
    february_31 = int.from_bytes(bytes.fromhex("80bb4a2e"), "little")
    row = log_row(layout, Punched(7, 7, february_31, 1, 0))
    (entry,) = ZK.log([row], layout, {7: "7"})
    assert entry.device_time.startswith("2024-02-31T")
    assert entry.flags == (IMPOSSIBLE_TIME,)
    assert entry.raw == row


@pytest.mark.parametrize("layout", ["8a", "8b"])
def test_a_slot_in_which_nobody_is_is_the_person_and_flagged(layout: str) -> None:
    row = log_row(layout, Punched(7, 0, NOON, 1, 0))
    (entry,) = ZK.log([row], layout, {8: "4711"})
    assert (entry.person, entry.flags) == ("7", (SLOT_ONLY,))


def test_work_code_0_is_none() -> None:
    rows = LOG_16.pack(5, NOON, 0, 1, 0, 0) + LOG_16.pack(5, NOON, 0, 1, 0, 42)
    assert [each.work_code for each in ZK.log([rows], "16", {})] == [None, "42"]


def test_what_follows_the_end_of_a_user_id_is_rubbish() -> None:
    rows = LOG_40.pack(1, b"42\0rubbish", 1, NOON, 0, b"")
    assert [each.person for each in ZK.log([rows], "40", {})] == ["42"]


def test_ids_that_differ_stay_different_also_when_they_are_no_text() -> None:
    rows = b"".join(LOG_40.pack(1, each, 1, NOON, 0, b"") for each in (b"\xff1", b"\xfe1"))
    first, second = (each.person for each in ZK.log([rows], "40", {}))
    assert first != second
