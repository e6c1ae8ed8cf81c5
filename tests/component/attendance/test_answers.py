"""What callers are told of punches: theirs only, newest first, whatever they ask."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
import pytest_asyncio
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine

from services.attendance.models import metadata
from shared.contracts import streams, subjects
from shared.contracts.attendance import AttendancePage, ListPunches
from shared.contracts.catalog import LIST_PUNCHES
from shared.contracts.errors import Code
from shared.contracts.readings import PeopleRead, Person
from shared.kit import rpc
from shared.kit.clock import new_id
from shared.kit.errors import MusterError
from tests.component.attendance.callers import Callers
from tests.component.attendance.conftest import (
    READ_AT,
    Archive,
    a_batch,
    a_record,
    eventually,
)
from tests.conftest import OTHER_OWNER, OWNER, Platform


class Asker:
    """The gateway, with a logged-in caller."""

    def __init__(self, archive: Archive, callers: Callers) -> None:
        self._archive = archive
        self.token = callers.user

    async def page(self, owner: str = OWNER, **ask: Any) -> AttendancePage:
        return await rpc.ask(
            self._archive.gateway,
            LIST_PUNCHES,
            ListPunches(**ask),
            AttendancePage,
            token=self.token(owner),
        )

    async def ids(self, **ask: Any) -> list[str]:
        return [each.user_id for each in (await self.page(**ask)).items]


@pytest_asyncio.fixture(loop_scope="session")
async def asker(attendance: Archive, callers: Callers) -> Asker:
    return Asker(attendance, callers)


async def test_an_item_is_all_that_is_known_of_a_punch(attendance: Archive, asker: Asker) -> None:
    record = a_record(1, "0042", 3).model_copy(update={"work_code": "9", "flags": ("odd",)})
    await attendance.hq.delivers(a_batch([record], source="live"))
    page = await asker.page()
    (item,) = page.items
    assert page.total == 1
    assert item.model_dump(exclude={"id", "received_at"}) == {
        "position": 1,
        "device_id": 1,
        "serial_number": "SN1",
        "site": "hq",
        "user_id": "42",
        "name": None,
        "punched_at": datetime(2026, 3, 1, 1, 0, 1, tzinfo=UTC),
        "device_time": "2026-03-01T08:00:01",
        "zone": "Asia/Jakarta",
        "source": "live",
        "verify_method": 1,
        "in_out_state": 1,
        "work_code": "9",
        "event": None,
        "raw": "01000000",
        "clock_error_ms": 250,
        "flags": ("odd",),
    }


async def test_pages_hold_each_punch_once_newest_first(attendance: Archive, asker: Asker) -> None:
    """Equal instants included, and what has no instant at the end."""
    records = [a_record(n // 3, str(n)) for n in range(30)]
    records.append(a_record(0, "77").model_copy(update={"device_time": "2026-02-31T08:00:00"}))
    await attendance.hq.delivers(a_batch(records))
    pages = [await asker.page(page=n, limit=7) for n in range(1, 7)]
    items = [item for page in pages for item in page.items]
    assert {page.total for page in pages} == {31}
    assert [item.user_id for item in items] == [*map(str, range(29, -1, -1)), "77"]
    assert pages[-1].items == ()


async def test_filters(attendance: Archive, asker: Asker) -> None:
    await attendance.hq.delivers(a_batch([a_record(n, str(n)) for n in range(1, 6)]))
    await attendance.hq.delivers(
        a_batch([a_record(9, "0003")], device_id=2, serial="SN2"),
    )
    assert await asker.ids(device_id=2) == ["3"]
    assert await asker.ids(user_id="003") == ["3", "3"]
    assert await asker.ids(user_id="003", device_id=1) == ["3"]
    assert await asker.ids(user_id="%") == []
    second = datetime(2026, 3, 1, 1, 0, 2, tzinfo=UTC)
    assert await asker.ids(start=second, end=second + timedelta(seconds=2)) == ["3", "2"]
    # Without a zone it means UTC; with one it is that moment.
    assert await asker.ids(start=second.replace(tzinfo=None), device_id=1) == ["5", "4", "3", "2"]
    jakarta = second.astimezone(timezone(timedelta(hours=7)))
    assert await asker.ids(start=jakarta, device_id=1) == ["5", "4", "3", "2"]
    assert await asker.ids(start=second, end=second) == []


async def test_another_owner_sees_nothing(attendance: Archive, asker: Asker) -> None:
    await attendance.hq.delivers(a_batch([a_record(1)]))
    for ask in ({}, {"device_id": 1}, {"user_id": "2"}):
        page = await asker.page(OTHER_OWNER, **ask)
        assert (page.items, page.total) == ((), 0)


async def test_nobody_is_answered_without_a_token(attendance: Archive) -> None:
    with pytest.raises(MusterError) as refused:
        await rpc.ask(attendance.gateway, LIST_PUNCHES, ListPunches(), AttendancePage)
    assert refused.value.problem.code is Code.UNAUTHORIZED


@pytest.mark.parametrize(
    "ask",
    [
        {"page": 10**30},
        {"page": 2**63, "limit": 1000},
        {"device_id": 10**30},
        {"device_id": -(10**30)},
        {"device_id": 0},
        {"user_id": "\x00"},
        {"user_id": "' or 1=1 --"},
        {"user_id": "\U0001f464"},
        {"start": "0001-01-01T00:00:00+14:00"},
        {"start": "9999-12-31T23:59:59-14:00"},
        {"start": "0001-01-01T00:00:00", "end": "9999-12-31T23:59:59.999999"},
        {"page": 0},
        {"limit": 0},
        {"limit": 1001},
        {"limit": "many"},
        {"user_id": "x" * 65},
        {"start": "yesterday"},
        {"device_id": 1.5},
    ],
    ids=str,
)
async def test_no_question_is_a_defect(
    attendance: Archive, asker: Asker, ask: dict[str, Any]
) -> None:
    """Asked raw, past our own check of the request."""
    await attendance.hq.delivers(a_batch([a_record(1)]))
    reply = await attendance.gateway.request(
        LIST_PUNCHES.subject,
        json.dumps(ask).encode(),
        {"authorization": asker.token(OWNER)},
        5.0,
    )
    answer = json.loads(reply)
    if "error" in answer:
        assert answer["error"]["code"] == "VALIDATION_ERROR"
        assert answer["error"]["fields"][0]["field"] in ask
    else:
        assert answer["total"] in {0, 1}


async def test_a_large_page_fits_into_one_answer(attendance: Archive, asker: Asker) -> None:
    for start in range(0, 1000, 250):
        records = [
            a_record(n).model_copy(update={"raw": bytes(40), "flags": ("a_flag", "another_flag")})
            for n in range(start, start + 250)
        ]
        await attendance.hq.delivers(a_batch(records))
    page = await asker.page(limit=1000)
    assert len(page.items) == 1000


async def says_people(archive: Archive, seconds: int, *people: tuple[str, str]) -> None:
    read = PeopleRead(
        owner=OWNER,
        site="hq",
        device_id=1,
        read_at=READ_AT + timedelta(seconds=seconds),
        people=tuple(Person(user_id=user_id, name=name) for user_id, name in people),
    )
    await archive.devices.publish(
        streams.PEOPLE,
        subjects.people_read("hq", 1),
        read.model_dump_json().encode(),
        message_id=str(new_id()),
    )


async def test_names_are_those_read_last_whatever_the_order(
    attendance: Archive, asker: Asker
) -> None:
    await attendance.hq.delivers(a_batch([a_record(1, "1"), a_record(2, "2")]))
    version = await attendance.version()
    await says_people(attendance, 10, ("0001", "Ann New"), ("2", "Bob"))
    await says_people(attendance, 5, ("1", "Ann Old"))
    await says_people(attendance, 20)

    async def heard() -> bool:
        return await attendance.version() >= version + 3

    await eventually(heard)
    names = {item.user_id: item.name for item in (await asker.page()).items}
    assert names == {"1": "Ann New", "2": "Bob"}


async def test_the_version_rises_with_each_commit_that_shows(attendance: Archive) -> None:
    seen = [await attendance.version()]
    for n in range(3):
        await attendance.hq.delivers(a_batch([a_record(n)]))
        seen.append(await attendance.version())
    assert seen == [0, 1, 2, 3]
    assert await attendance.version(OTHER_OWNER) == 0


@pytest.mark.usefixtures("clean")
def test_the_migrations_make_the_tables_of_the_models(platform: Platform) -> None:
    options = {"options": "-c search_path=attendance"}
    engine = create_engine(platform.owner_url("attendance"), connect_args=options)
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_server_default": True, "version_table_schema": "attendance"}
        )
        found = compare_metadata(context, metadata)
    engine.dispose()
    assert [each for each in found if "alembic_version" not in str(each)] == []


def test_one_plan_for_the_commonest_question(platform: Platform) -> None:
    """The indexes are those that the questions need; a full scan would be 100,000 rows."""
    options = {
        "options": "-c search_path=attendance -c enable_seqscan=off -c enable_bitmapscan=off"
    }
    engine = create_engine(platform.owner_url("attendance"), connect_args=options)
    with engine.connect() as connection:
        for column, index in (("user_id = '1'", "punches_by_user"), ("device_id = 1", "by_device")):
            plan = connection.exec_driver_sql(
                f"explain select * from punches where owner = 'x' and {column}"  # noqa: S608 - ours
                " order by punched_at desc nulls last, position desc, id limit 20"
            ).fetchall()
            assert index in str(plan)
    engine.dispose()
