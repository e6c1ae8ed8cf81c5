"""Decisions about doors: when it is certain that one was not touched."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from shared.contracts.errors import Code
from shared.kit.errors import MusterError

if TYPE_CHECKING:
    from shared.contracts.errors import Problem

UNLOCK_LIFE: Final = timedelta(seconds=30)
"""Far longer than a permit lasts; what is still open after it was abandoned."""

_UNTOUCHED: Final = frozenset(
    {
        Code.NO_AGENT,
        Code.NOT_FOUND,
        Code.NOT_SUPPORTED,
        Code.UNLOCK_EXPIRED,
        Code.DEVICE_UNREACHABLE,
        Code.DEVICE_OFFLINE,
        Code.DEVICE_WRONG_KEY,
        Code.DEVICE_REFUSED,
        Code.DEVICE_WRONG_PROTOCOL,
        Code.DEVICE_ERROR,
        Code.DEVICE_BUSY,
        Code.DRIVER_MISSING,
    }
)


def unlock_problem(problem: Problem) -> Problem:
    """Return what an unlock that was not confirmed is answered with.

    Unless it is certain that the door was not touched, the outcome is unknown.
    """
    if problem.code in _UNTOUCHED:
        return problem
    return MusterError(Code.UNLOCK_UNKNOWN).problem
