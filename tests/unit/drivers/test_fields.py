"""Sizes, options, templates, texts, times and keys."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from services.devices.drivers.base import (
    IMPOSSIBLE_TIME,
    DecodeError,
    drift_ms,
)
from services.devices.drivers.zk.codec import (
    keys,
    operations,
    options,
    sizes,
    templates,
    texts,
    times,
)
from services.devices.drivers.zk.codec.templates import Print
from services.devices.drivers.zk.messages import OPERATION, SIZES
from shared.contracts.agents import Wire


@pytest.mark.parametrize("size", [0, 4, 79])
def test_short_sizes_are_no_empty_device(size: int) -> None:
    assert sizes.sizes(bytes(size)) is None


@pytest.mark.parametrize("size", [80, 88, 92, 112])
def test_sizes_of_every_length(size: int) -> None:
    body = SIZES.pack(*range(20)) + bytes(32)
    told = sizes.sizes(body[:size])
    assert told is not None
    assert (told.counts.users, told.counts.records) == (4, 8)
    assert told.counts.faces == (None if size < 92 else 0)


@given(st.binary(max_size=200))
def test_sizes_and_options_of_garbage(garbage: bytes) -> None:
    sizes.sizes(garbage)
    options.value_of("MAC", garbage, "gbk")


@given(st.from_regex(r"[^\x00-\x1f\x7f]{0,40}", fullmatch=True))
def test_an_option_that_is_written_is_read_back(value: str) -> None:
    body = options.written("LockOn", value, "utf-8")
    assert options.value_of("LockOn", body + b"rubbish") == value.strip()


def test_the_answer_about_another_option_is_none() -> None:
    assert options.value_of("MAC", b"~MAC=1\0") is None
    assert options.value_of("MAC", b"MAC") is None


PRINTS = st.builds(
    Print, st.integers(1, 65_535), st.integers(0, 9), st.integers(0, 255), st.binary(max_size=99)
)


@given(st.lists(PRINTS, max_size=5))
def test_templates_that_are_written_are_read_back(held: list[Print]) -> None:
    assert templates.prints(b"".join(each.encode() for each in held)) == held


@given(st.binary(max_size=100))
def test_garbage_is_templates_or_refused(garbage: bytes) -> None:
    try:
        held = templates.prints(garbage)
    except DecodeError:
        return
    assert b"".join(each.encode() for each in held) == garbage


def test_a_template_does_not_show_itself() -> None:
    assert "secret" not in repr(Print(1, 1, 1, b"secret"))


@pytest.mark.parametrize("tail", [b"\x01", bytes(7), bytes(6) + b"\x09"])
def test_what_follows_a_single_template_is_not_of_it(tail: bytes) -> None:
    assert templates.single(b"MSS21 template" + tail) == b"MSS21 template"


@pytest.mark.parametrize("body", [b"", b"\0", bytes(7)])
def test_nothing_but_what_follows_is_no_template(body: bytes) -> None:
    assert templates.single(body) == b""


def test_operations() -> None:
    rows = OPERATION.pack(1, 23, 0, 99, b"") + OPERATION.pack(0, 4, 0, 98, b"")
    assert [tuple(each) for each in operations.operations(rows)] == [(1, 23, 99), (0, 4, 98)]
    with pytest.raises(DecodeError):
        list(operations.operations(rows[:-1]))


@given(st.binary(max_size=40), st.sampled_from(["utf-8", "gbk", "cp1256", "cp1251", "shift_jis"]))
def test_text_is_text_whatever_the_bytes(field: bytes, encoding: str) -> None:
    said = texts.text(field, encoding)
    said.encode("utf-8")
    assert "\0" not in said


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=40), st.integers(0, 24))
def test_names_are_cut_between_characters(name: str, width: int) -> None:
    kept = texts.cut(name, width, "utf-8")
    assert len(kept) <= width
    assert name.startswith(kept.decode("utf-8"))
    if len(kept.decode("utf-8")) < len(name):
        longer = name[: len(kept.decode("utf-8")) + 1].encode()
        assert len(longer) > width


def test_names_in_the_code_page_of_the_device() -> None:
    assert texts.text(texts.cut("Иванова", 24, "cp1251"), "cp1251") == "Иванова"
    assert texts.cut("Ж…x", 24, "ascii") == b"??x"


WALL = st.datetimes(datetime(2000, 1, 1), datetime(2099, 12, 31)).map(  # noqa: DTZ001
    lambda each: each.replace(microsecond=0)
)


@given(WALL)
def test_times_are_packed_and_unpacked(moment: datetime) -> None:
    assert times.unpack(times.pack(moment)) == (moment.isoformat(), ())


@given(st.integers(0, 2**32 - 1))
def test_every_number_is_a_time_and_says_whether_it_exists(packed: int) -> None:
    shown, flags = times.unpack(packed)
    try:
        real = datetime.fromisoformat(shown)
    except ValueError:
        assert flags == (IMPOSSIBLE_TIME,)
    else:
        assert (flags, times.pack(real)) == ((), packed)


@given(st.lists(st.integers(0, 255), min_size=6, max_size=6))
def test_six_bytes_are_a_time_or_none(six: list[int]) -> None:
    shown = times.spelled(six)
    if shown is None:
        assert max(six) > 99
        return
    try:
        datetime.fromisoformat(shown[0])
    except ValueError:
        assert shown[1] == (IMPOSSIBLE_TIME,)
    else:
        assert shown[1] == ()


def opened(sent: bytes, session: int) -> int:
    """What a device makes of the bytes: the 24 bits it compares, low byte unknown."""
    tick = sent[2]
    third, fourth, second = sent[0] ^ tick, sent[1] ^ tick, sent[3] ^ tick
    total = bytes([0, second ^ 0x4B, third ^ 0x53, fourth ^ 0x4F])
    return int.from_bytes(total, "little")


@given(st.integers(0, 2**32 - 1), st.integers(0, 0xFFFF), st.integers(0, 255))
def test_a_device_finds_the_key_in_what_is_sent(key: int, session: int, tick: int) -> None:
    mirrored = int(f"{key:032b}"[::-1], 2)
    sent = keys.scrambled(key, session, tick)
    assert opened(sent, session) == (mirrored + session) & 0xFFFFFF00


def test_drift_is_to_the_middle_of_the_second_that_is_shown() -> None:
    zone = ZoneInfo("Asia/Jakarta")
    now = datetime(2026, 3, 2, 15, 30, 0, tzinfo=zone)
    assert drift_ms("2026-03-02T15:30:00", zone, now) == 500
    assert drift_ms("2026-03-02T15:30:05", zone, now + timedelta(seconds=10)) == -4500


@pytest.mark.parametrize("name", ["utf-8", "gbk", "cp1251", "cp1256", "big5", "shift_jis", "ascii"])
def test_code_pages_of_devices(name: str) -> None:
    encoding = Wire(encoding=name).encoding
    texts.text(bytes(range(1, 256)), encoding).encode("utf-8")
    assert texts.cut("Ned", 8, encoding) == b"Ned"


@pytest.mark.parametrize("name", ["utf-16", "idna", "punycode", "base64", "cp037", "nonsense"])
def test_code_pages_that_no_device_can_have(name: str) -> None:
    with pytest.raises(ValidationError):
        Wire(encoding=name)
