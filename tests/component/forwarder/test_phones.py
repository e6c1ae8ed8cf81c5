"""A punch by phone all the way: committed, forwarded, and what its employee is told of that."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from starlette.responses import JSONResponse, Response

from services.attendance.app import build
from services.attendance.settings import AttendanceSettings
from services.forwarder import rules
from shared.contracts import catalog
from shared.contracts.attendance import ListAppLog, LoggedPunch, LogPage, PunchByApp
from shared.kit import rpc
from shared.kit.clock import iso
from tests.component.attendance.conftest import eventually, running
from tests.component.forwarder.conftest import Post
from tests.conftest import OWNER

UNCONFIRMED = "Remote server did not confirm receipt"


@pytest_asyncio.fixture(loop_scope="session")
async def both(post: Post) -> AsyncIterator[Post]:
    """Attendance and the forwarder, running."""
    attendance = build(post.platform.settings(AttendanceSettings, "attendance"))
    async with running(attendance), running(post.service()):
        yield post


async def punches(post: Post) -> LoggedPunch:
    ask = PunchByApp(event=1, wait=10)
    token = post.callers.employee(OWNER, "121")
    return await rpc.ask(
        post.gateway, catalog.PUNCH_BY_APP, ask, LoggedPunch, token=token, seconds=15
    )


async def listed(post: Post) -> list[LoggedPunch]:
    token = post.callers.user(OWNER, "admin")
    page = await rpc.ask(post.gateway, catalog.LIST_APP_LOG, ListAppLog(), LogPage, token=token)
    return list(page.items)


async def test_a_phone_is_told_that_its_punch_was_forwarded(both: Post) -> None:
    logged = await punches(both)
    assert (logged.is_send, logged.send_failed) == (True, False)
    assert logged.forward_response == {"success": True}
    assert logged.forwarded_at is not None
    assert logged.punched_at is not None
    assert logged.punched_at <= logged.forwarded_at
    (request,) = both.receiver.requests
    record = {"enrollid": 121, "time": iso(logged.punched_at), "event": 1}
    assert json.loads(request.body) == {"sn": "App", "record": [record]}


async def test_a_failed_forward_is_tried_and_failed_until_it_is_confirmed(
    both: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules, "_BASE_SECONDS", 0.01)

    async def refuses() -> Response:
        # What neither Postgres nor UTF-8 has a place for.
        return Response(rb'{"success": false, "why": "\u0000 \ud800"}', 400)

    both.receiver.always = refuses
    logged = await punches(both)
    assert (logged.is_send, logged.send_failed, logged.forwarded_at) == (True, True, None)
    assert logged.last_attempt_error == UNCONFIRMED
    assert "why" in logged.forward_response
    (delivery,) = await both.settled(1)
    assert delivery["status"] == "failed"

    async def confirms() -> Response:
        return JSONResponse({"success": True, "forwarded": True})

    both.receiver.always = confirms
    (again,) = await both.retries_of(logged.id)
    assert (again.ok, again.response) == (True, {"success": True, "forwarded": True})

    async def followed() -> bool:
        (item,) = await listed(both)
        return not item.send_failed

    await eventually(followed)
    (item,) = await listed(both)
    assert (item.is_send, item.last_attempt_error) == (True, None)
    assert item.forward_response == {"success": True, "forwarded": True}
    assert item.forwarded_at is not None
