"""The ZKTeco dialect against vectors of real devices, and against anything at all."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.devices.drivers.base import IMPOSSIBLE_TIME, DecodeError
from services.devices.drivers.catalog import DRIVERS
from services.devices.drivers.zk import codec
from services.devices.drivers.zk.messages import LOG_40, SIZE_WORD

VECTORS: dict[str, Any] = json.loads(
    (Path(__file__).parents[2] / "vectors" / "zk.json").read_text(encoding="utf-8")
)
BY_ID = {each["id"]: each for each in VECTORS["frames"]}
ZK = DRIVERS["zk"]


def table(rows: bytes) -> bytes:
    return SIZE_WORD.pack(len(rows)) + rows


def a_row(user: str = "7", time: int = 594063665) -> bytes:
    return LOG_40.pack(1, user.encode(), 1, time, 0, b"")


def test_a_real_attendance_record_says_what_it_says() -> None:
    vector = BY_ID["zp-att40"]
    (entry,) = ZK.log(table(bytes.fromhex(vector["hex"])))
    expect = vector["expect"]
    assert (entry.person, entry.device_time) == (expect["user_id"], expect["time"])
    assert (entry.verify, entry.state) == (expect["verify"], expect["state"])
    assert entry.raw.hex() == vector["hex"]


def test_a_real_user_record_says_what_it_says() -> None:
    vector = BY_ID["zp-user72"]
    (person,) = ZK.people(table(bytes.fromhex(vector["hex"])))
    assert (person.user_id, person.name) == (vector["expect"]["user_id"], vector["expect"]["name"])


def test_a_real_live_event_says_what_it_says() -> None:
    vector = BY_ID["kr8-ev32"]
    entry = ZK.live(bytes.fromhex(vector["hex"]))
    expect = vector["expect"]
    assert (entry.person, entry.device_time) == (expect["user_id"], expect["time"])
    assert (entry.verify, entry.state) == (expect["verify"], expect["state"])


def test_the_twelve_byte_event_of_older_models() -> None:
    entry = ZK.live(bytes.fromhex("f19449000000120c07130906"))
    assert (entry.person, entry.device_time) == ("4822257", "2018-12-07T19:09:06")


@pytest.mark.parametrize("vector", VECTORS["time_codec"], ids=lambda each: str(each["le_hex"]))
def test_times(vector: dict[str, Any]) -> None:
    said, flags = codec.wall_clock(codec.device_time(vector["u32"]))
    assert said == vector["time"].split(" ")[0]
    assert flags == ()


def test_a_date_that_does_not_exist_is_flagged_and_kept() -> None:
    (entry,) = ZK.log(table(a_row(time=int.from_bytes(bytes.fromhex("80bb4a2e"), "little"))))
    assert entry.device_time.startswith("2024-02-31T")
    assert entry.flags == (IMPOSSIBLE_TIME,)


def test_live_and_bulk_agree_on_the_same_punch() -> None:
    (bulk,) = ZK.log(table(a_row("42")))
    live = ZK.live(b"42".ljust(24, b"\0") + bytes([1, 0, 18, 6, 25, 17, 41, 5]))
    assert live[:5] == bulk[:5]


def test_an_empty_log_is_empty() -> None:
    assert ZK.log(b"") == ZK.log(table(b"")) == []


@pytest.mark.parametrize(
    "broken",
    [
        b"\x01",
        SIZE_WORD.pack(80) + a_row(),
        SIZE_WORD.pack(40) + a_row() + b"x",
        table(a_row()[:-1]),
        table(a_row() + b"\0" * 9),
    ],
)
def test_a_table_that_does_not_add_up_is_refused_whole(broken: bytes) -> None:
    with pytest.raises(DecodeError):
        ZK.log(broken)


@given(st.binary(max_size=400))
def test_garbage_never_gets_past_the_codec(body: bytes) -> None:
    for read in (ZK.log, ZK.people):
        try:
            read(body)
        except DecodeError:
            continue
    try:
        entry = ZK.live(body)
    except DecodeError:
        return
    assert len(entry.device_time) == 19


@given(st.lists(st.integers(0, 2**32 - 1), max_size=50))
def test_every_row_becomes_one_entry_in_order(times: list[int]) -> None:
    rows = b"".join(a_row(str(index), time) for index, time in enumerate(times))
    entries = ZK.log(table(rows))
    assert [each.person for each in entries] == [str(index) for index in range(len(times))]
    assert b"".join(each.raw for each in entries) == rows
