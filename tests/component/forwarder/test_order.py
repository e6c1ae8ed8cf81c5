"""Each event once, each target in order, one POST at a time; whatever fails in between."""

from __future__ import annotations

import asyncio
import math
from contextlib import AsyncExitStack

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.responses import JSONResponse, Response
from typing_extensions import override

from deploy.local.ports import free_port
from services.forwarder import rules
from services.forwarder.store import deliveries as store
from services.forwarder.store import feeds
from services.forwarder.worker.attempts import Attempts
from shared.contracts import streams, subjects
from shared.kit.clock import SystemClock, new_id
from tests.component.attendance.conftest import eventually, running
from tests.component.forwarder.conftest import (
    Post,
    a_punch,
    an_event,
)
from tests.component.forwarder.receiver import confirm


@pytest.fixture(autouse=True)
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "_BASE_SECONDS", 0.01)


async def away() -> Response:
    return Response(status_code=503)


async def busy() -> Response:
    return Response(status_code=429)


async def slow() -> Response:
    await asyncio.sleep(0.02)  # the work of the receiver, so that POSTs could overlap
    return JSONResponse({"success": True})


async def test_an_event_again_is_delivered_once(forwarder: Post) -> None:
    event = an_event(a_punch(1))
    for _ in range(3):
        await forwarder.says(event)
    await forwarder.says(an_event(a_punch(2)))
    await forwarder.settled(2)
    assert [each.people for each in forwarder.receiver.requests] == [[1], [2]]
    assert await forwarder.rows("select * from forwarder.gaps") == []


async def test_the_inbox_is_what_keeps_doubles_away(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: a forwarder that does not look into its inbox queues an event twice."""

    async def always_new(*_: object) -> bool:
        return True

    monkeypatch.setattr(feeds, "take", always_new)
    # A delivery's id follows from its event: a second guard, off as well.
    monkeypatch.setattr(rules, "uuid5", lambda *_: new_id())
    async with running(post.service()):
        event = an_event(a_punch(1))
        await post.says(event)
        await post.says(event)
        await post.receiver.got(2)


def for_ever(_: Attempts) -> float:
    return math.inf


async def test_order_holds_while_the_receiver_fails(forwarder: Post) -> None:
    forwarder.receiver.replies += [confirm, away, busy, away, confirm, away]
    for n in range(1, 7):
        await forwarder.says(an_event(a_punch(n)))
    deliveries = await forwarder.settled(6)
    assert [each["status"] for each in deliveries] == ["delivered"] * 6
    assert [each["sequence"] for each in deliveries] == [1, 2, 3, 4, 5, 6]
    sequences = [each.sequence for each in forwarder.receiver.requests]
    assert sequences == [1, 2, 2, 2, 2, 3, 3, 4, 5, 6]


async def test_a_receiver_that_is_not_there_is_waited_for(post: Post) -> None:
    nowhere = f"http://127.0.0.1:{free_port()}/"
    async with running(post.service(FORWARD_LOG_URL=nowhere)):
        await post.says(an_event(a_punch(1)))

        async def tried_often() -> bool:
            return any(each["attempts"] > 6 for each in await post.deliveries())

        await eventually(tried_often)
        (delivery,) = await post.deliveries()
        assert (delivery["status"], delivery["refusals"]) == ("pending", 0)
    async with running(post.service()):
        (delivery,) = await post.settled(1)
    assert delivery["status"] == "delivered"


@pytest.mark.parametrize("guarded", [True, False])
async def test_two_forwarders_never_post_at_once(
    post: Post, monkeypatch: pytest.MonkeyPatch, *, guarded: bool
) -> None:
    """The control has claims that are over as soon as they are made."""
    if not guarded:
        monkeypatch.setattr(store, "CLAIM_SECONDS", 0.0)
        monkeypatch.setattr(Attempts, "deadline", for_ever)
    post.receiver.always = slow
    async with running(post.service()), running(post.service()):
        for n in range(1, 31):
            await post.says(an_event(a_punch(n)))
        await post.settled(30)
    sequences = [each.sequence for each in post.receiver.requests]
    if guarded:
        assert sequences == list(range(1, 31))
        assert post.receiver.most_at_once == 1
    else:
        assert post.receiver.most_at_once > 1
        assert len(sequences) > 30


async def test_a_restart_goes_on_where_it_was(post: Post) -> None:
    post.receiver.always = away
    async with running(post.service()):
        for n in range(1, 4):
            await post.says(an_event(a_punch(n)))
        await post.heard(3)
        await post.receiver.got(2)
    post.receiver.requests.clear()
    post.receiver.always = confirm
    async with running(post.service()):
        await post.settled(3)
    assert [each.sequence for each in post.receiver.requests] == [1, 2, 3]


async def test_stopped_in_the_middle_of_a_post_it_gives_the_claim_back(post: Post) -> None:
    never = asyncio.Event()

    async def hangs() -> Response:
        await never.wait()
        return Response()

    post.receiver.replies.append(hangs)
    async with running(post.service()):
        await post.says(an_event(a_punch(1)))
        await post.receiver.got(1)
    never.set()
    (delivery,) = await post.deliveries()
    assert (delivery["status"], delivery["last_error"]) == ("pending", "stopped")
    async with running(post.service()), asyncio.timeout(store.CLAIM_SECONDS / 2):
        first, second = await post.receiver.got(2)
    assert first.headers["webhook-id"] == second.headers["webhook-id"]


async def test_stopped_while_it_records_a_receipt_it_still_records_it(post: Post) -> None:
    """Forgotten, the delivery would be POSTed again, and nothing sooner than its claim runs out."""
    answer_now = asyncio.Event()

    async def waits() -> Response:
        await answer_now.wait()
        return JSONResponse({"success": True})

    async def waits_for_the_row() -> bool:
        return bool(await post.rows("select 1 from pg_locks where not granted"))

    post.receiver.replies.append(waits)
    forwarder = AsyncExitStack()
    await forwarder.enter_async_context(running(post.service()))
    await post.says(an_event(a_punch(1)))
    await post.receiver.got(1)
    async with post.eye.transaction():
        await post.eye.execute("select 1 from forwarder.deliveries for update")
        answer_now.set()
        await eventually(waits_for_the_row)
        stopping = asyncio.ensure_future(forwarder.aclose())
        await asyncio.wait({stopping}, timeout=0.1)  # it has begun, and cannot end before us
    await stopping
    (delivery,) = await post.deliveries()
    assert (delivery["status"], delivery["attempts"]) == ("delivered", 1)


@pytest.mark.parametrize("guarded", [True, False])
async def test_who_froze_after_the_claim_does_not_post(
    post: Post, monkeypatch: pytest.MonkeyPatch, *, guarded: bool
) -> None:
    """When it wakes up the claim is over, and another may be at the same delivery."""
    if not guarded:
        monkeypatch.setattr(Attempts, "deadline", for_ever)
    claim, frozen = store.claim, 0.0

    class Clock(SystemClock):
        @override
        def monotonic(self) -> float:
            return super().monotonic() + frozen

    async def freezing(connection: AsyncConnection, target: str) -> store.Delivery | None:
        nonlocal frozen
        delivery = await claim(connection, target)
        if delivery and not frozen:
            frozen = store.CLAIM_SECONDS
        return delivery

    monkeypatch.setattr("services.forwarder.app.SystemClock", Clock)
    monkeypatch.setattr(store, "claim", freezing)
    async with running(post.service()):
        await post.says(an_event(a_punch(1)))
        (delivery,) = await post.settled(1)
    assert delivery["attempts"] == (2 if guarded else 1)
    assert len(post.receiver.requests) == 1


async def test_a_late_word_of_a_lost_claim_changes_nothing(post: Post) -> None:
    """What froze in the middle of a POST wakes up after another one delivered."""
    async with running(post.service()):
        await post.says(an_event(a_punch(1)))
        await post.settled(1)
    service = post.service()
    assert service.engine is not None
    await post.eye.execute(
        "update forwarder.deliveries set status = 'pending', next_attempt_at = now()"
    )
    async with service.engine.begin() as connection:
        old = await store.claim(connection, "log")
    assert old is not None
    await post.eye.execute("update forwarder.deliveries set next_attempt_at = now()")
    async with service.engine.begin() as connection:
        new = await store.claim(connection, "log")
        assert new is not None
        late = store.Result("failed", "late", refused=True, delay=0, response="")
        assert not await store.settle(connection, old, late)
        assert await store.settle(connection, new, late._replace(status="delivered"))
        assert await store.claim(connection, "log") is None
    await service.engine.dispose()


async def test_a_result_outlives_a_database_that_is_away(post: Post) -> None:
    """The POST went through while the database died: it is not POSTed again."""
    answer_now = asyncio.Event()

    async def waits() -> Response:
        await answer_now.wait()
        return JSONResponse({"success": True})

    post.receiver.replies.append(waits)
    async with running(post.service()):
        await post.says(an_event(a_punch(1)))
        await post.receiver.got(1)
        await post.platform.servers.postgres.kill()
        answer_now.set()
        await post.platform.servers.postgres.start()
        post.eye = await post.platform.superuser()
        await post.says(an_event(a_punch(2)))
        await post.receiver.got(2)
    assert [each.sequence for each in post.receiver.requests] == [1, 2]
    await post.eye.close()


async def test_a_jump_does_not_pass_silently(forwarder: Post) -> None:
    await forwarder.says(an_event(a_punch(1)))
    await forwarder.says(an_event(a_punch(5), a_punch(6)))
    await forwarder.says(an_event(a_punch(1), site="annex"))
    await forwarder.heard(3)
    gaps = await forwarder.rows("select * from forwarder.gaps")
    assert [(g["site"], g["first_position"], g["last_position"]) for g in gaps] == [("hq", 2, 4)]
    await forwarder.says(an_event(a_punch(3)))
    await forwarder.heard(4)
    gaps = await forwarder.rows("select * from forwarder.gaps order by first_position")
    assert [(g["first_position"], g["last_position"]) for g in gaps] == [(2, 2), (4, 4)]
    await forwarder.says(an_event(a_punch(7)))
    await forwarder.heard(5)
    assert len(await forwarder.rows("select 1 from forwarder.gaps")) == 2
    await forwarder.settled(5)
    assert [each.people for each in forwarder.receiver.requests] == [[1], [5, 6], [1], [3], [7]]


async def test_an_event_of_another_site_is_a_dead_letter(forwarder: Post) -> None:
    event = an_event(a_punch(1), site="annex")
    await forwarder.attendance.publish(
        streams.RECORDED,
        subjects.punch_recorded("hq", 1),
        event.model_dump_json().encode(),
        message_id="lost",
    )
    await forwarder.says(an_event(a_punch(1)))
    await forwarder.settled(1)
    where = subjects.dead_letter("RECORDED", "forwarder")
    assert (await forwarder.provisioner.js.get_last_msg("DLQ", where)).data
    assert len(await forwarder.rows("select 1 from forwarder.inbox")) == 1
