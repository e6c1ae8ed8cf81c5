"""What becomes of a batch."""

from datetime import UTC, datetime
from uuid import UUID, uuid5

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.attendance.rules import batches as rules
from shared.contracts.attendance import PunchesRecorded
from shared.contracts.readings import PeopleRead, Person, PunchBatch, PunchRecord

OWNER = "679a312fba856722da62098d"
READ_AT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
JOURNAL = UUID("00000000-0000-4000-8000-000000000001")
BATCH = UUID("00000000-0000-4000-8000-000000000002")


def a_record(person: str = "42", second: int = 0, ordinal: int = 0) -> PunchRecord:
    return PunchRecord(
        person=person, device_time=f"2026-03-01T08:00:{second:02d}", ordinal=ordinal, raw=b"\x01"
    )


def a_batch(*records: PunchRecord, zone: str = "Asia/Jakarta", serial: str = "SN1") -> PunchBatch:
    return PunchBatch(
        batch_id=BATCH,
        journal_id=JOURNAL,
        owner=OWNER,
        site="hq",
        device_id=7,
        serial=serial,
        epoch=1,
        source="pull",
        zone=zone,
        read_at=READ_AT,
        records=records,
    )


def decide(batch: PunchBatch, known: set[UUID] | None = None, last: int = 0) -> rules.Decision:
    return rules.decide(batch, rules.identities(batch), known or set(), last)


def test_every_record_is_a_punch_at_first_with_positions_that_follow_the_last() -> None:
    decision = decide(a_batch(a_record("1"), a_record("2"), a_record("1", ordinal=1)), last=10)
    assert [each.punch.position for each in decision.fresh] == [11, 12, 13]
    assert (decision.known, decision.ambiguous) == (0, 0)


def test_what_is_known_takes_no_position() -> None:
    batch = a_batch(a_record("1"), a_record("2"), a_record("3"))
    known = {rules.identities(batch)[1]}
    decision = decide(batch, known, last=5)
    assert [(p.punch.user_id, p.punch.position) for p in decision.fresh] == [("1", 6), ("3", 7)]
    assert (decision.known, decision.ambiguous) == (1, 0)


def test_a_repetition_within_a_batch_is_kept_once_and_counted_as_ambiguous() -> None:
    batch = a_batch(a_record("1"), a_record("0001"), a_record("2"))
    decision = decide(batch)
    assert [each.punch.position for each in decision.fresh] == [1, 2]
    assert (decision.known, decision.ambiguous) == (1, 1)
    again = decide(batch, known=set(rules.identities(batch)))
    assert (len(again.fresh), again.known, again.ambiguous) == (0, 3, 1)


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 5), st.integers(0, 2)), min_size=1),
    st.integers(0, 1000),
    st.randoms(use_true_random=False),
)
def test_nothing_is_lost_doubled_or_left_without_a_place(
    drawn: list[tuple[int, int, int]], last: int, random: object
) -> None:
    batch = a_batch(*(a_record(str(person), second, n) for person, second, n in drawn))
    ids = rules.identities(batch)
    known = set(ids[::3])
    decision = rules.decide(batch, ids, known, last)
    fresh = [each.punch.id for each in decision.fresh]
    assert set(fresh) == set(ids) - known
    assert len(fresh) == len(set(fresh))
    assert [each.punch.position for each in decision.fresh] == [
        last + 1 + n for n in range(len(fresh))
    ]
    assert len(fresh) + decision.known == len(ids)


def test_nuls_and_flags_of_the_agent() -> None:
    record = PunchRecord(
        person="7\x00\x00",
        device_time="2026-02-31T08:00:00",
        ordinal=0,
        work_code="w\x001",
        flags=("odd\x00",),
    )
    batch = rules.cleaned(a_batch(record, zone="Asia/Jakarta\x00", serial="SN1\x00"))
    (fresh,) = decide(batch).fresh
    assert (batch.serial, batch.zone) == ("SN1", "Asia/Jakarta")
    assert (fresh.punch.user_id, fresh.punch.work_code) == ("7", "w1")
    assert fresh.punch.flags == ("odd", "impossible_time")
    assert fresh.punch.punched_at is None


def test_a_digest_tells_contents_apart() -> None:
    one, other = a_batch(a_record("1"), a_record("2")), a_batch(a_record("1"), a_record("3"))
    assert rules.content_of(rules.identities(one)) == rules.content_of(rules.identities(one))
    assert rules.content_of(rules.identities(one)) != rules.content_of(rules.identities(other))


def test_the_event_follows_from_the_batch() -> None:
    batch = a_batch(a_record("1"), a_record("2"))
    decision = decide(batch, last=4)
    event = rules.recorded_event(batch, decision.fresh, READ_AT)
    assert event == rules.recorded_event(batch, decision.fresh, READ_AT)
    assert event.event_id == uuid5(JOURNAL, str(BATCH))
    assert (event.first_position, event.last_position) == (5, 6)
    assert PunchesRecorded.model_validate_json(event.model_dump_json()) == event


def test_names_are_canonical_sorted_and_the_last_of_a_person_wins() -> None:
    read = PeopleRead(
        owner=OWNER,
        site="hq",
        device_id=7,
        read_at=READ_AT,
        people=(
            Person(user_id="9", name="Nine\x00\x00"),
            Person(user_id="007", name="Seven"),
            Person(user_id="7", name=" Seven again "),
        ),
    )
    assert list(rules.names_of(read).items()) == [("7", "Seven again"), ("9", "Nine")]


def test_what_was_chosen_at_the_device_goes_along() -> None:
    record = a_record().model_copy(update={"event": 3, "state": 1})
    batch = a_batch(record)
    (fresh,) = decide(batch).fresh
    assert (fresh.punch.event, fresh.punch.in_out_state) == (3, 1)
    assert rules.recorded_event(batch, (fresh,), READ_AT).punches[0].event == 3


@pytest.mark.parametrize("field", ["verify", "state", "event"])
@pytest.mark.parametrize("number", [2**63, -(2**63), 10**40])
def test_a_number_that_nothing_can_hold_costs_no_punch(field: str, number: int) -> None:
    record = a_record().model_copy(update={field: number})
    (fresh,) = decide(a_batch(record)).fresh
    punch = fresh.punch
    assert (punch.verify_method, punch.in_out_state, punch.event) == (None, None, None)
    assert punch.flags == ("impossible_number",)
