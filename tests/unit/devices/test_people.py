"""Decisions about what agents read of people."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from services.devices.rules import people as rules
from shared.contracts.readings import Person, Template

texts = st.text(alphabet=st.sampled_from("ab\x00 é"), max_size=6)
people = st.lists(st.builds(Person, user_id=texts, name=texts), max_size=8)


@given(people)
def test_people_fit_a_text_column_and_have_one_order(found: list[Person]) -> None:
    clean = rules.cleaned(found)
    assert len(clean) == len(found), "nobody is lost"
    assert all(rules.storable(each.user_id) and rules.storable(each.name) for each in clean)
    assert [each.user_id for each in clean] == sorted(each.user_id for each in clean)
    assert rules.cleaned(clean) == clean


def test_templates_are_written_in_one_order() -> None:
    found = [
        Template(user_id=user, finger=finger, data=b"x")
        for user in ("b\x00", "a")
        for finger in (3, 1)
    ]
    order = [(each.user_id, each.finger) for each in rules.in_order(found)]
    assert order == [("a", 1), ("a", 3), ("b", 1), ("b", 3)]


def test_an_answer_loses_its_padding_wherever_it_is() -> None:
    said = {"ret\0": "a\0b", "record": [{"name": "\0", "n": 1}, None, True, 1.5]}
    assert rules.answered(said) == {"ret": "ab", "record": [{"name": "", "n": 1}, None, True, 1.5]}
    assert rules.answered(None) is None


def test_people_keep_only_numbers_that_templates_have() -> None:
    odd = Person(user_id="7", name="Ana", alias=" a\0", credentials=(50, 0, -1, 100, 2**70, 0))
    (clean,) = rules.cleaned([odd])
    assert (clean.alias, clean.credentials) == ("a", (0, 50))
