"""The session's rules: one identity a punch whatever the path, bounded, never done too early."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from services.devices.agent.effects import (
    Connected,
    Delivered,
    Drop,
    Forget,
    Happened,
    Heard,
    Keep,
    LogBegun,
    LogPart,
    Next,
    Receipted,
    Report,
    Reread,
    Told,
    Unfollowed,
    Wanted,
)
from services.devices.agent.numbering import numbered, survey
from services.devices.agent.session import WINDOW, Session
from services.devices.drivers.base import LogEntry, drift_ms
from shared.contracts.agents import RosterDevice
from shared.contracts.identity import punch_id
from shared.contracts.readings import BATCH_LIMIT, PunchBatch, PunchRecord
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


class Player:
    """Plays what is heard to a session and hands it the parts of logs that it wants."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.logs: dict[UUID, list[LogPart]] = {}
        self.wanted: list[Wanted] = []

    def hear(self, *heards: Heard) -> list[Wanted]:
        """Return what is wanted because of this, in order."""
        before, todo = len(self.wanted), list(heards)
        while todo:
            self.session, wanted = self.session.hear(todo.pop(0))
            self.wanted.extend(wanted)
            parts = [self.logs[each.reading_id] for each in wanted if isinstance(each, Next)]
            todo[:0] = [each.pop(0) for each in parts]
        return self.wanted[before:]

    def read(self, entries: list[LogEntry], operation_id: UUID | None = None) -> list[Wanted]:
        """Let the session hear of a whole log."""
        reading_id = uuid5(SPACE, f"reading {len(self.logs)}")
        looked = survey(entries, 40 * len(entries))
        records = list(numbered(entries, looked.suspects))
        self.logs[reading_id] = parts_of(reading_id, records)
        return self.hear(LogBegun(reading_id, operation_id, NOW, looked.total, looked.tail))

    def drain(self) -> list[Wanted]:
        """Receipt everything until nothing more is said; return all that was ever wanted."""
        done: set[UUID] = set()
        while fresh := [each for each in batches(self.wanted) if each.batch_id not in done]:
            done.update(each.batch_id for each in fresh)
            self.hear(*(receipt_of(each) for each in fresh))
        return self.wanted


def parts_of(reading_id: UUID, records: list[PunchRecord]) -> list[LogPart]:
    starts = range(0, max(1, len(records)), BATCH_LIMIT)
    return [
        LogPart(reading_id, tuple(records[at : at + BATCH_LIMIT]), last=at == starts[-1])
        for at in starts
    ]


def receipt_of(batch: PunchBatch) -> Receipted:
    return Receipted(batch.batch_id, len(batch.records), 0)


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


def test_a_live_punch_is_a_batch_of_one() -> None:
    (batch,) = batches(Player(a_session()).hear(*live(entry())))
    assert (batch.source, batch.serial, batch.zone) == ("live", "SIM1", "Asia/Jakarta")
    assert len(batch.records) == 1


def test_without_a_serial_of_its_own_the_registered_one_counts() -> None:
    session, _ = a_session().hear(Connected(None))
    assert session.serial == "SIM1"


def test_the_registrys_news_count_from_then_on() -> None:
    player = Player(a_session())
    player.hear(Told(player.session.device.model_copy(update={"epoch": 1})), *live(entry()))
    assert batches(player.wanted)[0].epoch == 1


def test_two_live_punches_in_one_second_are_two() -> None:
    assert len(set(ids(Player(a_session()).hear(*live(entry(), entry()))))) == 2


SECONDS = st.lists(st.tuples(st.sampled_from("123"), st.integers(0, 3)), max_size=40)


@given(SECONDS)
def test_live_and_bulk_give_the_same_punches(punches: list[tuple[str, int]]) -> None:
    entries = [entry(person, second) for person, second in punches]
    by_live = Player(a_session()).hear(*live(*entries))
    by_bulk = Player(a_session()).read(entries)
    assert sorted(ids(by_live)) == sorted(ids(by_bulk))
    assert len(set(ids(by_bulk))) == len(entries)


@given(SECONDS, st.integers(0, 40))
def test_a_connection_lost_anywhere_loses_and_doubles_nothing(
    punches: list[tuple[str, int]], cut: int
) -> None:
    entries = [entry(person, second) for person, second in punches]
    player = Player(a_session())
    player.hear(*live(*entries[:cut]), Connected("SIM1"), *live(*entries[cut:]))
    player.read(entries)
    assert set(ids(player.wanted)) == set(ids(Player(a_session()).read(entries)))


def test_a_doubtful_live_punch_asks_for_the_log() -> None:
    player = Player(a_session())
    player.read([entry()])
    assert Reread() in player.hear(*live(entry()))


def test_a_punch_of_another_second_is_not_doubtful() -> None:
    player = Player(a_session())
    player.read([entry()])
    assert Reread() not in player.hear(*live(entry(second=1)))


def test_a_long_log_is_sent_in_a_window_and_in_order() -> None:
    entries = [entry(str(number)) for number in range(BATCH_LIMIT * (WINDOW + 3) + 1)]
    player = Player(a_session())
    assert len(batches(player.read(entries, SPACE))) == WINDOW
    everything = batches(player.drain())
    people = [record.person for batch in everything for record in batch.records]
    assert people == [str(number) for number in range(len(entries))]
    assert all(len(batch.records) <= BATCH_LIMIT for batch in everything)
    assert len({batch.batch_id for batch in everything}) == len(everything)


@given(SECONDS.map(lambda few: few * 40), st.lists(st.integers(0, WINDOW), max_size=60))
def test_the_window_is_never_exceeded_and_no_part_is_wanted_twice(
    punches: list[tuple[str, int]], receipted: list[int]
) -> None:
    """Whatever order receipts come in."""
    player = Player(a_session())
    player.read([entry(person, second) for person, second in punches], SPACE)
    for which in receipted:
        (reading,) = player.session.readings or (None,)
        if reading is None:
            break
        assert len(reading.under_way) <= WINDOW
        if under_way := sorted(reading.under_way):
            batch_id = under_way[which % len(under_way)]
            (batch,) = (b for b in batches(player.wanted) if b.batch_id == batch_id)
            player.hear(receipt_of(batch))
    (parts,) = player.logs.values()
    assert len(parts) + sum(isinstance(each, Next) for each in player.wanted) == len(
        parts_of(SPACE, list(range(len(punches))))  # type: ignore[arg-type]
    )


def test_a_part_that_nobody_asked_for_changes_nothing() -> None:
    player = Player(a_session())
    player.read([entry()], SPACE)
    before = player.session
    stray = LogPart(uuid5(SPACE, "another"), (), last=True)
    assert player.hear(stray) == []
    assert player.session == before


def test_a_reading_is_done_only_when_every_batch_has_its_receipt() -> None:
    entries = [entry(str(number)) for number in range(BATCH_LIMIT + 1)]
    player = Player(a_session())
    first, second = (receipt_of(each) for each in batches(player.read(entries, SPACE)))
    report = player.hear(first)[-1]
    assert isinstance(report, Report)
    assert not report.done
    again = player.hear(first)
    assert not any(isinstance(each, Report) for each in again), "a receipt twice counts once"
    last = player.hear(second)[-1]
    assert isinstance(last, Report)
    assert last.done
    assert last.progress.read == last.progress.receipted == last.progress.recorded == len(entries)
    assert player.session.readings == ()


def test_an_empty_log_is_done_at_once() -> None:
    last = Player(a_session()).read([], SPACE)[-1]
    assert isinstance(last, Report)
    assert last.done


def test_a_receipt_lets_the_journal_forget() -> None:
    player = Player(a_session())
    (batch,) = batches(player.hear(*live(entry())))
    assert player.hear(Receipted(batch.batch_id, 1, 0)) == [Forget(batch.batch_id)]


def test_a_receipt_for_an_unknown_batch_is_harmless() -> None:
    unknown = uuid5(SPACE, "unknown")
    player = Player(a_session())
    assert player.hear(Receipted(unknown, 1, 0)) == [Forget(unknown)]
    assert player.session == a_session()


# ── a device that hands over ─────────────────────────────────────────────────


def delivered(*entries: LogEntry) -> Delivered:
    return Delivered(entries, NOW)


def test_what_is_handed_over_is_one_batch() -> None:
    player = Player(a_session())
    (batch,) = batches(player.hear(delivered(entry("1"), entry("2"), entry("3"))))
    assert (batch.source, [record.person for record in batch.records]) == ("push", ["1", "2", "3"])


@given(
    st.lists(st.tuples(st.sampled_from("123"), st.integers(0, 9)), unique=True, max_size=30),
    st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=12),
)
def test_any_cutting_and_repetition_gives_the_same_punches(
    punches: list[tuple[str, int]], cuts: list[tuple[int, int]]
) -> None:
    """A device that is not answered hands over the same again, in what pieces it likes."""
    entries = [entry(person, second) for person, second in punches]
    pieces = [entries[low:high] for low, high in cuts]
    player = Player(a_session())
    player.hear(*(delivered(*piece) for piece in (*pieces, entries, *pieces) if piece))
    assert set(ids(player.wanted)) == set(ids(Player(a_session()).read(entries)))


@given(SECONDS, st.integers(1, 3))
def test_equal_records_of_one_delivery_are_numbered_within_it(
    punches: list[tuple[str, int]], times: int
) -> None:
    entries = [entry(person, second) for person, second in punches]
    player = Player(a_session())
    player.hear(*[delivered(*entries)] * times)
    by_push = ids(player.wanted)
    assert len(set(by_push)) == len(entries)
    assert sorted(set(by_push)) == sorted(ids(Player(a_session()).read(entries)))


@given(SECONDS)
def test_whoever_starts_afresh_makes_no_other_punches_of_it(punches: list[tuple[str, int]]) -> None:
    """An agent that was killed before it answered knows nothing of what it had sent on."""
    entries = [entry(person, second) for person, second in punches]
    before, after = (Player(a_session()).hear(delivered(*entries)) for _ in range(2))
    assert set(ids(before)) == set(ids(after))


def test_a_delivery_is_cut_into_what_a_batch_may_carry() -> None:
    many = [entry(str(number)) for number in range(BATCH_LIMIT + 1)]
    long = [entry(str(number))._replace(raw=bytes(400_000)) for number in range(5)]
    assert [
        [len(each.records) for each in batches(Player(a_session()).hear(delivered(*entries)))]
        for entries in (many, long)
    ] == [[BATCH_LIMIT, 1], [2, 2, 1]]


def test_what_is_remembered_of_live_punches_is_bounded() -> None:
    player = Player(a_session())
    player.hear(*live(*(entry(str(number)) for number in range(1000))))
    assert len(player.session.live) <= 256


def test_a_newer_reading_takes_over_what_an_older_one_had_still_to_send() -> None:
    entries = [entry(str(number)) for number in range(BATCH_LIMIT * (WINDOW + 5))]
    player = Player(a_session())
    player.read(entries)
    (older,) = player.logs
    player.hear(Connected("SIM1"))
    assert Drop(older) in player.read(entries)
    assert [each.sent for each in player.session.readings] == [True, False]
    assert len(player.logs[older]) == 5, "flapping does not pile up readings"
    assert set(ids(player.drain())) == {
        punch_id("SIM1", each.person, each.device_time, 0) for each in entries
    }
    assert player.session.readings == ()


def test_an_operation_keeps_its_reading_when_another_begins() -> None:
    entries = [entry(str(number)) for number in range(BATCH_LIMIT * (WINDOW + 1))]
    player = Player(a_session())
    player.read(entries, SPACE)
    (ours,) = player.logs
    player.read(entries)
    reports = [each for each in player.drain() if isinstance(each, Report)]
    assert any(each.done and each.reading_id == ours for each in reports)
    assert Drop(ours) not in player.wanted


def test_a_reading_that_no_operation_follows_any_more_gives_way_like_any_other() -> None:
    entries = [entry(str(number)) for number in range(BATCH_LIMIT * (WINDOW + 1))]
    player = Player(a_session())
    player.read(entries, SPACE)
    (older,) = player.logs
    player.hear(Unfollowed(older))
    assert Drop(older) in player.read(entries, SPACE)


def test_a_clock_that_shows_the_right_second_is_off_by_no_more_than_half_of_it() -> None:
    zone = ZoneInfo("Asia/Jakarta")
    for micros, drift in ((0, 500), (500_000, 0), (999_999, -500)):
        now = NOW.replace(microsecond=micros)
        assert drift_ms("2026-03-02T16:00:00", zone, now) == drift
    assert drift_ms("2026-03-02T17:00:00", zone, NOW) == 3_600_500
