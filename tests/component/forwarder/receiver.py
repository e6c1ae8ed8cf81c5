"""A webhook receiver that answers as it is told."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.component.attendance.conftest import eventually

Reply = Callable[[], Awaitable[Response]]


@dataclass
class Received:
    """One request as it came."""

    headers: dict[str, str]
    body: bytes

    @property
    def sequence(self) -> int:
        return int(self.headers["muster-sequence"])

    @property
    def people(self) -> list[Any]:
        return [record["enrollid"] for record in json.loads(self.body)["record"]]


async def confirm() -> Response:
    return JSONResponse({"success": True})


@dataclass
class Receiver:
    """A webhook receiver: keeps every request; answers from ``replies``, then confirms."""

    port: int
    requests: list[Received] = field(default_factory=list)
    replies: list[Reply] = field(default_factory=list)
    always: Reply = confirm
    at_once: int = 0
    most_at_once: int = 0
    in_hand: set[str] = field(default_factory=set)
    doubled: bool = False
    """Whether one and the same delivery was ever POSTed twice at once."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/log"

    async def receive(self, request: Request) -> Response:
        self.requests.append(Received(dict(request.headers), await request.body()))
        delivery = request.headers.get("webhook-id", "")
        self.doubled |= delivery in self.in_hand
        self.in_hand.add(delivery)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            return await (self.replies.pop(0) if self.replies else self.always)()
        finally:
            self.at_once -= 1
            self.in_hand.discard(delivery)

    async def got(self, number: int) -> list[Received]:
        """Wait for a number of requests."""

        async def there() -> bool:
            return len(self.requests) >= number

        await eventually(there)
        return self.requests

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Receiver]:
        app = Starlette(routes=[Route("/{path:path}", self.receive, methods=["POST", "GET"])])
        config = uvicorn.Config(
            app,
            host="127.0.0.1",
            port=self.port,
            log_config=None,
            lifespan="off",
            timeout_graceful_shutdown=1,
        )
        server = uvicorn.Server(config)
        task = asyncio.ensure_future(server._serve())

        async def up() -> bool:
            return server.started

        await eventually(up)
        try:
            yield self
        finally:
            server.should_exit = True
            await task
