"""How a process ends."""

from __future__ import annotations

import pytest

from shared.kit.errors import StartupError
from shared.kit.service import status_of

WRONG = StartupError("mend this")
BROKEN = RuntimeError("a defect")


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (WRONG, 78),
        (BROKEN, 1),
        (ExceptionGroup("", [WRONG, BROKEN]), 78),
        (ExceptionGroup("", [BROKEN, ExceptionGroup("", [OSError(), WRONG])]), 78),
        (ExceptionGroup("", [BROKEN, OSError()]), 1),
    ],
)
def test_one_thing_to_mend_is_enough_to_say_so(error: Exception, status: int) -> None:
    assert status_of(error) == status
