"""What the forwarder decides, without a database or a network."""

import json
from datetime import UTC, datetime
from uuid import UUID, uuid5

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.forwarder import rules
from services.forwarder.rules import Attempt, Span
from shared.contracts.attendance import PunchesRecorded, RecordedPunch, app_site
from shared.contracts.deliveries import DeliveryNews
from shared.contracts.readings import Source

EVENT = UUID("00000000-0000-4000-8000-000000000003")
AT = datetime(2026, 3, 1, 1, 2, 3, 456_000, tzinfo=UTC)


def a_punch(position: int, user_id: str = "42", *, at: datetime | None = AT) -> RecordedPunch:
    return RecordedPunch(
        id=uuid5(EVENT, f"punch {position}"),
        position=position,
        user_id=user_id,
        device_time="2026-03-01T08:02:03",
        punched_at=at,
        verify_method=1,
        in_out_state=4,
        work_code=None,
        flags=() if at else ("impossible_time",),
    )


def an_event(*punches: RecordedPunch) -> PunchesRecorded:
    return PunchesRecorded(
        event_id=EVENT,
        owner="679a312fba856722da62098d",
        site="hq",
        device_id=7,
        serial_number="SN1",
        zone="Asia/Jakarta",
        source="live",
        received_at=AT,
        first_position=punches[0].position,
        last_position=punches[-1].position,
        punches=punches,
    )


def test_a_record_is_what_the_document_shows() -> None:
    (draft,) = rules.drafts(an_event(a_punch(1)), "log")
    assert draft.records == ({"enrollid": 42, "time": "2026-03-01T01:02:03.456Z", "event": 4},)


@pytest.mark.parametrize(
    ("user_id", "enroll_id"),
    [
        ("42", 42),
        ("0", 0),
        ("9007199254740991", 2**53 - 1),
        ("9007199254740992", "9007199254740992"),
        ("9" * 5000, "9" * 5000),
        ("A7", "A7"),
        ("", ""),
        ("-1", "-1"),
        ("٤٢", "٤٢"),
        ("²", "²"),
    ],
)
def test_digits_are_a_number_while_every_reader_can_hold_it(
    user_id: str, enroll_id: int | str
) -> None:
    (draft,) = rules.drafts(an_event(a_punch(1, user_id)), "log")
    assert draft.records[0]["enrollid"] == enroll_id
    assert type(draft.records[0]["enrollid"]) is type(enroll_id)


def test_a_large_event_is_cut_and_each_part_has_its_own_lasting_id() -> None:
    event = an_event(*(a_punch(n) for n in range(1, 251)))
    drafts = list(rules.drafts(event, "log"))
    assert [len(each.records) for each in drafts] == [100, 100, 50]
    assert [i for each in drafts for i in each.punch_ids] == [p.id for p in event.punches]
    assert drafts == list(rules.drafts(event, "log"))
    assert len({each.id for each in [*drafts, *rules.drafts(event, "other")]}) == 6


def test_a_punch_without_an_instant_is_withheld_with_its_reason() -> None:
    event = an_event(a_punch(1), a_punch(2, at=None), a_punch(3))
    (draft,) = rules.drafts(event, "log")
    assert draft.punch_ids == (event.punches[0].id, event.punches[2].id)
    assert rules.withheld(event) == ((event.punches[1].id, 2, "impossible_time"),)
    assert list(rules.drafts(an_event(a_punch(1, at=None)), "log")) == []


def an_attempt(status: int | None, *, confirmed: bool = False, refusals: int = 0) -> Attempt:
    return Attempt(status, confirmed, None if status else "ConnectError", 1, refusals, 0.5)


@pytest.mark.parametrize("status", [200, 201, 204, 299])
def test_only_a_2xx_that_confirms_is_a_receipt(status: int) -> None:
    assert rules.judge(an_attempt(status, confirmed=True)).status == "delivered"
    silent = rules.judge(an_attempt(status))
    assert (silent.status, silent.refused) == ("pending", True)
    assert silent.error == "Remote server did not confirm receipt"


@pytest.mark.parametrize("status", [None, 429, 500, 502, 503, 599])
def test_a_target_that_is_away_is_waited_for_for_ever(status: int | None) -> None:
    verdict = rules.judge(
        Attempt(status, confirmed=True, error="x", attempts=10_000, refusals=99, jitter=1.0)
    )
    assert (verdict.status, verdict.refused, verdict.delay) == ("pending", False, 60.0)


@pytest.mark.parametrize("status", [301, 302, 400, 401, 404, 410, 422])
def test_a_refusal_is_final_the_fifth_time(status: int) -> None:
    verdicts = [
        rules.judge(an_attempt(status, confirmed=True, refusals=n)).status for n in range(5)
    ]
    assert verdicts == ["pending"] * 4 + ["failed"]


def test_waiting_for_a_target_uses_up_no_refusals() -> None:
    late = Attempt(400, confirmed=False, error=None, attempts=500, refusals=0, jitter=0.0)
    assert rules.judge(late).status == "pending"


@given(st.integers(1, 10**6), st.floats(0, 1))
def test_the_wait_grows_to_a_minute(attempts: int, jitter: float) -> None:
    wait = rules.backoff(attempts, jitter)
    assert 0.25 <= wait <= 60
    assert wait <= rules.backoff(attempts + 1, jitter)
    if attempts > 8:
        assert wait >= 30


@given(st.uuids(), st.integers(1, 1000))
def test_jitter_is_a_part_of_one(delivery: UUID, attempts: int) -> None:
    assert 0 <= rules.jitter_of(delivery, attempts) <= 1
    assert rules.jitter_of(delivery, attempts) != rules.jitter_of(delivery, attempts + 1)


def test_a_jump_is_seen() -> None:
    assert rules.jump(0, Span(1, 5)) is None
    assert rules.jump(5, Span(6, 6)) is None
    assert rules.jump(5, Span(7, 9)) == (6, 6)
    assert rules.jump(0, Span(11, 20)) == (1, 10)
    assert rules.jump(9, Span(3, 4)) is None


@given(st.integers(1, 30), st.integers(0, 30), st.integers(1, 30), st.integers(0, 30))
def test_what_is_left_of_a_gap(first: int, length: int, heard: int, more: int) -> None:
    gap, span = Span(first, first + length), Span(heard, heard + more)
    left = {n for part in rules.remaining(gap, span) for n in range(part.first, part.last + 1)}
    wanted = set(range(gap.first, gap.last + 1)) - set(range(span.first, span.last + 1))
    assert left == wanted


def test_the_event_chosen_comes_before_the_direction() -> None:
    chosen = a_punch(1).model_copy(update={"event": 0})
    (draft,) = rules.drafts(an_event(chosen, a_punch(2)), "log")
    assert [each["event"] for each in draft.records] == [0, 4]


def test_phones_go_to_their_target_and_all_others_to_the_log() -> None:
    targets = rules.Targets(log="log", phones="fingerprint")
    sources: list[Source] = ["live", "pull", "push", "http", "app"]
    assert [targets.of(each) for each in sources] == ["log"] * 4 + ["fingerprint"]
    told = [each for each in sources if rules.untargeted(each)]
    assert told == ["http", "app"], "those whose senders wait for an answer"
    assert targets.of(rules.source_at(app_site("679a312fba856722da62098d"))) == "fingerprint"
    assert targets.of(rules.source_at("hq")) == "log"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"success": true, "n": [1, 2.5, null]}', {"success": True, "n": [1, 2.5, None]}),
        ('"plain"', "plain"),
        ("", ""),
        ("<html>", "<html>"),
        ('{"cut": "of', '{"cut": "of'),
        (r'{"nul": "\u0000"}', r'{"nul": "\u0000"}'),
        (r'{"\u0000": 1}', r'{"\u0000": 1}'),
        (r'["\ud800"]', r'["\ud800"]'),
        ("[NaN]", "[NaN]"),
        ("[1e999]", "[1e999]"),
        ("[" * 17 + "]" * 17, "[" * 17 + "]" * 17),
        ("[" * 2000, "[" * 2000),
        ("1" * 5000, "1" * 5000),
    ],
)
def test_an_answer_is_json_where_everybody_can_keep_it(text: str, said: object) -> None:
    assert rules.said(200, text) == said
    assert rules.said(None, text) is None


@given(st.text(max_size=50) | st.binary(max_size=50).map(lambda each: each.decode("latin-1")))
def test_whatever_is_answered_can_be_said_as_news(text: str) -> None:
    for answer in (text, json.dumps({text: [text]})):
        news = DeliveryNews(
            owner="679a312fba856722da62098d",
            site="hq",
            delivery_id=EVENT,
            punch_ids=(EVENT,),
            status="pending",
            attempt=1,
            at=AT,
            response=rules.said(200, answer),
        )
        assert DeliveryNews.model_validate_json(news.model_dump_json()) == news
