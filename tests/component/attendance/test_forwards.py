"""How forwarding stands follows the forwarder's news, in whatever order and however often."""

from __future__ import annotations

import itertools
import random
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio
from sqlalchemy import ColumnElement, true

from services.attendance.store import forwards as store
from shared.contracts import catalog, streams, subjects
from shared.contracts.attendance import (
    ListAppLog,
    LogPage,
    app_site,
)
from shared.contracts.deliveries import DeliveryNews
from shared.kit import rpc
from shared.kit.bus import Bus
from shared.kit.clock import new_id
from tests.component.attendance.callers import Callers
from tests.component.attendance.conftest import (
    READ_AT,
    Archive,
    MakeBus,
    eventually,
)
from tests.conftest import OTHER_OWNER, OWNER

FIRST, SECOND = UUID(int=1), UUID(int=2)


def some_news(punch_id: UUID, status: str, attempt: int, **changes: Any) -> DeliveryNews:
    values: dict[str, Any] = {
        "owner": OWNER,
        "site": "hq",
        "delivery_id": FIRST,
        "punch_ids": (punch_id,),
        "status": status,
        "attempt": attempt,
        "at": READ_AT,
        "response": {"attempt": attempt},
        "error": None if status == "delivered" else f"error {attempt}",
    }
    return DeliveryNews(**{**values, **changes})


class Teller:
    """The forwarder's side."""

    def __init__(self, archive: Archive, bus: Bus) -> None:
        self.archive = archive
        self._bus = bus

    async def tells(self, *news: DeliveryNews) -> None:
        """Say all of it and wait until it was heard."""
        for each in news:
            await self._bus.publish(
                streams.DELIVERY,
                subjects.delivery(each.site, "log"),
                each.model_dump_json().encode(),
                # A fresh id each time: the broker must not be the one that keeps doubles away.
                message_id=str(new_id()),
            )

        async def heard() -> bool:
            return await self.archive.messages(streams.DELIVERY) == 0

        await eventually(heard)

    async def state(self, punch_id: UUID) -> tuple[Any, ...]:
        query = "select * from attendance.forwards where punch_id = %s and owner = %s"
        (row,) = await self.archive.rows(query, punch_id, OWNER)
        return (row["is_send"], row["send_failed"], row["attempt"], row["forwarded_at"])


@pytest_asyncio.fixture(loop_scope="session")
async def teller(attendance: Archive, bus_of: MakeBus) -> Teller:
    return Teller(attendance, await bus_of("forwarder"))


@pytest.mark.parametrize(
    ("status", "attempt", "is_send", "send_failed"),
    [
        ("delivered", 1, True, False),
        ("pending", 1, True, True),
        ("failed", 5, True, True),
        ("untargeted", 0, False, False),
    ],
)
async def test_what_each_news_means(
    teller: Teller, status: str, attempt: int, is_send: bool, send_failed: bool
) -> None:
    punch_id = new_id()
    await teller.tells(some_news(punch_id, status, attempt))
    found = await teller.state(punch_id)
    assert found[:3] == (is_send, send_failed, attempt)
    assert (found[3] is not None) == (status == "delivered")


COURSE: tuple[tuple[str, int, dict[str, Any]], ...] = (
    ("untargeted", 0, {}),
    ("pending", 1, {}),
    ("failed", 2, {}),
    ("delivered", 3, {}),
    # Another delivery of the same punch never takes a receipt away.
    ("pending", 9, {"delivery_id": SECOND}),
)


async def test_the_last_word_is_the_same_in_any_order_and_repetition(teller: Teller) -> None:
    orders = [*itertools.permutations(range(5))][::6]
    punch_ids = [new_id() for _ in orders]
    dice = random.Random(3)  # noqa: S311 - the same disorder each time
    course = [
        some_news(punch_id, COURSE[n][0], COURSE[n][1], **COURSE[n][2])
        for punch_id, order in zip(punch_ids, orders, strict=True)
        for n in (*order, dice.choice(order))
    ]
    await teller.tells(*course)
    for punch_id in punch_ids:
        assert await teller.state(punch_id) == (True, False, 3, READ_AT)


async def test_two_deliveries_that_failed_leave_one_and_the_same_word(teller: Teller) -> None:
    """Of different deliveries at the same attempt, too, the order of their news is nothing."""
    punch_ids = [new_id(), new_id()]
    for punch_id, order in zip(punch_ids, ((FIRST, SECOND), (SECOND, FIRST)), strict=True):
        await teller.tells(
            *(
                some_news(punch_id, "pending", 2, delivery_id=each, error=str(each))
                for each in order
            )
        )
    query = "select last_attempt_error from attendance.forwards"
    assert {row["last_attempt_error"] for row in await teller.archive.rows(query)} == {str(SECOND)}


async def test_the_rank_is_what_keeps_old_news_away(
    teller: Teller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: whatever comes last is believed."""

    class Careless:
        def __lt__(self, _: object) -> ColumnElement[bool]:
            return true()

    monkeypatch.setattr(store, "tuple_", lambda *_: Careless())
    punch_id = new_id()
    await teller.tells(some_news(punch_id, "delivered", 2), some_news(punch_id, "pending", 1))
    assert (await teller.state(punch_id))[:2] == (True, True)


async def test_news_of_another_owner_or_site_change_nothing_of_ours(
    attendance: Archive, teller: Teller, bus_of: MakeBus
) -> None:
    punch_id = new_id()
    await teller.tells(some_news(punch_id, "delivered", 1))
    await teller.tells(some_news(punch_id, "failed", 9, owner=OTHER_OWNER, site="other"))
    assert (await teller.state(punch_id))[:3] == (True, False, 1)
    lie = some_news(punch_id, "failed", 9)
    await (await bus_of("forwarder")).publish(
        streams.DELIVERY,
        subjects.delivery("annex", "log"),
        lie.model_dump_json().encode(),
        message_id="a-lie",
    )

    async def dead() -> bool:
        return await attendance.messages(streams.DLQ) == 1

    await eventually(dead)
    assert (await teller.state(punch_id))[:3] == (True, False, 1)


async def test_news_of_a_hundred_punches_and_a_strange_answer(
    attendance: Archive, teller: Teller
) -> None:
    ids = tuple(new_id() for _ in range(100))
    answer = {"text": "\u0645\u062d\u0645\u062f \\u0000", "list": [1, 2.5, None, True], "deep": {}}
    news = some_news(ids[0], "pending", 1, punch_ids=(*ids, ids[0]), response=answer, error="a\x00")
    await teller.tells(news)
    rows = await attendance.rows("select * from attendance.forwards")
    assert len(rows) == 100
    assert {row["last_attempt_error"] for row in rows} == {"a"}
    assert rows[0]["response"] == answer
    assert await attendance.messages(streams.DLQ) == 0


async def test_the_app_log_follows_and_is_filtered_by_it(
    attendance: Archive, teller: Teller, callers: Callers
) -> None:
    punched = "insert into attendance.punches (owner, id, site, position, device_id, serial_number,"
    punched += " epoch, user_id, device_time, zone, punched_at, received_at, source, raw, flags)"
    punched += " values (%s, %s, %s, %s, 0, 'App', 0, '1', '', 'UTC', %s, now(), 'app', '', '{}')"
    ids = [new_id() for _ in range(4)]
    for n, each in enumerate(ids):
        moment = READ_AT.replace(second=n)
        values = (OWNER, each, app_site(OWNER), n + 1, moment)
        await attendance.eye.execute(punched.encode(), values)
    statuses = ("delivered", "pending", "failed")
    await teller.tells(*(some_news(each, s, 1) for each, s in zip(ids, statuses, strict=False)))

    async def found(**ask: Any) -> list[int]:
        page = await rpc.ask(
            attendance.gateway,
            catalog.LIST_APP_LOG,
            ListAppLog(**ask),
            LogPage,
            token=callers.user(OWNER, "admin"),
        )
        assert page.total >= len(page.items)
        return [ids.index(each.id) for each in page.items]

    assert await found() == [3, 2, 1, 0]
    assert await found(is_send=True) == [2, 1, 0]
    assert await found(send_failed=True) == [2, 1]
    assert await found(is_send=False) == [3]
    assert await found(send_failed=False) == [3, 0]
    assert await found(undelivered=True) == [1, 2, 3]
    assert await found(undelivered=True, limit=1, page=2) == [2]
    assert await found(start=READ_AT.replace(second=1), end=READ_AT.replace(second=3)) == [2, 1]
