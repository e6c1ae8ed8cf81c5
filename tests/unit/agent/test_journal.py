"""The journal keeps what has no receipt, and does not flood the stream with copies of it."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

from services.devices.agent.journal import SILENCE_SECONDS, STORED_SECONDS, Journal
from shared.contracts.readings import PunchBatch
from tests.unit.agent.test_session import Player, a_session, batches, entry, live


def a_batch() -> PunchBatch:
    return batches(Player(a_session()).hear(*live(entry())))[0]


def published(journal: Journal, batch: PunchBatch, until: float, *, stored: bool) -> list[float]:
    """When a batch is published again, asked every second."""
    times, now = [], 0.0
    while now <= until:
        if journal.silent(now):
            journal.attempt(batch.batch_id, now)
            journal.ended(batch.batch_id, stored=stored)
            times.append(now)
        now += 1.0
    return times


def test_its_name_outlives_the_process(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "journal"
    assert Journal(file).journal_id == Journal(file).journal_id


def test_what_the_stream_never_took_is_published_every_few_seconds(tmp_path: Path) -> None:
    journal, batch = Journal(tmp_path / "journal"), a_batch()
    journal.keep(batch, 0.0)
    times = published(journal, batch, 60, stored=False)
    assert len(times) == 60 / SILENCE_SECONDS


def test_copies_of_what_the_stream_has_become_rare(tmp_path: Path) -> None:
    journal, batch = Journal(tmp_path / "journal"), a_batch()
    journal.keep(batch, 0.0)
    times = published(journal, batch, 3600, stored=True)
    assert len(times) < 70
    assert times[0] == SILENCE_SECONDS
    assert times[1] - times[0] == STORED_SECONDS
    assert max(b - a for a, b in pairwise(times)) <= 61


def test_a_receipt_ends_it(tmp_path: Path) -> None:
    journal, batch = Journal(tmp_path / "journal"), a_batch()
    journal.keep(batch, 0.0)
    journal.forget(batch.batch_id)
    assert journal.silent(1e9) == []
    assert batch.batch_id not in journal


def test_what_is_being_published_is_not_published_besides(tmp_path: Path) -> None:
    journal, batch = Journal(tmp_path / "journal"), a_batch()
    journal.keep(batch, 0.0)
    journal.attempt(batch.batch_id, 0.0)
    assert journal.silent(1e9) == []
    journal.ended(batch.batch_id, stored=False)
    assert journal.silent(1e9) == [batch]
