"""The outermost layer, around an application of its own."""

from __future__ import annotations

import httpx
import pytest
from opentelemetry import trace
from starlette.types import Receive, Scope, Send

from services.gateway.routes.edge import Edge
from shared.contracts.errors import Code
from shared.kit.clock import SystemClock
from shared.kit.errors import MusterError

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


def client(app: object) -> httpx.AsyncClient:
    edge = Edge(app, SystemClock())  # type: ignore[arg-type]
    transport = httpx.ASGITransport(app=edge)
    return httpx.AsyncClient(transport=transport, base_url="http://test")


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (RuntimeError("a secret of ours"), 500, "INTERNAL_ERROR"),
        (OSError("no database"), 503, "SERVICE_UNAVAILABLE"),
        (MusterError(Code.TOO_LARGE), 413, "TOO_LARGE"),
    ],
)
async def test_every_failure_becomes_an_answer(error: Exception, status: int, code: str) -> None:
    async def fails(scope: Scope, receive: Receive, send: Send) -> None:
        raise error

    async with client(fails) as http:
        answer = await http.get("/api/v1/x", headers={"X-Request-ID": "r-1"})
        timmy = await http.get("/api/x")
    assert answer.status_code == status
    assert answer.json()["error"]["code"] == code
    assert answer.headers["x-request-id"] == answer.json()["metadata"]["request_id"] == "r-1"
    assert "a secret of ours" not in answer.text
    assert (timmy.status_code, timmy.json()["error"]) == (status, code.lower())


async def test_a_trace_that_came_in_goes_on() -> None:
    seen: list[str] = []

    async def looks(scope: Scope, receive: Receive, send: Send) -> None:
        context = trace.get_current_span().get_span_context()
        seen.append(format(context.trace_id, "032x"))
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async with client(looks) as http:
        await http.get("/x", headers={"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"})
    assert seen == [TRACE]


@pytest.mark.parametrize(("path", "seen"), [("/a/b/", "/a/b"), ("/a", "/a"), ("//", "/")])
async def test_a_trailing_slash_is_the_same_path(path: str, seen: str) -> None:
    paths: list[str] = []

    async def looks(scope: Scope, receive: Receive, send: Send) -> None:
        paths.append(scope["path"])
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async with client(looks) as http:
        await http.get(httpx.URL("http://test", path=path))
    assert paths == [seen]
