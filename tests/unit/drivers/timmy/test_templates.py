"""Templates: expanded and shrunk, checked, and none taken for another's."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.devices.drivers.base import DecodeError
from services.devices.drivers.timmy.codec import templates
from services.devices.drivers.timmy.messages import TEMPLATE_LIMIT
from tests.unit.drivers.timmy.made import PHOTO, template, thbio3

ZEROES = st.integers(0, 300).map(bytes)


@given(st.lists(st.binary(max_size=20) | ZEROES, max_size=8).map(b"".join))
def test_what_is_shrunk_expands_to_itself(data: bytes) -> None:
    assert templates.expanded(templates.shrunk(data)) == data


@pytest.mark.parametrize(
    ("record", "size"),
    [("c523(200)fc46", 204), ("C5", 1), ("(41)", 41), ("(0)", 0), ("00(3)00", 5), ("", 0)],
)
def test_a_number_in_brackets_is_so_many_zero_bytes(record: str, size: int) -> None:
    assert len(templates.expanded(record)) == size


def test_a_template_is_shorter_than_the_manual_allows() -> None:
    assert len(templates.shrunk(thbio3())) < 1620


@pytest.mark.parametrize(
    "record",
    [
        "c",
        "c5f",
        "xx",
        "c5(",
        "c5(12",
        "c5()",
        "c5(-1)",
        "c5(12345)",
        "c5 23",
        "(9999)(9999)",
        "²²",
    ],
)
def test_what_is_no_template_is_refused(record: str) -> None:
    with pytest.raises(DecodeError):
        templates.expanded(record)


def test_a_bomb_is_refused_before_it_is_large() -> None:
    with pytest.raises(DecodeError):
        templates.expanded("(9999)" * 100_000)
    assert len(templates.expanded(f"({TEMPLATE_LIMIT})")) == TEMPLATE_LIMIT


@given(st.text(alphabet="0123456789abcdef()", max_size=60))
def test_any_record_expands_or_is_refused(record: str) -> None:
    try:
        data = templates.expanded(record)
    except DecodeError:
        return
    assert templates.expanded(templates.shrunk(data)) == data


def test_the_sum_of_a_template_is_checked() -> None:
    data = thbio3()
    assert templates.flaw(data, "thbio3.0") is None
    assert templates.flaw(data[:100] + b"\x7f" + data[101:], "thbio3.0")
    assert templates.flaw(data[:-1], "thbio3.0")
    assert templates.flaw(data, "thbio1.0")
    assert templates.flaw(bytes(512), "thbio1.0") is None
    assert templates.flaw(b"anything", "thbio9") is None


@pytest.mark.parametrize(
    ("slot", "record"),
    [
        (0, templates.shrunk(thbio3())),
        (9, "c5(20)01"),
        (10, 12345678),
        (11, 2352253),
        (20, "opaque face"),
        (37, "opaque palm"),
        (50, PHOTO),
    ],
)
def test_a_record_is_written_as_it_was_read(slot: int, record: str | int) -> None:
    one = templates.template("17", slot, record, "thbio3.0")
    assert one is not None
    assert templates.record(one) == record
    assert one.algorithm == ("" if slot in {10, 11, 50} else "thbio3.0")


@pytest.mark.parametrize("record", [None, "", "0", 0, " ", [], {}, 1.5])
@pytest.mark.parametrize("slot", [0, 10, 50])
def test_nothing_is_nothing(slot: int, record: object) -> None:
    assert templates.template("17", slot, record, "thbio3.0") is None


def test_a_template_is_a_secret() -> None:
    one = templates.template("17", 10, 12345678, "")
    assert "12345678" not in repr(one)
    assert template(10, b"1") != template(10, b"2")
