"""Identity, version 1: the committed vectors, and what must hold for every punch."""

import json
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from shared.contracts.identity import NAMESPACE, canonical_person, punch_id

VECTORS: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "vectors" / "identity.json").read_text(encoding="utf-8")
)
PUNCHES: list[dict[str, Any]] = VECTORS["punches"]

people = st.one_of(
    st.text(max_size=24),
    st.from_regex(r"[0-9]{1,12}", fullmatch=True),
    st.integers(0, 2**40).map(str),
)
# What a driver can hand over: text without the separator, which no device's field may hold.
serials = st.text(st.characters(exclude_characters="\x1f", codec="utf-8"), max_size=24)
times = st.from_regex(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}", fullmatch=True)
ordinals = st.integers(0, 50)


def id_of(vector: dict[str, Any]) -> UUID:
    return punch_id(vector["serial"], vector["person"], vector["device_time"], vector["ordinal"])


def test_the_namespace_is_the_committed_one() -> None:
    assert str(NAMESPACE) == VECTORS["namespace"]


@pytest.mark.parametrize("vector", PUNCHES, ids=lambda vector: vector["about"])
def test_vectors(vector: dict[str, Any]) -> None:
    assert canonical_person(vector["person"]) == vector["canonical_person"]
    assert str(id_of(vector)) == vector["id"]


def test_vectors_share_an_id_only_when_they_are_one_punch() -> None:
    parts = {
        (v["serial"].strip(), v["canonical_person"], v["device_time"], v["ordinal"])
        for v in PUNCHES
    }
    assert len({v["id"] for v in PUNCHES}) == len(parts)


@given(serials, people, times, ordinals)
def test_the_same_reading_is_the_same_punch(
    serial: str, person: str, time: str, ordinal: int
) -> None:
    assert punch_id(serial, person, time, ordinal) == punch_id(serial, person, time, ordinal)


@given(serials, people, times, ordinals)
def test_the_path_leaves_no_trace(serial: str, person: str, time: str, ordinal: int) -> None:
    """Live events, bulk reads and pushes spell the same person and serial differently."""
    other_path = punch_id(f" {serial}\t", f"{canonical_person(person)}\x00\x00", time, ordinal)
    assert other_path == punch_id(serial, person, time, ordinal)


@given(st.integers(0, 2**40), st.integers(0, 12))
def test_zeros_in_front_of_digits_are_padding(number: int, zeros: int) -> None:
    assert canonical_person("0" * zeros + str(number)) == str(number)


@given(people)
def test_the_canonical_spelling_is_its_own(person: str) -> None:
    once = canonical_person(person)
    assert canonical_person(once) == once


@given(st.tuples(serials, people, times, ordinals), st.tuples(serials, people, times, ordinals))
def test_any_part_that_differs_makes_another_punch(
    one: tuple[str, str, str, int], other: tuple[str, str, str, int]
) -> None:
    serial, person, time, ordinal = one
    assume("\x1f" not in person + other[1])
    if other[0].strip() != serial.strip():
        assert punch_id(other[0], person, time, ordinal) != punch_id(*one)
    if canonical_person(other[1]) != canonical_person(person):
        assert punch_id(serial, other[1], time, ordinal) != punch_id(*one)
    if other[2] != time:
        assert punch_id(serial, person, other[2], ordinal) != punch_id(*one)
    if other[3] != ordinal:
        assert punch_id(serial, person, time, other[3]) != punch_id(*one)


def test_parts_do_not_run_into_each_other() -> None:
    time = "2026-03-01T08:00:00"
    assert punch_id("A1", "2", time, 0) != punch_id("A", "12", time, 0)
    assert punch_id("A", "1", time, 12) != punch_id("A", "1", time + "1", 2)


def test_an_ordinal_counts_from_0() -> None:
    with pytest.raises(ValueError, match="counts from 0"):
        punch_id("A", "1", "2026-03-01T08:00:00", -1)
