"""When people came first and last: by day and person, in a zone of the caller's choice."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from shared.contracts import catalog, streams, subjects
from shared.contracts.attendance import SummarizePunches, SummaryItem, SummaryPage
from shared.contracts.errors import Code
from shared.contracts.readings import PeopleRead, Person
from shared.kit import rpc
from shared.kit.clock import new_id
from shared.kit.errors import MusterError
from tests.component.attendance.conftest import READ_AT, Archive, a_batch, a_record, eventually
from tests.component.attendance.test_answers import Asker, asker
from tests.conftest import OTHER_OWNER, OWNER

__all__ = ["asker"]
DAY = date(2026, 3, 1)
HOUR = 3600


async def summary(asker: Asker, owner: str = OWNER, **ask: Any) -> SummaryPage:
    wanted = SummarizePunches(**{"first_day": DAY, "last_day": DAY, **ask})
    question, token = catalog.SUMMARIZE_PUNCHES, asker.token(owner)
    return await rpc.ask(asker._archive.gateway, question, wanted, SummaryPage, token=token)


def lines(page: SummaryPage) -> list[tuple[str | None, str | None, int, int, int]]:
    """Day, person, the hours (UTC) of the first and last punch, and their count."""
    return [
        (str(each.day) if each.day else None, each.user_id, *_hours(each), each.count)
        for each in page.items
    ]


def _hours(item: SummaryItem) -> tuple[int, int]:
    return item.first.hour, item.last.hour


async def punched(archive: Archive) -> None:
    """08:00, 12:00 and 17:00 of Jakarta (01, 05 and 10 UTC), and the next day's first hour."""
    records = [
        a_record(0, "1"),
        a_record(4 * HOUR, "2"),
        a_record(9 * HOUR, "1"),
        a_record(17 * HOUR, "1"),  # 01:00 of 2 March in Jakarta, 18:00 of 1 March in UTC
    ]
    await archive.hq.delivers(a_batch(records))
    await archive.hq.delivers(a_batch([a_record(HOUR, "2")], device_id=2, serial="SN2"))


async def test_lines_by_day_and_person(attendance: Archive, asker: Asker) -> None:
    await punched(attendance)
    page = await summary(asker, last_day=DAY + timedelta(days=1), zone="Asia/Jakarta")
    assert lines(page) == [
        ("2026-03-02", "1", 18, 18, 1),
        ("2026-03-01", "1", 1, 10, 2),
        ("2026-03-01", "2", 2, 5, 2),
    ]
    assert page.total == 3
    assert page.items[1].first == datetime(2026, 3, 1, 1, tzinfo=UTC)


async def test_a_day_is_of_the_zone_asked_for(attendance: Archive, asker: Asker) -> None:
    await punched(attendance)
    assert lines(await summary(asker)) == [
        ("2026-03-01", "1", 1, 18, 3),
        ("2026-03-01", "2", 2, 5, 2),
    ]


@pytest.mark.parametrize(
    ("by", "found"),
    [
        (("day",), [("2026-03-01", None, 1, 18, 5)]),
        (("user",), [(None, "1", 1, 18, 3), (None, "2", 2, 5, 2)]),
    ],
)
async def test_lines_by_one_of_the_two(
    attendance: Archive, asker: Asker, by: tuple[str, ...], found: list[object]
) -> None:
    await punched(attendance)
    assert lines(await summary(asker, by=by)) == found


async def test_filters_and_pages(attendance: Archive, asker: Asker) -> None:
    await punched(attendance)
    assert lines(await summary(asker, device_id=2)) == [("2026-03-01", "2", 2, 2, 1)]
    assert lines(await summary(asker, user_id="0001")) == [("2026-03-01", "1", 1, 18, 3)]
    pages = [await summary(asker, limit=1, page=each) for each in (1, 2, 3)]
    assert [[line[1] for line in lines(page)] for page in pages] == [["1"], ["2"], []]
    assert {page.total for page in pages} == {2}


async def test_another_owner_and_another_day_have_no_lines(
    attendance: Archive, asker: Asker
) -> None:
    await punched(attendance)
    assert (await summary(asker, OTHER_OWNER)).total == 0
    later = DAY + timedelta(days=9)
    assert (await summary(asker, first_day=later, last_day=later)).items == ()
    assert (await summary(asker, first_day=later, last_day=DAY)).total == 0


async def test_punches_without_an_instant_belong_to_no_day(
    attendance: Archive, asker: Asker
) -> None:
    impossible = a_record(0).model_copy(update={"device_time": "2026-02-30T08:00:00"})
    await attendance.hq.delivers(a_batch([impossible]))
    page = await summary(asker, first_day=date(2025, 6, 1), last_day=date(2026, 5, 31))
    assert page.total == 0


async def test_a_name_is_the_one_read_last_on_any_device(attendance: Archive, asker: Asker) -> None:
    await punched(attendance)
    for device, name, second in ((1, "Old", 1), (2, "New", 2), (3, "Older", 0)):
        read = PeopleRead(
            owner=OWNER,
            site="hq",
            device_id=device,
            read_at=READ_AT + timedelta(seconds=second),
            people=(Person(user_id="1", name=name),),
        )
        where = subjects.people_read("hq", device)
        body = read.model_dump_json().encode()
        await attendance.devices.publish(streams.PEOPLE, where, body, message_id=str(new_id()))

    async def named() -> bool:
        return (await summary(asker)).items[0].name == "New"

    await eventually(named)
    assert (await summary(asker)).items[1].name is None


@pytest.mark.parametrize("first", [date.min, date(1, 1, 2), date(9999, 12, 31)])
async def test_the_ends_of_the_calendar_are_no_defect(
    attendance: Archive, asker: Asker, first: date
) -> None:
    for zone in ("Pacific/Kiritimati", "Pacific/Pago_Pago"):
        assert (await summary(asker, first_day=first, last_day=first, zone=zone)).total == 0


async def test_too_many_days_are_bad_input(attendance: Archive, asker: Asker) -> None:
    with pytest.raises(MusterError) as refused:
        await summary(asker, last_day=date(2027, 3, 2))
    assert refused.value.problem.code is Code.VALIDATION_ERROR
