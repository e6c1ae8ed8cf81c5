"""Decisions about operations."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise, permutations
from typing import get_args
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.devices.rules import operations as rules
from shared.contracts.actions import Enrolment
from shared.contracts.errors import Code
from shared.contracts.identity import object_id
from shared.contracts.operations import (
    SPECS,
    OperationKind,
    OperationStatus,
    Outcome,
    Progress,
    Queue,
)
from shared.kit.errors import MusterError

NOW = datetime(2026, 3, 1, 8, 30, 15, 250_000, tzinfo=UTC)
STATUSES: tuple[OperationStatus, ...] = get_args(OperationStatus)
KINDS: tuple[OperationKind, ...] = get_args(OperationKind)
statuses = st.sampled_from(STATUSES)
kinds = st.sampled_from(KINDS)
counts = st.integers(min_value=0, max_value=200_000)
progresses = st.builds(Progress, **dict.fromkeys(Progress.model_fields, counts))


def outcome(status: OperationStatus, progress: Progress | None = None) -> Outcome:
    return Outcome(
        operation_id=UUID(int=1),
        owner="0" * 24,
        site="hq",
        device_id=1,
        status=status,
        at=NOW,
        progress=progress or Progress(),
    )


outcomes = st.builds(outcome, statuses, progresses)


# ── asking ───────────────────────────────────────────────────────────────────


def test_a_job_has_the_documented_id() -> None:
    second = NOW.replace(microsecond=0)
    assert rules.job_id("read_log", 7, second) == "sync-device-7-20260301083015"
    assert rules.job_id("read_users", 7, second) == "sync-users-7-20260301083015"


@given(st.sets(st.integers(min_value=0, max_value=20)))
def test_a_second_is_used_once(taken: set[int]) -> None:
    second = NOW.replace(microsecond=0)
    used = {second + timedelta(seconds=each) for each in taken}
    moment = rules.queued_at(NOW, used)
    assert moment not in used
    assert moment.microsecond == 0
    assert second <= moment <= second + timedelta(seconds=len(used))


@pytest.mark.parametrize(
    ("status", "total", "patient_above", "settled"),
    [
        ("pending", 0, None, False),
        ("sent", 10**6, None, False),
        ("sent", 100, 100, False),
        ("sent", 101, 100, True),
        ("success", 0, None, True),
        ("failed", 0, 100, True),
        ("canceled", 0, None, True),
    ],
)
def test_nobody_waits_for_what_has_ended_or_is_too_much(
    status: OperationStatus, total: int, patient_above: int | None, settled: bool
) -> None:
    assert rules.settled(status, total, patient_above) is settled


# ── going ────────────────────────────────────────────────────────────────────


def follow(said: tuple[Outcome, ...]) -> list[tuple[OperationStatus, Progress]]:
    status: OperationStatus = "pending"
    progress = Progress()
    seen = [(status, progress)]
    for each in said:
        news = rules.advance(status, progress, each)
        if news is not None:
            status, progress = news.status, news.progress
            seen.append((status, progress))
    return seen


@given(st.lists(outcomes, max_size=8).map(tuple))
def test_an_operation_only_goes_forward(said: tuple[Outcome, ...]) -> None:
    rank = {"pending": 0, "sent": 1, "success": 2, "failed": 2, "canceled": 2}
    seen = follow(said)
    for (before, was), (after, now) in pairwise(seen):
        assert rank[before] < 2, "an ended operation was reopened"
        assert rank[after] >= rank[before]
        for name in Progress.model_fields:
            assert getattr(now, name) >= getattr(was, name)


@given(st.lists(outcomes, max_size=6))
def test_saying_it_again_changes_nothing(said: list[Outcome]) -> None:
    doubled = tuple(each for one in said for each in (one, one))
    assert follow(doubled)[-1] == follow(tuple(said))[-1]


def test_any_order_of_progress_ends_the_same() -> None:
    steps = [outcome("sent", Progress(read=n * 100, receipted=n * 50)) for n in range(4)]
    ends = {str(follow(order)[-1]) for order in permutations(steps)}
    assert len(ends) == 1


@pytest.mark.parametrize("end", ["success", "failed", "canceled"])
def test_late_progress_does_not_reopen(end: OperationStatus) -> None:
    assert rules.advance(end, Progress(), outcome("sent", Progress(read=5))) is None


@pytest.mark.parametrize(
    ("status", "problem", "code"),
    [
        ("pending", None, None),
        ("sent", None, None),
        ("success", None, Code.CONFLICT),
        ("canceled", Code.OPERATION_CANCELED, Code.OPERATION_CANCELED),
        ("failed", Code.OPERATION_EXPIRED, Code.OPERATION_EXPIRED),
        ("failed", Code.DEVICE_UNREACHABLE, Code.CONFLICT),
    ],
)
def test_what_has_ended_is_not_begun(
    status: OperationStatus, problem: Code | None, code: Code | None
) -> None:
    refused = rules.refusal(status, MusterError(problem).problem if problem else None)
    assert (refused.problem.code if refused else None) is code


@pytest.mark.parametrize("kind", KINDS)
def test_what_was_sent_and_is_not_the_same_twice_has_an_unknown_end(kind: OperationKind) -> None:
    assert rules.overdue(kind, "pending").code is Code.OPERATION_EXPIRED
    sent = rules.overdue(kind, "sent").code
    if kind == "unlock":
        assert sent is Code.UNLOCK_UNKNOWN
    elif SPECS[kind].repeatable:
        assert sent is Code.OPERATION_EXPIRED
    else:
        assert sent is Code.OUTCOME_UNKNOWN


def test_what_waited_in_vain_says_for_what() -> None:
    first = MusterError(Code.DEVICE_UNREACHABLE, "no route to 10.0.0.1").problem
    assert "no route to 10.0.0.1" in rules.in_vain(first).details
    assert rules.in_vain(None).code is Code.OPERATION_CANCELED


# ── attempts ─────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("status", "attempts", "counted", "current"),
    [
        ("pending", 0, False, 1),
        ("sent", 1, False, 1),
        ("pending", 1, False, 2),
        ("pending", 2, True, 2),
        ("sent", 2, False, 2),
    ],
)
def test_attempts_are_told_apart(
    status: OperationStatus, attempts: int, counted: bool, current: int
) -> None:
    former = {
        each: rules.is_former(status, attempts, each, counted=counted) for each in range(1, 4)
    }
    assert former == {each: each < current for each in range(1, 4)}
    assert not rules.is_former(status, attempts, None, counted=counted)


@given(statuses, statuses, st.integers(0, 3), st.none() | st.integers(0, 3))
def test_only_the_attempt_that_runs_goes_back(
    status: OperationStatus, told: OperationStatus, attempts: int, attempt: int | None
) -> None:
    said = outcome(told).model_copy(update={"attempt": attempt})
    runs = status == "sent" and attempt == attempts
    assert rules.goes_back(status, attempts, said) is (runs and told == "pending")


@pytest.mark.parametrize("status", STATUSES)
def test_only_success_lets_another_follow(status: OperationStatus) -> None:
    assert rules.may_follow(status) is (status == "success")


@pytest.mark.parametrize("kind", KINDS)
def test_an_enrolment_goes_on_in_the_order_of_time(kind: OperationKind) -> None:
    told = Enrolment(state="captured", at=NOW)
    earlier = told.model_copy(update={"at": NOW - timedelta(seconds=1)})
    assert rules.is_news(kind, None, told) is (kind == "enroll")
    assert rules.is_news(kind, earlier, told) is (kind == "enroll")
    assert not rules.is_news(kind, told, earlier)
    assert not rules.is_news(kind, told, told)


# ── names ────────────────────────────────────────────────────────────────────


@given(st.uuids(), st.uuids())
def test_an_id_is_found_by_its_first_digits(identity: UUID, other: UUID) -> None:
    for text in (object_id(identity), object_id(identity).upper(), str(identity)):
        found = rules.ids_of(text)
        assert found is not None
        first, last = found
        assert first <= identity <= last
        assert (first <= other <= last) is (object_id(other) == object_id(identity))


@pytest.mark.parametrize("text", ["", "sync-device-7-20260301083015", "f" * 23, "g" * 24, "٣" * 24])
def test_what_is_no_id_is_none(text: str) -> None:
    assert rules.ids_of(text) is None


# ── canceling, trying again ──────────────────────────────────────────────────


@given(kinds, statuses)
def test_only_what_waits_is_canceled_and_only_what_did_not_succeed_tried_again(
    kind: OperationKind, status: OperationStatus
) -> None:
    may_cancel = rules.uncancelable(kind, status) is None
    may_retry = rules.unrepeatable(kind, status, None) is None
    assert may_cancel is (status == "pending" and kind != "unlock")
    assert may_retry is (status in {"failed", "canceled"} and kind != "unlock")


def test_a_secret_that_is_gone_is_not_tried_again() -> None:
    assert rules.unrepeatable("put_user", "failed", "still sealed") is None
    refused = rules.unrepeatable("put_user", "failed", rules.WIPED)
    assert refused is not None
    assert "password" in refused.problem.details


# ── counting ─────────────────────────────────────────────────────────────────


@given(st.dictionaries(st.tuples(kinds, statuses), counts))
def test_the_counts_of_the_queues_add_up(
    stored: dict[tuple[OperationKind, OperationStatus], int],
) -> None:
    found = rules.queue_stats(stored).queues
    assert set(found) == set(get_args(Queue))
    total = sum(sum(each.model_dump().values()) for each in found.values())
    assert total == sum(count for (kind, _), count in stored.items() if kind != "unlock")


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("kind", SPECS)
def test_a_job_is_counted_where_its_kind_and_status_say(
    kind: OperationKind, status: OperationStatus
) -> None:
    where = {"queued": "waiting", "active": "active", "completed": "completed", "failed": "failed"}
    found = rules.queue_stats({(kind, status): 1}).queues
    counted = found[rules.queue_of(kind)].model_dump()
    assert counted[where[rules.job_status(status)]] == 1


def test_an_unlock_stands_in_no_queue() -> None:
    stats = rules.queue_stats({("unlock", "success"): 5})
    assert all(sum(each.model_dump().values()) == 0 for each in stats.queues.values())
