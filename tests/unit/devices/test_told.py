"""What becomes of people whom devices tell of, one credential at a time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.devices.rules.told import Known, keys, merged, renamed
from shared.contracts.agents import Told
from shared.contracts.readings import Person

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


def told(person: Person, seconds: int = 0, device: int = 1) -> Told:
    return Told(
        device_id=device, told_at=NOON + timedelta(seconds=seconds), people=(person,), templates=()
    )


def test_what_is_told_adds_to_what_is_known() -> None:
    known = {
        (1, "7"): Known(
            Person(user_id="7", name="Sara", card=5, credentials=(0, 50), group=2), NOON
        )
    }
    items = [
        told(Person(user_id="7", name="", credentials=(10,), has_password=True), 1),
        told(Person(user_id="7", name="Sara B.", alias="S-7", credentials=(1,)), 2),
        told(Person(user_id="8", name="Ali", card=9, credentials=(11,)), 1),
    ]
    people = merged(items, known)
    sara, ali = people[1, "7"], people[1, "8"]
    assert list(people) == keys(items) == [(1, "7"), (1, "8")]
    assert (sara.person.name, sara.person.alias, sara.person.card) == ("Sara B.", "S-7", 5)
    assert (sara.person.credentials, sara.person.has_password) == ((0, 1, 10, 50), True)
    assert (sara.person.group, sara.at) == (2, NOON + timedelta(seconds=2))
    assert (ali.person.card, ali.person.credentials) == (9, (11,))
    assert {
        device: [each.name for each in people] for device, people in renamed(people, known).items()
    } == {1: ["Sara B.", "Ali"]}
    assert renamed(people, people) == {}


def test_what_is_older_than_what_is_known_changes_nothing() -> None:
    known = {(1, "7"): Known(Person(user_id="7", name="New"), NOON)}
    assert merged([told(Person(user_id="7", name="Old"), -1)], known) == {}


@given(st.permutations(range(6)), st.integers(1, 6))
def test_the_cutting_into_parts_changes_nothing(order: list[int], size: int) -> None:
    items = [
        told(Person(user_id=str(n % 2), name="", credentials=(n,)), 0, device=n % 3) for n in order
    ]
    whole = merged(items, {})
    known: dict[tuple[int, str], Known] = {}
    for start in range(0, len(items), size):
        known |= merged(items[start : start + size], known)
    assert known == whole
