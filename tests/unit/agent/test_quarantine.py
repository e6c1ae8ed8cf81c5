"""Quarantine: bytes nobody understands stay, under their own digest, and never without bound."""

from __future__ import annotations

import hashlib
from pathlib import Path

from services.devices.agent.quarantine import Quarantine

FILE = 4096


def names(directory: Path) -> set[str]:
    return {file.name for file in directory.iterdir()}


def test_bytes_are_kept_under_their_digest(tmp_path: Path) -> None:
    kept = Quarantine(tmp_path).keep((b"un", b"known"))
    assert kept == (7, hashlib.sha256(b"unknown").hexdigest())
    assert (tmp_path / kept.digest).read_bytes() == b"unknown"


def test_the_same_bytes_are_kept_once(tmp_path: Path) -> None:
    quarantine = Quarantine(tmp_path, limit=FILE)
    assert quarantine.keep((b"unknown",)) == quarantine.keep((b"unknown",))
    assert len(names(tmp_path)) == 1


def test_a_full_quarantine_refuses_and_keeps_what_it_has(tmp_path: Path) -> None:
    quarantine = Quarantine(tmp_path, limit=2 * FILE)
    first, second = quarantine.keep((b"1",)), quarantine.keep((b"2",))
    assert quarantine.keep((b"3",)) == (0, "")
    assert names(tmp_path) == {first.digest, second.digest}
    assert Quarantine(tmp_path, limit=2 * FILE).keep((b"3",)) == (0, ""), "after a restart, too"


def test_nothing_is_not_kept(tmp_path: Path) -> None:
    assert Quarantine(tmp_path).keep((b"",)) == (0, "")
    assert names(tmp_path) == set()


def test_room_that_a_person_made_is_used(tmp_path: Path) -> None:
    quarantine = Quarantine(tmp_path, limit=FILE)
    (tmp_path / quarantine.keep((b"1",)).digest).unlink()
    assert quarantine.keep((b"2",)).size == 1


def test_what_was_not_finished_is_removed_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "half.draft").write_bytes(b"half")
    Quarantine(tmp_path)
    assert names(tmp_path) == set()


def test_a_disk_that_refuses_is_a_refusal(tmp_path: Path) -> None:
    quarantine = Quarantine(tmp_path / "q")
    (tmp_path / "q").rmdir()
    assert quarantine.keep((b"1",)) == (0, "")
