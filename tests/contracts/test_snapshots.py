"""Messages on the bus change only on purpose: each has a snapshot of its JSON schema.

A snapshot never rewrites itself. After a deliberate, additive change run
``python -m tests.contracts.snapshots NAME`` and commit the difference with the reason.
"""

from __future__ import annotations

import pytest

from tests.contracts.snapshots import DIRECTORY, MESSAGES, schema_of


@pytest.mark.parametrize("name", sorted(MESSAGES))
def test_a_message_is_what_its_snapshot_says(name: str) -> None:
    path = DIRECTORY / f"{name}.json"
    assert path.exists(), f"{name} has no snapshot"
    assert schema_of(name) == path.read_text(encoding="utf-8")


def test_no_snapshot_without_a_message() -> None:
    assert {path.stem for path in DIRECTORY.glob("*.json")} == set(MESSAGES)
