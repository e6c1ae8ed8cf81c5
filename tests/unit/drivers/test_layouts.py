"""Which form a log has: right from the first record on, and never by guess."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.devices.drivers.base import DecodeError, DeviceError, Table
from services.devices.drivers.catalog import DRIVERS
from services.devices.drivers.zk.codec import times
from services.devices.drivers.zk.messages import LOG_40
from shared.contracts.errors import Code
from tests.unit.drivers.made import BY_ID, LAYOUTS, WALL_CLOCK, Punched, log_row, punches

ZK = DRIVERS["zk"]
YESTERDAY = times.pack(WALL_CLOCK) - 86_400


def table(rows: bytes, before: int | None = None, after: int | None = None) -> Table:
    return Table(len(rows), before, before if after is None else after, "")


def found(rows: bytes, before: int | None = None, after: int | None = None) -> str:
    pieces = [rows[at : at + 33] for at in range(0, len(rows), 33)]
    return ZK.layout(pieces, table(rows, before, after), WALL_CLOCK, "auto")


def some(layout: str, count: int, step: int = 37) -> bytes:
    return b"".join(
        log_row(layout, Punched(at % 5 + 1, 1000 + at % 5, YESTERDAY + at * step, 1, at % 2))
        for at in range(count)
    )


@settings(max_examples=300)
@given(st.sampled_from(LAYOUTS), punches(most=12), st.booleans())
def test_the_form_is_found_from_the_first_record_on(
    layout: str, made: list[Punched], counted: bool
) -> None:
    rows = b"".join(log_row(layout, each) for each in made)
    count = len(made) if counted else None
    assert found(rows, count) == layout


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("count", [1, 2, 3, 5, 8, 10, 16, 40, 49, 80, 245, 1960])
def test_widths_that_divide_each_other_s_logs_are_told_apart(layout: str, count: int) -> None:
    assert found(some(layout, count)) == layout
    assert found(some(layout, count), count) == layout
    assert found(some(layout, count), count - 1, count + 1) == layout


@pytest.mark.parametrize(
    ("name", "layout"),
    [
        ("zp-att40", "40"),
        ("pz99-att8b-1", "8b"),
        ("pz99-att8b-3", "8b"),
        ("js50-16b", "16"),
        ("js50-16c", "16"),
    ],
)
def test_the_form_of_real_records_is_found(name: str, layout: str) -> None:
    assert found(bytes.fromhex(BY_ID[name]["hex"])) == layout


@pytest.mark.parametrize("layout", LAYOUTS)
def test_one_impossible_date_does_not_hide_the_form(layout: str) -> None:
    february_31 = int.from_bytes(bytes.fromhex("80bb4a2e"), "little")
    alone = log_row(layout, Punched(7, 7, february_31, 1, 0))
    assert found(alone, 1) == layout
    assert found(some(layout, 2) + alone) == layout


@pytest.mark.parametrize("layout", ["16", "40", "49"])
def test_a_log_of_a_device_whose_clock_stood_at_its_beginning(layout: str) -> None:
    rows = b"".join(log_row(layout, Punched(7, 7, at, 1, 0)) for at in range(60))
    reset = rows[: len(rows) // 60 * 20] + some(layout, 40)
    assert found(reset, 60) == layout


@pytest.mark.parametrize("width", [12, 20, 24, 32, 36, 44, 48, 52, 56, 64, 72])
@pytest.mark.parametrize("count", [1, 2, 5, 10, 40, 98])
def test_an_unknown_width_is_refused(width: int, count: int) -> None:
    rows = b"".join(
        (some("40", 1)[:2] + str(100 + at).encode().ljust(22, b"\0") + some("40", 1)[26:]).ljust(
            width, b"\0"
        )[:width]
        for at in range(count)
    )
    for counted in (None, count):
        with pytest.raises(DecodeError, match=r"evidence|fits"):
            found(rows, counted)


@given(st.binary(min_size=8, max_size=400).map(lambda each: each[: len(each) // 8 * 8]))
def test_garbage_is_refused_or_read_whole(garbage: bytes) -> None:
    try:
        layout = found(garbage)
    except DecodeError:
        return
    assert b"".join(each.raw for each in ZK.log([garbage], layout, {})) == garbage


@pytest.mark.parametrize("count", [1, 5, 10, 80, 245])
def test_zeros_are_refused(count: int) -> None:
    with pytest.raises(DecodeError):
        found(bytes(8 * count))


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_count_that_disagrees_is_an_incomplete_pull(layout: str) -> None:
    for before, after in ((9, 9), (11, 12), (100, 100)):
        with pytest.raises(DeviceError) as error:
            found(some(layout, 10), before, after)
        assert error.value.code == Code.PULL_INCOMPLETE


def test_a_punch_between_the_counts_is_no_disagreement() -> None:
    assert found(some("40", 10), 9, 10) == "40"
    assert found(some("40", 10), 10, 11) == "40"


def test_an_empty_log_has_whatever_form_is_wanted() -> None:
    assert found(b"") == "auto"
    assert ZK.layout([], table(b""), WALL_CLOCK, "16") == "16"


def test_a_set_form_is_taken_without_evidence_but_not_without_arithmetic() -> None:
    zeros = bytes(80)
    assert ZK.layout([zeros], table(zeros), WALL_CLOCK, "40") == "40"
    with pytest.raises(DecodeError):
        ZK.layout([zeros], table(zeros), WALL_CLOCK, "49")
    with pytest.raises(DeviceError) as error:
        ZK.layout([zeros], table(zeros, 3), WALL_CLOCK, "40")
    assert error.value.code == Code.PULL_INCOMPLETE


def test_the_reasons_of_a_refusal_are_told() -> None:
    with pytest.raises(DecodeError, match=r"80 bytes of attendance records.*40: -\d+"):
        found(bytes(80))


def test_ids_of_letters_are_ids() -> None:
    rows = LOG_40.pack(1, b"AB12", 1, YESTERDAY, 0, b"")
    assert found(rows) == "40"
