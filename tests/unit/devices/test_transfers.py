"""Decisions about transfers."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from services.devices.rules import transfers as rules
from shared.contracts.actions import Count
from shared.contracts.errors import Code
from shared.contracts.readings import Person
from shared.kit.errors import MusterError


class Body(NamedTuple):
    dialect: str = "timmy"
    algorithm: str | None = None


class Kept(NamedTuple):
    finger: int
    algorithm: str = ""


NEW, OLD, SILENT = Body(algorithm="thbio3.0"), Body(algorithm="thbio1.0"), Body()
BOUND = (0, 9, 20, 27, 30, 37)
FREE = (10, 11, 19, 28, 29, 38, 50)


@pytest.mark.parametrize("slot", BOUND)
def test_what_an_algorithm_made_is_of_use_to_the_same_only(slot: int) -> None:
    problem = rules.unfit(NEW, OLD, (50, slot))
    assert problem is not None
    assert problem.code is Code.INCOMPATIBLE
    for name in ("thbio3.0", "thbio1.0", str(slot)):
        assert name in problem.details
    assert rules.unfit(NEW, NEW, (50, slot)) is None
    for pair in ((NEW, SILENT), (SILENT, OLD), (SILENT, SILENT)):
        assert rules.unfit(*pair, (slot,)) is None, "what is not known is tried"


@pytest.mark.parametrize("slot", FREE)
def test_photos_cards_and_passwords_go_anywhere(slot: int) -> None:
    assert rules.unfit(NEW, OLD, (slot,)) is None


def test_nothing_goes_between_dialects() -> None:
    for slots in ((), (50,), (0,)):
        problem = rules.unfit(NEW, Body("zk", "thbio3.0"), slots)
        assert problem is not None
        assert problem.code is Code.INCOMPATIBLE


def test_of_each_number_the_first_of_use_is_taken() -> None:
    kept = [Kept(3, "thbio1.0"), Kept(3, "thbio3.0"), Kept(50), Kept(1, ""), Kept(3, "")]
    assert rules.useful(kept, NEW) == (Kept(1, ""), Kept(3, "thbio3.0"), Kept(50))
    assert rules.useful(kept, SILENT)[1] == Kept(3, "thbio1.0")


def test_exactly_what_was_read_is_pushed() -> None:
    kept = (Kept(0, "thbio3.0"), Kept(5, "thbio3.0"), Kept(50))
    assert rules.complete(kept, Count(count=2, slots=(0, 50)), NEW) == (kept[0], kept[2])
    assert rules.complete(kept, Count(count=2), NEW) == kept, "the dialect tells no numbers"
    assert rules.complete((), Count(count=0), NEW) == ()


@pytest.mark.parametrize(
    ("kept", "read", "code"),
    [
        ((Kept(0),), Count(count=2, slots=(0, 50)), Code.DEVICE_NO_DATA),
        ((Kept(0), Kept(1)), Count(count=2, slots=(0, 50)), Code.DEVICE_NO_DATA),
        ((Kept(0),), Count(count=2), Code.DEVICE_NO_DATA),
        ((Kept(0, "thbio3.0"), Kept(50)), Count(count=2, slots=(0, 50)), Code.INCOMPATIBLE),
    ],
)
def test_a_part_is_never_pushed_for_all(kept: tuple[Kept, ...], read: Count, code: Code) -> None:
    with pytest.raises(MusterError) as caught:
        rules.complete(kept, read, OLD)
    assert caught.value.problem.code is code


@pytest.mark.parametrize(
    ("since", "pushed", "kept_by"),
    [((), (0, 50), None), ((50,), (0, 50), None), ((5,), (0, 50), "5"), ((), (0,), "50")],
)
def test_who_has_more_than_was_pushed_stays(
    since: tuple[int, ...], pushed: tuple[int, ...], kept_by: str | None
) -> None:
    problem = rules.left_behind(Count(count=2, slots=(0, 50)), since, pushed)
    assert (problem is None) == (kept_by is None)
    if problem is not None:
        assert f"Templates {kept_by} are on this device only" in problem.details


def test_each_person_goes_once_and_in_order() -> None:
    assert rules.limited(("9", "7", "9")) == ("9", "7")
    assert rules.limited({"1": (), "2": ()}) == ("1", "2")
    assert rules.limited(()) == ()


def test_too_many_are_refused_by_name() -> None:
    names = [str(n) for n in range(rules.PEOPLE_LIMIT + 1)]
    assert len(rules.limited(names[1:])) == rules.PEOPLE_LIMIT
    with pytest.raises(MusterError) as caught:
        rules.limited(names)
    assert [each.field for each in caught.value.problem.fields] == ["user_ids"]


@pytest.mark.parametrize(
    ("user_id", "ok"), [("7", True), ("a7", True), ("a 7", False), ("", False)]
)
def test_odd_ids_are_not_asked_for(user_id: str, ok: bool) -> None:
    assert (rules.unnamable(user_id) is None) is ok


def test_nobody_is_pushed_who_is_not_known() -> None:
    ana = Person(user_id="7", name="Ana")
    assert rules.taken(ana, "7") is ana
    with pytest.raises(MusterError):
        rules.taken(None, "7")
