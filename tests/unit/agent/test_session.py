"""The session's rules: one identity a punch whatever the path, bounded, never done too early."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from services.devices.agent.effects import (
    Connected,
    Forget,
    Happened,
    Heard,
    Keep,
    LogRead,
    Receipted,
    Report,
    Reread,
    Wanted,
)
from services.devices.agent.session import WINDOW, Session, drift_ms
from services.devices.drivers.base import LogEntry
from shared.contracts.devices import BATCH_LIMIT, PunchBatch, RosterDevice
from shared.contracts.identity import punch_id
from tests.conftest import OWNER

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SPACE = UUID(int=7)


def a_session() -> Session:
    device = RosterDevice(
        device_id=1,
        owner=OWNER,
        dialect="zk",
        host="127.0.0.1",
        port=4370,
        comm_key=0,
        zone="Asia/Jakarta",
        epoch=0,
        serial="FALLBACK",
    )
    session = Session(
        device=device, site="hq", journal_id=UUID(int=1), nonce=SPACE, serial=device.serial
    )
    return session.hear(Connected("SIM1"))[0]


def entry(person: str = "1", second: int = 0) -> LogEntry:
    return LogEntry(person, f"2026-03-02T16:00:{second:02}", 1, 0, None, b"raw")


def play(session: Session, *heards: Heard) -> tuple[Session, list[Wanted]]:
    wanted: list[Wanted] = []
    for heard in heards:
        session, more = session.hear(heard)
        wanted.extend(more)
    return session, wanted


def batches(wanted: list[Wanted]) -> list[PunchBatch]:
    return [each.batch for each in wanted if isinstance(each, Keep)]


def ids(wanted: list[Wanted]) -> list[UUID]:
    return [
        punch_id(batch.serial, record.person, record.device_time, record.ordinal)
        for batch in batches(wanted)
        for record in batch.records
    ]


def live(*entries: LogEntry) -> list[Heard]:
    return [Happened(each, NOW) for each in entries]


def receipts(wanted: list[Wanted]) -> list[Heard]:
    return [Receipted(each.batch_id, len(each.records), 0) for each in batches(wanted)]


def drain(session: Session, wanted: list[Wanted]) -> list[Wanted]:
    """Receipt everything until nothing more is said; return all that was wanted."""
    everything = list(wanted)
    while batches(wanted):
        session, wanted = play(session, *receipts(wanted))
        everything.extend(wanted)
    return everything


def test_a_live_punch_is_a_batch_of_one() -> None:
    _, wanted = play(a_session(), *live(entry()))
    (batch,) = batches(wanted)
    assert (batch.source, batch.serial, batch.zone) == ("live", "SIM1", "Asia/Jakarta")
    assert len(batch.records) == 1


def test_without_a_serial_of_its_own_the_registered_one_counts() -> None:
    session, _ = a_session().hear(Connected(None))
    assert session.serial == "SIM1"


def test_two_live_punches_in_one_second_are_two() -> None:
    _, wanted = play(a_session(), *live(entry(), entry()))
    assert len(set(ids(wanted))) == 2


SECONDS = st.lists(st.tuples(st.sampled_from("123"), st.integers(0, 3)), max_size=40)


@given(SECONDS)
def test_live_and_bulk_give_the_same_punches(punches: list[tuple[str, int]]) -> None:
    entries = [entry(person, second) for person, second in punches]
    _, by_live = play(a_session(), *live(*entries))
    _, by_bulk = play(a_session(), LogRead(tuple(entries), NOW))
    assert sorted(ids(by_live)) == sorted(ids(by_bulk))
    assert len(set(ids(by_bulk))) == len(entries)


@given(SECONDS, st.integers(0, 40))
def test_a_connection_lost_anywhere_loses_and_doubles_nothing(
    punches: list[tuple[str, int]], cut: int
) -> None:
    entries = [entry(person, second) for person, second in punches]
    before, after = entries[:cut], entries[cut:]
    session, first = play(a_session(), *live(*before))
    _, second = play(session, Connected("SIM1"), *live(*after), LogRead(tuple(entries), NOW))
    assert set(ids(first + second)) == set(ids(play(a_session(), LogRead(tuple(entries), NOW))[1]))


def test_a_doubtful_live_punch_asks_for_the_log() -> None:
    session, _ = play(a_session(), LogRead((entry(),), NOW))
    _, wanted = play(session, *live(entry()))
    assert Reread() in wanted


def test_a_punch_of_another_second_is_not_doubtful() -> None:
    session, _ = play(a_session(), LogRead((entry(),), NOW))
    _, wanted = play(session, *live(entry(second=1)))
    assert Reread() not in wanted


def test_a_long_log_is_sent_in_a_window_and_in_order() -> None:
    entries = tuple(entry(str(number)) for number in range(BATCH_LIMIT * (WINDOW + 3) + 1))
    session, wanted = play(a_session(), LogRead(entries, NOW, SPACE))
    assert len(batches(wanted)) == WINDOW
    everything = drain(session, wanted)
    people = [record.person for batch in batches(everything) for record in batch.records]
    assert people == [str(number) for number in range(len(entries))]
    assert all(len(batch.records) <= BATCH_LIMIT for batch in batches(everything))
    assert len({batch.batch_id for batch in batches(everything)}) == len(batches(everything))


def test_a_reading_is_done_only_when_every_batch_has_its_receipt() -> None:
    entries = tuple(entry(str(number)) for number in range(BATCH_LIMIT + 1))
    session, wanted = play(a_session(), LogRead(entries, NOW, SPACE))
    first, second = receipts(wanted)
    session, wanted = play(session, first)
    assert wanted[-1] == Report(SPACE, wanted[-1].progress, done=False)  # type: ignore[union-attr]
    session, wanted = play(session, first)
    assert not any(isinstance(each, Report) for each in wanted), "a receipt twice counts once"
    _, wanted = play(session, second)
    last = wanted[-1]
    assert isinstance(last, Report)
    assert last.done
    assert last.progress.read == last.progress.receipted == last.progress.recorded == len(entries)


def test_an_empty_log_is_done_at_once() -> None:
    _, wanted = play(a_session(), LogRead((), NOW, SPACE))
    (report,) = wanted
    assert isinstance(report, Report)
    assert report.done


def test_a_receipt_lets_the_journal_forget() -> None:
    session, wanted = play(a_session(), *live(entry()))
    (batch,) = batches(wanted)
    _, wanted = play(session, Receipted(batch.batch_id, 1, 0))
    assert wanted == [Forget(batch.batch_id)]


def test_a_receipt_for_an_unknown_batch_is_harmless() -> None:
    unknown = uuid5(SPACE, "unknown")
    session, wanted = play(a_session(), Receipted(unknown, 1, 0))
    assert wanted == [Forget(unknown)]
    assert session == a_session()


def test_what_is_remembered_of_live_punches_is_bounded() -> None:
    session, _ = play(a_session(), *live(*(entry(str(number)) for number in range(1000))))
    assert len(session.live) <= 256


def test_a_newer_reading_takes_over_what_an_older_one_had_still_to_send() -> None:
    entries = tuple(entry(str(number)) for number in range(BATCH_LIMIT * (WINDOW + 5)))
    session, first = play(a_session(), LogRead(entries, NOW))
    session, _ = play(session, Connected("SIM1"))
    session, second = play(session, LogRead(entries, NOW))
    waiting = sum(len(each.waiting) for each in session.readings)
    assert waiting == 5, "flapping does not pile up readings"
    everything = drain(session, second)
    assert set(ids(everything)) | set(ids(first)) >= {
        punch_id("SIM1", each.person, each.device_time, 0) for each in entries
    }


def test_an_operation_keeps_its_reading_when_another_begins() -> None:
    entries = tuple(entry(str(number)) for number in range(BATCH_LIMIT * (WINDOW + 1)))
    session, wanted = play(a_session(), LogRead(entries, NOW, SPACE))
    session, more = play(session, LogRead(entries, NOW))
    reports = [each for each in drain(session, wanted + more) if isinstance(each, Report)]
    assert any(each.done and each.operation_id == SPACE for each in reports)


def test_a_clock_that_shows_the_right_second_is_off_by_no_more_than_half_of_it() -> None:
    zone = ZoneInfo("Asia/Jakarta")
    for micros, drift in ((0, 500), (500_000, 0), (999_999, -500)):
        now = NOW.replace(microsecond=micros)
        assert drift_ms("2026-03-02T16:00:00", zone, now) == drift
    assert drift_ms("2026-03-02T17:00:00", zone, NOW) == 3_600_500
