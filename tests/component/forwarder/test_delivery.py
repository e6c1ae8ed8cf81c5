"""What arrives at a target, and what counts as a receipt."""

from __future__ import annotations

import asyncio
import base64
import gzip
import hashlib
import hmac
import json
from collections.abc import AsyncIterator

import pytest
from starlette.responses import JSONResponse, RedirectResponse, Response, StreamingResponse

from services.forwarder import rules
from services.forwarder.sinks import http
from tests.component.attendance.conftest import running
from tests.component.forwarder.conftest import TOKEN, Post, a_punch, an_event
from tests.component.forwarder.receiver import Reply

UNCONFIRMED = "Remote server did not confirm receipt"


@pytest.fixture(autouse=True)
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "_BASE_SECONDS", 0.01)


async def test_the_body_is_the_documents_and_the_rest_is_in_headers(forwarder: Post) -> None:
    event = an_event(a_punch(1, "42"), a_punch(2, "A7"))
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    await forwarder.says(event, traceparent=f"00-{trace}-00f067aa0ba902b7-01")
    (request,) = await forwarder.receiver.got(1)
    assert request.body == (
        b'{"sn": "SN1", "record": ['
        b'{"enrollid": 42, "time": "2026-03-01T01:02:04.456Z", "event": 1}, '
        b'{"enrollid": "A7", "time": "2026-03-01T01:02:05.456Z", "event": 1}]}'
    )
    headers = request.headers
    assert headers["authorization"] == f"Bearer {TOKEN}"
    assert headers["content-type"] == "application/json"
    assert headers["muster-sequence"] == "1"
    assert headers["muster-punch-ids"] == ",".join(str(each.id) for each in event.punches)
    assert headers["traceparent"].split("-")[1] == trace
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + request.body
    digest = hmac.new(TOKEN.encode(), signed, hashlib.sha256).digest()
    assert headers["webhook-signature"] == f"v1,{base64.b64encode(digest).decode()}"
    (delivery,) = await forwarder.settled(1)
    assert (delivery["status"], delivery["attempts"]) == ("delivered", 1)
    assert (delivery["response_status"], delivery["last_error"]) == (200, None)
    assert str(delivery["id"]) == headers["webhook-id"]
    assert TOKEN not in json.dumps(delivery, default=str)


async def too_long() -> Response:
    return JSONResponse({"padding": "x" * 70_000, "success": True})


async def too_long_after_the_receipt() -> Response:
    return Response(b'{"success": true}' + b" " * 70_000)


async def zipped() -> Response:
    body = gzip.compress(b'{"success": true}')
    return Response(body, headers={"content-encoding": "gzip"})


def answer(body: str | bytes, status: int = 200) -> Reply:
    async def reply() -> Response:
        return Response(body, status)

    return reply


async def elsewhere() -> Response:
    return RedirectResponse("/elsewhere", 307)


@pytest.mark.parametrize(
    "reply",
    [
        answer(""),
        answer("", 204),
        answer("ok"),
        answer('{"success": "true"}'),
        answer('{"success": 1}'),
        answer('{"success": false}'),
        answer('{"data": {"success": true}}'),
        answer('[{"success": true}]'),
        answer("[" * 20_000),
        answer(b"\x00\xff"),
        answer('{"success": true}', 400),
        answer('{"success": true}', 500),
        answer('{"success": true}', 302),
        too_long,
        too_long_after_the_receipt,
        zipped,
        elsewhere,
    ],
)
async def test_anything_else_is_no_receipt(forwarder: Post, reply: Reply) -> None:
    forwarder.receiver.replies.append(reply)
    await forwarder.says(an_event(a_punch(1)))
    first, second = await forwarder.receiver.got(2)
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.body == second.body
    (delivery,) = await forwarder.settled(1)
    assert (delivery["status"], delivery["attempts"]) == ("delivered", 2)


@pytest.mark.parametrize("status", [200, 201, 299])
async def test_any_2xx_that_says_success_is_a_receipt(forwarder: Post, status: int) -> None:
    forwarder.receiver.replies.append(answer(' {"success":true, "x":[1]} ', status))
    await forwarder.says(an_event(a_punch(1)))
    (delivery,) = await forwarder.settled(1)
    assert (delivery["status"], delivery["attempts"]) == ("delivered", 1)
    assert delivery["response_status"] == status


async def test_a_wrong_token_fails_visibly_after_five_attempts(forwarder: Post) -> None:
    async def who() -> Response:
        return JSONResponse({"success": False, "message": "wrong token"}, 401)

    forwarder.receiver.replies += [who] * 5
    await forwarder.says(an_event(a_punch(1)))
    await forwarder.says(an_event(a_punch(2)))
    failed, delivered = await forwarder.settled(2)
    assert (failed["status"], failed["attempts"], failed["refusals"]) == ("failed", 5, 5)
    assert (failed["last_error"], failed["response_status"]) == (UNCONFIRMED, 401)
    assert failed["response"] == '{"success":false,"message":"wrong token"}'
    assert (delivered["status"], delivered["attempts"]) == ("delivered", 1)
    assert [r.sequence for r in forwarder.receiver.requests] == [1] * 5 + [2]


async def test_a_receiver_that_hangs_is_given_up_and_tried_again(
    forwarder: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "TOTAL_SECONDS", 0.2)
    never = asyncio.Event()

    async def hangs() -> Response:
        await never.wait()
        return Response()

    async def trickles() -> Response:
        async def drops() -> AsyncIterator[bytes]:
            yield b'{"success":'
            await never.wait()

        return StreamingResponse(drops())

    forwarder.receiver.replies += [hangs, trickles]
    await forwarder.says(an_event(a_punch(1)))
    (delivery,) = await forwarder.settled(1)
    never.set()
    assert (delivery["status"], delivery["refusals"]) == ("delivered", 0)
    assert delivery["attempts"] >= 3, "given up twice, and on a busy machine once more"


async def test_a_large_event_goes_in_parts(forwarder: Post) -> None:
    event = an_event(*(a_punch(n) for n in range(1, 251)))
    await forwarder.says(event)
    requests = await forwarder.receiver.got(3)
    assert [len(each.people) for each in requests] == [100, 100, 50]
    assert [p for each in requests for p in each.people] == list(range(1, 251))
    named = ",".join(each.headers["muster-punch-ids"] for each in requests).split(",")
    assert named == [str(each.id) for each in event.punches]


async def test_a_punch_without_an_instant_is_withheld_and_on_record(forwarder: Post) -> None:
    event = an_event(a_punch(1), a_punch(2, impossible=True), a_punch(3))
    await forwarder.says(event)
    await forwarder.says(an_event(a_punch(4, impossible=True)))
    await forwarder.heard(2)
    (request,) = await forwarder.receiver.got(1)
    assert request.people == [1, 3]
    kept = await forwarder.rows("select * from forwarder.withheld order by position")
    assert [(each["position"], each["reason"]) for each in kept] == [
        (2, "impossible_time"),
        (4, "impossible_time"),
    ]
    assert kept[0]["punch_id"] == event.punches[1].id
    assert len(await forwarder.deliveries()) == 1


async def test_without_a_token_nothing_pretends_to_be_signed(post: Post) -> None:
    async with running(post.service(FORWARD_LOG_TOKEN=None)):
        await post.says(an_event(a_punch(1)))
        (request,) = await post.receiver.got(1)
    assert "authorization" not in request.headers
    assert "webhook-signature" not in request.headers


async def test_without_a_target_nothing_is_queued(post: Post) -> None:
    async with running(post.service(FORWARD_LOG_URL=None)):
        await post.says(an_event(a_punch(1), a_punch(2, impossible=True)))
        await post.heard(1)
    assert await post.deliveries() == []
    assert await post.rows("select 1 from forwarder.withheld") == []
    (feed,) = await post.rows("select * from forwarder.feeds")
    assert (feed["site"], feed["position"]) == ("hq", 2)
