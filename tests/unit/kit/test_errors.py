"""What callers and logs are told of an exception."""

from __future__ import annotations

import pytest
from pydantic import ValidationError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from shared.contracts.auth import Login
from shared.contracts.errors import Code
from shared.kit.rpc import problem_of


def invalid() -> ValidationError:
    with pytest.raises(ValidationError) as caught:
        Login.model_validate({"email": "hush@example.test", "password": {"hush": 1}})
    return caught.value


def test_a_message_that_is_none_is_told_without_what_was_sent() -> None:
    error = invalid()
    assert "password" in str(error)
    assert "hush" not in f"{error} {error!r}"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (PoolTimeoutError("QueuePool limit reached"), Code.SERVICE_UNAVAILABLE),
        (invalid(), Code.INTERNAL_ERROR),
    ],
)
def test_whose_fault_it_is(error: Exception, code: Code) -> None:
    assert problem_of(error).code is code
