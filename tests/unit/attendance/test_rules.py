"""What attendance decides, without a database."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.attendance import rules
from shared.contracts.attendance import PunchesRecorded
from shared.contracts.readings import PeopleRead, Person, PunchBatch, PunchRecord

OWNER = "679a312fba856722da62098d"
READ_AT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
JOURNAL = UUID("00000000-0000-4000-8000-000000000001")
BATCH = UUID("00000000-0000-4000-8000-000000000002")
TWICE, NEVER = ("ambiguous_time",), ("nonexistent_time",)


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


@pytest.mark.parametrize(
    ("device_time", "zone", "instant", "flags"),
    [
        ("2026-03-01T08:00:00", "Asia/Jakarta", "2026-03-01T01:00:00+00:00", ()),
        ("2026-02-28T23:59:59", "America/New_York", "2026-03-01T04:59:59+00:00", ()),
        ("2025-11-02T01:30:00", "America/New_York", "2025-11-02T05:30:00+00:00", TWICE),
        ("2025-11-02T02:00:00", "America/New_York", "2025-11-02T07:00:00+00:00", ()),
        ("2025-03-09T02:30:00", "America/New_York", "2025-03-09T07:30:00+00:00", NEVER),
        ("2025-03-09T03:00:00", "America/New_York", "2025-03-09T07:00:00+00:00", ()),
        # Half an hour only, and in the south.
        ("2025-04-06T01:45:00", "Australia/Lord_Howe", "2025-04-05T14:45:00+00:00", TWICE),
        # A day that Samoa left out.
        ("2011-12-30T12:00:00", "Pacific/Apia", "2011-12-30T22:00:00+00:00", NEVER),
        # Dublin's summer time is its standard time.
        ("2025-10-26T01:30:00", "Europe/Dublin", "2025-10-26T00:30:00+00:00", TWICE),
        ("2026-02-29T08:00:00", "Asia/Jakarta", None, ("impossible_time",)),
        ("2026-13-01T08:00:00", "Asia/Jakarta", None, ("impossible_time",)),
        ("0000-00-00T00:00:00", "Asia/Jakarta", None, ("impossible_time",)),
        ("2026-03-01T24:00:00", "Asia/Jakarta", None, ("impossible_time",)),
        ("2026-03-01T08:00:60", "Asia/Jakarta", None, ("impossible_time",)),
        ("0001-01-01T00:00:00", "Asia/Jakarta", None, ("impossible_time",)),
        ("9999-12-31T23:59:59", "America/New_York", None, ("impossible_time",)),
        ("2000-01-01T23:59:59", "Asia/Jakarta", "2000-01-01T16:59:59+00:00", ("implausible_time",)),
        ("2000-01-02T00:00:00", "Asia/Jakarta", "2000-01-01T17:00:00+00:00", ()),
        ("2026-03-02T19:00:00", "Asia/Jakarta", "2026-03-02T12:00:00+00:00", ()),
        ("2026-03-02T19:00:01", "Asia/Jakarta", "2026-03-02T12:00:01+00:00", ("implausible_time",)),
        ("2026-03-01T08:00:00", "Mars/Olympus", None, ("unknown_zone",)),
        ("2026-03-01T08:00:00", "../../etc/passwd", None, ("unknown_zone",)),
        ("2026-03-01T08:00:00", "Asia", None, ("unknown_zone",)),
        ("2026-03-01T08:00:00", "", None, ("unknown_zone",)),
    ],
)  # fmt: skip
def test_when_it_was(
    device_time: str, zone: str, instant: str | None, flags: tuple[str, ...]
) -> None:
    found, found_flags = rules.instant_of(device_time, rules.zone_of(zone), READ_AT)
    assert found == (instant and datetime.fromisoformat(instant))
    assert found_flags == flags


@given(
    st.datetimes(datetime(2000, 1, 3), datetime(2026, 2, 27), timezones=st.just(UTC)),  # noqa: DTZ001
    st.sampled_from(["Asia/Jakarta", "America/New_York", "Europe/Dublin", "Pacific/Apia"]),
)
def test_a_wall_clock_read_back_is_the_instant_unless_it_is_ambiguous(
    moment: datetime, zone: str
) -> None:
    wall = moment.replace(microsecond=0).astimezone(ZoneInfo(zone))
    text = wall.replace(tzinfo=None).isoformat()
    instant, flags = rules.instant_of(text, rules.zone_of(zone), READ_AT)
    assert instant is not None
    if not flags:
        assert instant == moment.replace(microsecond=0)
    else:
        # The wall clock of an instant exists; at worst the other hour of the same name is taken.
        assert flags == ("ambiguous_time",)
        off = moment.replace(microsecond=0) - instant
        assert off == timedelta(0) or (wall.fold == 1 and off > timedelta(0))


@given(st.from_regex(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}", fullmatch=True))
def test_no_wall_clock_is_too_strange(text: str) -> None:
    for zone in ("Asia/Jakarta", "America/New_York", "Pacific/Kiritimati"):
        instant, flags = rules.instant_of(text, rules.zone_of(zone), READ_AT)
        assert (instant is None) == (flags == ("impossible_time",))


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
