"""The journal keeps what has no receipt, and does not flood the stream with copies of it."""

from __future__ import annotations

from pathlib import Path

from services.devices.agent.journal import SILENCE_SECONDS, Journal
from shared.contracts.readings import PunchBatch
from tests.unit.agent.test_session import Player, a_session, batches, entry, live

LATER = SILENCE_SECONDS + 1


def a_batch() -> PunchBatch:
    return batches(Player(a_session()).hear(*live(entry())))[0]


def published(journal: Journal, batch: PunchBatch, at: float, place: int | None) -> None:
    journal.attempt(batch.batch_id, at)
    journal.ended(batch.batch_id, place)


def test_its_name_outlives_the_process(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "journal"
    assert Journal(file).journal_id == Journal(file).journal_id


def test_what_the_stream_never_took_is_published_every_few_seconds(tmp_path: Path) -> None:
    journal, batch = Journal(tmp_path / "journal"), a_batch()
    journal.keep(batch, 0.0)
    times, now = [], 0.0
    while now <= 60:
        if journal.silent(now):
            assert not journal.waits(batch.batch_id, 1, 1000, now)
            published(journal, batch, now, None)
            times.append(now)
        now += 1.0
    assert len(times) == 60 / SILENCE_SECONDS


def test_what_waits_in_the_stream_is_left_alone(tmp_path: Path) -> None:
    journal, batch = Journal(tmp_path / "journal"), a_batch()
    journal.keep(batch, 0.0)
    published(journal, batch, 0.0, place=7)
    assert journal.silent(LATER) == [batch]
    assert journal.waits(batch.batch_id, 3, 9, LATER)
    assert journal.silent(LATER + 1) == [], "and not asked after again at once"
    assert journal.silent(2 * LATER) == [batch]


def test_what_left_the_stream_without_a_receipt_is_lost(tmp_path: Path) -> None:
    journal, batch = Journal(tmp_path / "journal"), a_batch()
    journal.keep(batch, 0.0)
    published(journal, batch, 0.0, place=7)
    for first, last in ((8, 9), (8, 7), (1, 0), (1, 6)):  # taken, empty, gone, another stream
        assert not journal.waits(batch.batch_id, first, last, LATER)
        assert journal.silent(LATER) == [batch]


def test_a_receipt_ends_it(tmp_path: Path) -> None:
    journal, batch = Journal(tmp_path / "journal"), a_batch()
    journal.keep(batch, 0.0)
    journal.forget(batch.batch_id)
    assert journal.silent(1e9) == []
    assert batch.batch_id not in journal
    assert not journal.waits(batch.batch_id, 1, 1000, 0.0)


def test_what_is_being_published_is_not_published_besides(tmp_path: Path) -> None:
    journal, batch = Journal(tmp_path / "journal"), a_batch()
    journal.keep(batch, 0.0)
    journal.attempt(batch.batch_id, 0.0)
    assert journal.silent(1e9) == []
    journal.ended(batch.batch_id, None)
    assert journal.silent(1e9) == [batch]
