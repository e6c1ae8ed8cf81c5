"""Lists in pages: nobody is lost, whatever the numbers mean, and no end is believed blindly."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.devices.drivers.base import DeviceError
from services.devices.drivers.timmy.protocol.paging import Ending, Rows, paged
from services.devices.drivers.timmy.protocol.procedure import Procedure
from shared.contracts.errors import Code
from tests.unit.drivers.timmy.made import punched
from tests.unit.drivers.timmy.terminal import (
    NO_DATA,
    REFUSED,
    SILENCE,
    Body,
    Fault,
    Terminal,
    play,
    terms,
)

DIALECTS = st.sampled_from(["p1", "p2", "p3"])


def rows(count: int) -> list[Body]:
    return [punched(each + 1, each) for each in range(count)]


def read(terminal: Terminal) -> tuple[list[int], Ending]:
    found: list[int] = []

    def take(page: Rows) -> Procedure[None]:
        found.extend(each["enrollid"] for each in page)
        yield from ()

    ending, _ = play(paged("getalllog", terms(), take), terminal)
    return found, ending


def page(begin: int, size: int, total: int, **fields: Any) -> Body:
    """A page as most firmware makes it."""
    body = {"count": total, "from": begin, "to": begin + size, "record": rows(total)}
    body["record"] = rows(total)[begin : begin + size]
    return {**body, **fields}


def fails(terminal: Terminal) -> Code:
    with pytest.raises(DeviceError) as error:
        read(terminal)
    return error.value.code


@given(DIALECTS, st.integers(0, 130), st.integers(1, 60), st.booleans())
def test_nobody_is_lost(paging: str, count: int, size: int, wraps: bool) -> None:
    terminal = Terminal(log=rows(count), paging=paging, page_size=size, wraps=wraps)
    found, ending = read(terminal)
    assert found == list(range(1, count + 1))
    assert ending.sure
    assert ending.rows == count
    assert len(ending.pages) == -(-count // size)


@given(DIALECTS, st.integers(1, 130), st.integers(1, 60))
def test_a_list_that_begins_anew_is_seen(paging: str, count: int, size: int) -> None:
    """The control: a terminal that goes round and round is not asked for ever."""
    terminal = Terminal(log=rows(count), paging=paging, page_size=size, wraps=True)
    read(terminal)
    assert len(terminal.asked) <= count // size + 4


@given(DIALECTS, st.integers(1, 60), st.integers(1, 40), st.booleans(), st.data())
def test_an_answer_that_comes_twice_loses_nobody(
    paging: str, count: int, size: int, lost: bool, data: st.DataObject
) -> None:
    """The second answer takes the place of the next page's, which may then come or be lost."""
    honest = Terminal(log=rows(count), paging=paging, page_size=size)
    pages = [honest._on_getalllog({"stn": True})]
    while pages[-1]["record"]:
        pages.append(honest._on_getalllog({"stn": False}))
    twice = data.draw(st.integers(0, len(pages) - 2))
    said = [*pages[: twice + 1], pages[twice], *pages[twice + 1 + lost :], pages[-1]]
    terminal = Terminal(faults={"getalllog": list(said)})
    try:
        found, ending = read(terminal)
    except DeviceError:
        assert lost, "nothing is missing"
        return
    assert found == list(range(1, count + 1)) or (lost and not ending.sure)


@pytest.mark.parametrize(
    "pages",
    [
        [page(0, 40, 85), page(80, 5, 85)],
        [page(40, 40, 85)],
        [page(0, 40, 85), page(20, 40, 85)],
        [page(0, 40, 85), page(0, 39, 85)],
        [page(0, 40, 85), page(40, 40, 85), NO_DATA],
        [page(0, 40, 85), {"count": 0, "from": 0, "to": 0, "record": []}],
        [page(0, 40, 85), SILENCE],
        [page(0, 40, 85), {"count": 85, "from": 40, "record": "text"}],
        [page(0, 40, 85), {"count": 85, "from": 40, "record": [1, 2]}],
    ],
    ids=[
        "a gap",
        "the answer to an earlier request",
        "a step back",
        "another page one",
        "no more, it says, and there is",
        "an empty page too early",
        "silence too early",
        "text for rows",
        "numbers for rows",
    ],
)
def test_a_list_with_a_hole_is_no_list(pages: list[Fault]) -> None:
    assert fails(Terminal(faults={"getalllog": list(pages)})) == Code.PULL_INCOMPLETE


def test_an_answer_that_comes_twice_and_hides_the_last_page_is_not_sure() -> None:
    said: list[Fault] = [page(0, 40, 40), page(0, 40, 40), {"count": 0, "record": []}]
    found, ending = read(Terminal(faults={"getalllog": said}))
    assert len(found) == 40
    assert not ending.sure, "the page after it may have been dropped"


def test_silence_after_all_that_is_counted_is_no_matter() -> None:
    terminal = Terminal(faults={"getalllog": [page(0, 40, 85), page(40, 45, 85), SILENCE]})
    assert read(terminal)[1].sure


@pytest.mark.parametrize("end", [SILENCE, REFUSED])
def test_an_end_that_may_be_none_is_not_sure(end: Fault) -> None:
    terminal = Terminal(faults={"getalllog": [page(0, 40, 40), end]})
    found, ending = read(terminal)
    assert len(found) == 40
    assert not ending.sure


def test_no_data_is_an_empty_list() -> None:
    found, ending = read(Terminal(faults={"getalllog": [NO_DATA]}))
    assert (found, ending.sure, ending.pages) == ([], True, ())


def test_a_list_that_is_refused_or_not_answered_is_an_error() -> None:
    assert fails(Terminal(faults={"getalllog": [REFUSED]})) == Code.DEVICE_ERROR
    assert fails(Terminal(faults={"getalllog": [SILENCE]})) == Code.DEVICE_NO_ANSWER


def test_pages_without_numbers_are_taken_as_they_come() -> None:
    pages: list[Fault] = [{"record": rows(40)}, {"record": rows(60)[40:]}, {"record": []}]
    found, ending = read(Terminal(faults={"getalllog": pages}))
    assert found == list(range(1, 61))
    assert ending.sure


def test_equal_pages_that_follow_each_other_are_two() -> None:
    equal = punched(7)
    pages: list[Fault] = [
        {"count": 2, "from": 0, "to": 1, "record": [equal]},
        {"count": 2, "from": 1, "to": 2, "record": [equal]},
    ]
    assert read(Terminal(faults={"getalllog": pages}))[0] == [7, 7]


def test_only_the_first_request_rewinds() -> None:
    terminal = Terminal(log=rows(100))
    read(terminal)
    assert [each["stn"] for each in terminal.asked] == [True, False, False]
