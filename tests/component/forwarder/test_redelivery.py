"""Delivering now because somebody asks: under the same claims, for the owner only, in time."""

from __future__ import annotations

import asyncio

import pytest
from starlette.responses import JSONResponse, Response

from deploy.local.ports import free_port
from services.forwarder import rules
from services.forwarder.store import deliveries as store
from services.forwarder.worker import redelivery
from services.forwarder.worker.attempts import Attempts
from shared.contracts.attendance import app_site
from shared.contracts.catalog import REDELIVER
from shared.contracts.deliveries import REDELIVER_LIMIT, Redeliver, Redelivered
from shared.contracts.errors import Code
from shared.kit import rpc
from shared.kit.clock import new_id
from shared.kit.errors import MusterError
from tests.component.attendance.conftest import eventually, running
from tests.component.forwarder.conftest import Post, a_punch, an_event, by_phone
from tests.component.forwarder.test_order import for_ever
from tests.conftest import OTHER_OWNER, OWNER

UNCONFIRMED = "Remote server did not confirm receipt"


async def away() -> Response:
    return Response("away", 503)


async def refuses() -> Response:
    return JSONResponse({"success": False}, 400)


async def a_try(post: Post, number: int) -> None:
    """Wait until so many attempts are settled."""

    async def settled() -> bool:
        found = await post.deliveries()
        return number <= sum(int(each["attempts"]) for each in found if not each["claimed_until"])

    await eventually(settled)


async def test_what_waits_for_its_next_attempt_is_tried_at_once(
    forwarder: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules, "_BASE_SECONDS", 60.0)
    forwarder.receiver.replies.append(away)
    events = [by_phone(n) for n in range(1, 4)]
    for each in events:
        await forwarder.says(each)
    await forwarder.heard(3)
    await a_try(forwarder, 1)
    # Asked in another order: they leave in theirs, and are reported in the asker's.
    found = await forwarder.retries(*reversed(events))
    assert [each.punch_id for each in found] == [e.punches[0].id for e in reversed(events)]
    assert [(e.ok, e.response, e.error) for e in found] == [(True, {"success": True}, None)] * 3
    assert [each.people for each in forwarder.receiver.requests] == [[1], [1], [2], [3]]
    assert [each["status"] for each in await forwarder.deliveries()] == ["delivered"] * 3
    assert await forwarder.retries(*events) == [], "what was delivered before is not reported"


async def test_every_attempt_is_said_and_its_words_are_the_receivers(forwarder: Post) -> None:
    forwarder.receiver.replies += [away, refuses]
    event = by_phone(1)
    await forwarder.says(event)
    first, second, third = await forwarder.news(3)
    assert (first.status, first.attempt, first.error) == ("pending", 1, UNCONFIRMED)
    assert (second.status, second.attempt, second.error) == ("pending", 2, UNCONFIRMED)
    assert (third.status, third.attempt, third.error) == ("delivered", 3, None)
    answers = [each.response for each in (first, second, third)]
    assert answers == ["away", {"success": False}, {"success": True}]
    for each in (first, second, third):
        assert (each.owner, each.site) == (OWNER, app_site(OWNER))
        assert each.punch_ids == (event.punches[0].id,)
    assert len({each.delivery_id for each in (first, second, third)}) == 1


async def test_a_failed_one_is_opened_again_and_fails_at_once_or_is_delivered(
    forwarder: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules, "_BASE_SECONDS", 0.01)
    forwarder.receiver.replies += [refuses] * 6
    event = by_phone(1)
    await forwarder.says(event)
    (failed,) = await forwarder.settled(1)
    assert (failed["status"], failed["attempts"]) == ("failed", 5)
    (again,) = await forwarder.retries(event)
    assert (again.ok, again.response, again.error) == (False, {"success": False}, UNCONFIRMED)
    (failed,) = await forwarder.deliveries()
    assert (failed["status"], failed["attempts"]) == ("failed", 6)
    (delivered,) = await forwarder.retries(event)
    assert (delivered.ok, delivered.response) == (True, {"success": True})
    news = await forwarder.news(7)
    assert [each.status for each in news] == ["pending"] * 4 + ["failed"] * 2 + ["delivered"]
    assert [each.attempt for each in news] == list(range(1, 8))


async def test_nobody_delivers_another_owners_punches(forwarder: Post) -> None:
    forwarder.receiver.always = refuses
    event = by_phone(1)
    await forwarder.says(event)
    await a_try(forwarder, 1)
    found = await forwarder.retries(event, owner=OTHER_OWNER)
    unknown = await forwarder.retries(by_phone(2), owner=OTHER_OWNER)
    assert [each.error for each in found] == [each.error for each in unknown]
    assert not found[0].ok
    assert found[0].error is not None
    assert "not queued" in found[0].error


async def test_only_who_may_retry_may_ask(forwarder: Post) -> None:
    ask = Redeliver(punch_ids=(new_id(),))
    for token in (forwarder.callers.user(OWNER), forwarder.callers.employee(OWNER, "1")):
        with pytest.raises(MusterError) as refused:
            await rpc.ask(forwarder.gateway, REDELIVER, ask, Redelivered, token=token)
        assert refused.value.problem.code == Code.FORBIDDEN


@pytest.mark.parametrize("guarded", [True, False])
async def test_a_delivery_is_never_posted_twice_at_once(
    post: Post, monkeypatch: pytest.MonkeyPatch, *, guarded: bool
) -> None:
    """Workers and askers of two processes at the same deliveries; the control's claims are void."""
    monkeypatch.setattr(rules, "_BASE_SECONDS", 0.001)
    if not guarded:
        monkeypatch.setattr(store, "CLAIM_SECONDS", 0.0)
        monkeypatch.setattr(Attempts, "deadline", for_ever)
    count, open_now = 0, False

    async def slow_and_moody() -> Response:
        nonlocal count
        count += 1
        taken = open_now and count % 3 == 0
        await asyncio.sleep(0.02)  # the work of the receiver, so that POSTs could overlap
        return JSONResponse({"success": True}) if taken else Response(status_code=503)

    post.receiver.always = slow_and_moody
    events = [by_phone(n) for n in range(1, 13)]
    async with running(post.service()), running(post.service()):
        for each in events:
            await post.says(each)
        await post.heard(12)
        open_now = True
        asked = await asyncio.gather(*(post.retries(*events) for _ in range(4)))
        if guarded:
            await post.settled(12)
    assert post.receiver.doubled is not guarded
    if guarded:
        deliveries = await post.deliveries()
        assert [each["status"] for each in deliveries] == ["delivered"] * 12
        assert len(post.receiver.requests) == sum(each["attempts"] for each in deliveries)
        assert all(asked), "each asker took part"


async def test_one_under_way_elsewhere_is_waited_for_a_little_then_reported(
    forwarder: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redelivery, "_WAIT_SECONDS", 0.2)
    answer_now = asyncio.Event()

    async def waits() -> Response:
        await answer_now.wait()
        return JSONResponse({"success": True})

    forwarder.receiver.replies.append(waits)
    event = by_phone(1)
    await forwarder.says(event)
    await forwarder.receiver.got(1)
    (busy,) = await forwarder.retries(event)
    assert (busy.ok, busy.error) == (False, "Another attempt is under way")
    monkeypatch.setattr(redelivery, "_WAIT_SECONDS", 10.0)
    asking = asyncio.ensure_future(forwarder.retries(event))
    await asyncio.wait({asking}, timeout=0.3)  # it looks meanwhile, and finds nothing
    answer_now.set()
    (done,) = await asking
    assert (done.ok, done.response) == (True, {"success": True})
    assert len(forwarder.receiver.requests) == 1


async def test_a_request_ends_in_time_and_says_what_it_did_not_reach(
    forwarder: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules, "_BASE_SECONDS", 60.0)
    monkeypatch.setattr(redelivery, "SECONDS", 1.5)
    never = asyncio.Event()

    async def hangs() -> Response:
        await never.wait()
        return Response()

    forwarder.receiver.replies += [away, hangs]
    events = [by_phone(1), by_phone(2)]
    for each in events:
        await forwarder.says(each)
    await forwarder.heard(2)
    await a_try(forwarder, 1)
    async with asyncio.timeout(10):
        first, second = await forwarder.retries(*events)
    never.set()
    assert (first.ok, first.response) == (False, None)
    assert first.error is not None
    assert "Timeout" in first.error
    assert second.error is not None
    assert "not reached" in second.error
    assert [each.people for each in forwarder.receiver.requests] == [[1], [1]]


async def test_a_delivery_of_many_punches_goes_as_a_whole(
    forwarder: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules, "_BASE_SECONDS", 60.0)
    forwarder.receiver.replies.append(away)
    event = an_event(*(a_punch(n) for n in range(1, 4)))
    await forwarder.says(event)
    await a_try(forwarder, 1)
    asked = event.model_copy(update={"punches": event.punches[1:]})
    found = await forwarder.retries(asked, asked)
    assert [each.punch_id for each in found] == [each.id for each in asked.punches]
    assert [each.ok for each in found] == [True, True]
    assert [each.people for each in forwarder.receiver.requests] == [[1, 2, 3]] * 2


async def test_a_target_that_is_gone_is_replaced_by_the_present_one(post: Post) -> None:
    nowhere = f"http://127.0.0.1:{free_port()}/"
    event = by_phone(1)
    async with running(post.service(FORWARD_FINGERPRINT_URL=nowhere)):
        await post.says(event)
        await a_try(post, 1)
    async with running(post.service()):
        (done,) = await post.retries(event)
    assert done.ok
    (delivery,) = await post.deliveries()
    assert (delivery["target"], delivery["status"]) == ("log", "delivered")


async def test_as_many_as_one_request_may_name(forwarder: Post) -> None:
    found = await forwarder.retries(*(by_phone(n) for n in range(1, REDELIVER_LIMIT + 1)))
    assert len(found) == REDELIVER_LIMIT
