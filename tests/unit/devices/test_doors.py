"""Decisions about doors."""

from __future__ import annotations

import pytest

from services.devices.rules import doors as rules
from shared.contracts.errors import Code
from shared.kit.errors import MusterError


@pytest.mark.parametrize(
    "code", [Code.TIMEOUT, Code.SERVICE_UNAVAILABLE, Code.INTERNAL_ERROR, Code.DEVICE_NO_ANSWER]
)
def test_an_unlock_without_a_clear_answer_is_unknown(code: Code) -> None:
    problem = rules.unlock_problem(MusterError(code).problem)
    assert (problem.code, problem.status) == (Code.UNLOCK_UNKNOWN, 504)


@pytest.mark.parametrize(
    "code", [Code.UNLOCK_EXPIRED, Code.NO_AGENT, Code.DEVICE_UNREACHABLE, Code.DEVICE_OFFLINE]
)
def test_a_door_that_was_not_touched_is_told_as_it_is(code: Code) -> None:
    assert rules.unlock_problem(MusterError(code).problem).code is code
