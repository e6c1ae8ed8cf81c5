"""Decisions about logs that are POSTed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.devices.rules import logs as rules
from shared.contracts.devices import PostedRecord
from shared.contracts.errors import Code
from shared.contracts.identity import punch_id
from shared.kit.errors import MusterError

EIGHT = datetime(2026, 5, 1, 8)  # noqa: DTZ001 - a device's wall clock has no zone
rows = st.lists(
    st.builds(
        PostedRecord,
        user_id=st.sampled_from(["7", "07", "8", "a7"]),
        device_time=st.integers(0, 2).map(lambda n: EIGHT + timedelta(milliseconds=500 * n)),
    ),
    max_size=12,
)


@given(rows)
def test_no_two_records_of_a_log_are_one_punch(posted: list[PostedRecord]) -> None:
    found = rules.records_of(posted)
    assert [each.person for each in found] == [each.user_id for each in posted]
    ids = {punch_id("S-1", each.person, each.device_time, each.ordinal) for each in found}
    assert len(ids) == len(posted)
    assert rules.records_of(posted) == found, "the same log again is the same punches"


def test_every_record_that_is_none_is_named() -> None:
    posted = [
        PostedRecord(user_id="7", device_time=EIGHT),
        PostedRecord(user_id="00", device_time=EIGHT),
        PostedRecord(user_id="99999999", device_time=EIGHT.replace(tzinfo=UTC)),
    ]
    with pytest.raises(MusterError) as caught:
        rules.records_of(posted)
    problem = caught.value.problem
    assert problem.code is Code.VALIDATION_ERROR
    assert [each.field for each in problem.fields] == [
        "records.1.user_id",
        "records.2.user_id",
        "records.2.device_time",
    ]


def test_a_token_is_one_of_those_that_are_good() -> None:
    assert rules.granted("aa", ["bb", "aa"])
    assert not rules.granted("aa", ["bb", "a"])
    assert not rules.granted("aa", [])
