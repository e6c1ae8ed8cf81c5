"""Everybody on a terminal: merged from rows, named, and never a part of the list for all of it."""

from __future__ import annotations

import pytest

from services.devices.drivers.base import PersonEntry
from services.devices.drivers.timmy.protocol.people import People, everybody
from shared.contracts.errors import Code
from tests.unit.drivers.timmy.made import INFO_B, PHOTO
from tests.unit.drivers.timmy.terminal import (
    GONE,
    NO_COMMAND,
    REFUSED,
    SILENCE,
    Body,
    Fault,
    Held,
    Terminal,
    failure_of,
    result_of,
    terms,
)

EMPTY: Body = {"count": 0, "from": 0, "to": 0, "record": []}


def read(terminal: Terminal, useduser: int | None = None) -> People:
    info = {**INFO_B, "useduser": useduser}
    return result_of(everybody(terms(info=info)), terminal)


def crowd(count: int) -> dict[int, Held]:
    return {who: Held(f"No {who}", 0, True, {50: PHOTO, 11: who}) for who in range(1, count + 1)}


def test_a_person_is_one_however_many_rows() -> None:
    terminal = Terminal({17: Held("Ali", 1, True, {50: PHOTO, 11: 77, 10: 12}), 3: Held("Eve")})
    ali, eve = read(terminal).people
    assert ali == PersonEntry(
        "17", "Ali", "admin", card=None, has_password=True, credentials=(10, 11, 50)
    )
    assert (eve.name, eve.privilege) == ("Eve", "user")


@pytest.mark.parametrize("paging", ["p1", "p2", "p3"])
def test_nobody_is_lost_over_many_pages(paging: str) -> None:
    found = read(Terminal(crowd(130), paging=paging, page_size=7))
    assert [each.user_id for each in found.people] == [str(who) for who in range(1, 131)]
    assert found.said["count"] == 260
    assert len(found.said["pages"]) == 38
    assert "record" not in found.said


def test_names_in_the_list_are_not_asked_for() -> None:
    row = {"enrollid": 17, "admin": 0, "backupnum": 50, "name": " Ali "}
    terminal = Terminal(faults={"getuserlist": [{"count": 1, "from": 0, "to": 1, "record": [row]}]})
    assert read(terminal).people[0].name == "Ali"
    assert "getusername" not in terminal.names()


def test_so_many_names_are_not_asked_for() -> None:
    terminal = Terminal(crowd(41))
    assert read(terminal).people[0].name == ""
    assert "getusername" not in terminal.names()


@pytest.mark.parametrize("fault", [SILENCE, NO_COMMAND])
def test_a_terminal_that_tells_no_names_is_asked_once(fault: Fault) -> None:
    terminal = Terminal(crowd(5), faults={"getusername": [fault] * 5})
    assert len(read(terminal).people) == 5
    assert terminal.names().count("getusername") == 1


def test_a_list_of_which_something_was_lost_is_read_again() -> None:
    gap: Body = {"count": 90, "from": 40, "to": 80, "record": [{"enrollid": 1, "backupnum": 0}]}
    terminal = Terminal(crowd(5), faults={"getuserlist": [gap, gap]})
    assert len(read(terminal).people) == 5
    terminal = Terminal(crowd(5), faults={"getuserlist": [gap] * 3})
    assert failure_of(everybody(terms()), terminal).code == Code.PULL_INCOMPLETE


def test_an_end_that_is_not_sure_counts_only_if_all_are_there() -> None:
    page: Body = {"count": 2, "from": 0, "to": 2, "record": [{"enrollid": 1}, {"enrollid": 2}]}

    def broken_off() -> Terminal:
        return Terminal(faults={"getuserlist": [page, SILENCE] * 3})

    assert len(read(broken_off(), useduser=2).people) == 2
    for useduser in (3, None):
        info = {**INFO_B, "useduser": useduser}
        error = failure_of(everybody(terms(info=info)), broken_off())
        assert error.code == Code.PULL_INCOMPLETE


@pytest.mark.parametrize("row", [{}, {"enrollid": None}, {"enrollid": ["x"]}])
def test_a_row_of_nobody_is_not_left_out(row: Body) -> None:
    page: Body = {"count": 1, "from": 0, "to": 1, "record": [row]}
    terminal = Terminal(faults={"getuserlist": [page] * 3})
    assert failure_of(everybody(terms()), terminal).code == Code.PULL_INCOMPLETE


# ── a list that is withheld ──────────────────────────────────────────────────


def test_an_empty_terminal_is_empty() -> None:
    assert read(Terminal(), useduser=0).people == ()


def test_people_are_told_one_by_one_where_the_list_is_withheld() -> None:
    said: list[Fault] = [
        {"index": at, "count": 3, "enrollid": 1 + at // 2, "name": "A", "backupnum": 10 + at}
        for at in range(3)
    ]
    terminal = Terminal(faults={"getuserlist": [EMPTY], "getallusers": said})
    found = read(terminal, useduser=2)
    assert [(each.user_id, each.credentials) for each in found.people] == [
        ("1", (10, 11)),
        ("2", (12,)),
    ]
    assert found.said["source"] == "getallusers"
    assert [each["stn"] for each in terminal.asked if each["cmd"] == "getallusers"] == [
        True,
        False,
        False,
    ]


@pytest.mark.parametrize("fault", [NO_COMMAND, SILENCE, EMPTY, REFUSED])
def test_their_numbers_are_better_than_nothing(fault: Fault) -> None:
    faults: dict[str, list[Fault]] = {
        "getuserlist": [EMPTY],
        "getallusers": [fault],
        "getuserids": [{"ids": [5, 7]}],
    }
    terminal = Terminal({5: Held("Five"), 7: Held("Seven")}, faults=faults)
    found = read(terminal, useduser=2)
    assert [(each.user_id, each.name) for each in found.people] == [("5", "Five"), ("7", "Seven")]


def test_people_who_are_counted_and_not_told_are_an_error() -> None:
    terminal = Terminal(faults={"getuserlist": [EMPTY]})
    assert failure_of(everybody(terms()), terminal).code == Code.DEVICE_NO_DATA


def test_a_lost_connection_ends_every_way() -> None:
    terminal = Terminal(faults={"getuserlist": [EMPTY], "getallusers": [GONE]})
    assert failure_of(everybody(terms()), terminal).code == Code.DEVICE_OFFLINE
