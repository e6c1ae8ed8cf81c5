"""The registry's decisions."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise, permutations
from typing import get_args
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.devices import rules
from shared.contracts.devices import (
    OperationStatus,
    Outcome,
    Progress,
    RegisterDevice,
)
from shared.contracts.errors import Code
from shared.kit.errors import MusterError

NOW = datetime(2026, 3, 1, 8, 30, 15, 250_000, tzinfo=UTC)
STATUSES: tuple[OperationStatus, ...] = get_args(OperationStatus)
statuses = st.sampled_from(STATUSES)
counts = st.integers(min_value=0, max_value=200_000)
progresses = st.builds(Progress, read=counts, receipted=counts, recorded=counts)


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


# ── registering ──────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("192.168.1.201", "192.168.1.201"),
        (" 127.0.1.1 ", "127.0.1.1"),
        ("2001:DB8:0::1", "2001:db8::1"),
        ("::ffff:10.0.0.7", "10.0.0.7"),
    ],
)
def test_an_ip_has_one_spelling(written: str, meant: str) -> None:
    assert rules.checked(RegisterDevice(name="Door", ip=written)).ip == meant


@pytest.mark.parametrize(
    "ip", ["door.example", "300.1.1.1", "10.0.0.01", "10.0.0.1/24", "::", "224.0.0.1"]
)
def test_what_is_no_address_of_one_device_is_refused_by_name(ip: str) -> None:
    with pytest.raises(MusterError) as caught:
        rules.checked(RegisterDevice(name="Door", ip=ip))
    assert caught.value.problem.code is Code.VALIDATION_ERROR
    assert [each.field for each in caught.value.problem.fields] == ["ip"]


def test_every_wrong_field_is_named_at_once() -> None:
    request = RegisterDevice(name="Do\x00or", ip="nowhere", zone="Asia/Nowhere")
    with pytest.raises(MusterError) as caught:
        rules.checked(request)
    assert {each.field for each in caught.value.problem.fields} == {"name", "ip", "zone"}


def test_a_zone_is_an_iana_name() -> None:
    assert rules.is_zone("Asia/Jakarta")
    assert not rules.is_zone("../etc/passwd")
    assert not rules.is_zone("")


@pytest.mark.parametrize(
    ("reported", "meant"),
    [("ABC123\x00\x00", "ABC123"), ("  ", None), (None, None), ("", None), ("A" * 99, "A" * 64)],
)
def test_a_serial_is_what_the_device_means(reported: str | None, meant: str | None) -> None:
    assert rules.serial_of(reported) == meant


@pytest.mark.parametrize(
    ("code", "told", "status"),
    [
        (Code.DEVICE_UNREACHABLE, Code.DEVICE_UNREACHABLE, 400),
        (Code.DEVICE_WRONG_KEY, Code.DEVICE_WRONG_KEY, 400),
        (Code.DEVICE_NO_ANSWER, Code.DEVICE_NO_ANSWER, 400),
        (Code.DEVICE_REFUSED, Code.DEVICE_REFUSED, 400),
        (Code.DEVICE_WRONG_PROTOCOL, Code.DEVICE_WRONG_PROTOCOL, 400),
        (Code.NO_AGENT, Code.NO_AGENT, 503),
        (Code.TIMEOUT, Code.NO_AGENT, 503),
    ],
)
def test_a_failed_probe_is_told_as_documented(code: Code, told: Code, status: int) -> None:
    problem = rules.probe_error(MusterError(code).problem).problem
    assert (problem.code, problem.status) == (told, status)


def test_an_exchanged_device_is_a_problem_and_a_first_contact_is_none() -> None:
    problem = rules.exchanged("A1", "B2")
    assert problem is not None
    assert "A1" in problem.details
    assert "B2" in problem.details
    assert rules.exchanged("A1", "A1") is None
    assert rules.exchanged(None, "A1") is None
    assert rules.exchanged("A1", None) is None


# ── operations ───────────────────────────────────────────────────────────────


def test_a_job_has_the_documented_id() -> None:
    assert rules.job_id(7, NOW.replace(microsecond=0)) == "sync-device-7-20260301083015"


@given(st.sets(st.integers(min_value=0, max_value=20)))
def test_a_second_is_used_once(taken: set[int]) -> None:
    second = NOW.replace(microsecond=0)
    used = {second + timedelta(seconds=each) for each in taken}
    moment = rules.queued_at(NOW, used)
    assert moment not in used
    assert moment.microsecond == 0
    assert second <= moment <= second + timedelta(seconds=len(used))


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
        assert now.read >= was.read
        assert now.receipted >= was.receipted
        assert now.recorded >= was.recorded


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


@given(st.dictionaries(statuses, counts))
def test_the_counts_of_a_queue_add_up(syncs: dict[OperationStatus, int]) -> None:
    found = rules.queue_stats(syncs).queues
    assert set(found) == {"attendance-sync", "user-sync"}
    total = sum(sum(each.model_dump().values()) for each in found.values())
    assert total == sum(syncs.values())


@pytest.mark.parametrize("status", STATUSES)
def test_a_job_is_counted_where_its_status_says(status: OperationStatus) -> None:
    where = {"queued": "waiting", "active": "active", "completed": "completed", "failed": "failed"}
    counted = rules.queue_stats({status: 1}).queues["attendance-sync"].model_dump()
    assert counted[where[rules.job_status(status)]] == 1


def test_an_unlock_that_was_sent_and_never_answered_is_unknown() -> None:
    assert rules.overdue("unlock", "sent").code is Code.UNLOCK_UNKNOWN
    assert rules.overdue("unlock", "pending").code is Code.OPERATION_EXPIRED
    assert rules.overdue("read_log", "sent").code is Code.OPERATION_EXPIRED


@pytest.mark.parametrize(
    "code", [Code.TIMEOUT, Code.SERVICE_UNAVAILABLE, Code.INTERNAL_ERROR, Code.DEVICE_NO_ANSWER]
)
def test_an_unlock_without_a_clear_answer_is_unknown(code: Code) -> None:
    problem = rules.unlock_problem(MusterError(code).problem)
    assert (problem.code, problem.status) == (Code.UNLOCK_UNKNOWN, 504)


@pytest.mark.parametrize("code", [Code.UNLOCK_EXPIRED, Code.NO_AGENT, Code.DEVICE_UNREACHABLE])
def test_a_door_that_was_not_touched_is_told_as_it_is(code: Code) -> None:
    assert rules.unlock_problem(MusterError(code).problem).code is code


def test_no_page_is_beyond_what_the_database_can_count() -> None:
    assert rules.offset(1, 20) == 0
    assert rules.offset(3, 20) == 40
    assert rules.offset(10**30, 200) == 2**63 - 1
