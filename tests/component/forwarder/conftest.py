"""The forwarder itself, on real servers, with a receiver that answers as it is told."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid5

import pytest_asyncio
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from deploy.local.ports import free_port
from services.forwarder.app import build
from services.forwarder.settings import ForwarderSettings
from shared.contracts import streams, subjects
from shared.contracts.attendance import PunchesRecorded, RecordedPunch
from shared.kit.bus import Bus
from shared.kit.clock import new_id
from shared.kit.service import Service
from tests.component.attendance.conftest import Eye, eventually, running, seen
from tests.conftest import OWNER, Platform

MakeBus = Callable[[str], Awaitable[Bus]]
TOKEN = "s3cret-of-the-receiver"  # noqa: S105 - of this test only
AT = datetime(2026, 3, 1, 1, 2, 3, 456_000, tzinfo=UTC)

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

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/log"

    async def receive(self, request: Request) -> Response:
        self.requests.append(Received(dict(request.headers), await request.body()))
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            return await (self.replies.pop(0) if self.replies else self.always)()
        finally:
            self.at_once -= 1

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


def a_punch(
    position: int, user_id: str | None = None, *, impossible: bool = False
) -> RecordedPunch:
    return RecordedPunch(
        id=new_id(),
        position=position,
        user_id=user_id or str(position),
        device_time="2026-03-01T08:02:03",
        punched_at=None if impossible else AT + timedelta(seconds=position),
        verify_method=1,
        in_out_state=1,
        work_code=None,
        flags=("impossible_time",) if impossible else (),
    )


def an_event(*punches: RecordedPunch, site: str = "hq") -> PunchesRecorded:
    return PunchesRecorded(
        event_id=uuid5(punches[0].id, "event"),
        owner=OWNER,
        site=site,
        device_id=1,
        serial_number="SN1",
        zone="Asia/Jakarta",
        source="live",
        received_at=AT,
        first_position=punches[0].position,
        last_position=punches[-1].position,
        punches=punches,
    )


@dataclass
class Post:
    """Everything around the forwarder that a test looks at or acts on."""

    platform: Platform
    receiver: Receiver
    attendance: Bus
    provisioner: Bus
    eye: Eye

    def service(self, **extra: object) -> Service:
        target: dict[str, object] = {
            "FORWARD_LOG_URL": self.receiver.url,
            "FORWARD_LOG_TOKEN": TOKEN,
        }
        settings = self.platform.settings(
            ForwarderSettings, "forwarder", _env_file=None, **{**target, **extra}
        )
        return build(settings)

    async def says(self, event: PunchesRecorded, **headers: str) -> None:
        await self.attendance.publish(
            streams.RECORDED,
            subjects.punch_recorded(event.site, event.device_id),
            event.model_dump_json().encode(),
            # A fresh id each time: the broker must not be the one that keeps doubles away.
            message_id=str(new_id()),
            headers=headers,
        )

    async def rows(self, query: str) -> list[dict[str, Any]]:
        return await seen(self.eye, query)

    async def deliveries(self) -> list[dict[str, Any]]:
        return await self.rows("select * from forwarder.deliveries order by sequence")

    async def settled(self, number: int) -> list[dict[str, Any]]:
        """Wait until that many deliveries are no longer pending."""

        async def so() -> bool:
            return len([d for d in await self.deliveries() if d["status"] != "pending"]) >= number

        await eventually(so)
        return await self.deliveries()

    async def heard(self, number: int) -> None:
        """Wait until that many events are in the inbox and nothing waits in the stream."""

        async def so() -> bool:
            info = await self.provisioner.js.consumer_info("RECORDED", "forwarder")
            inbox = await self.rows("select 1 from forwarder.inbox")
            return len(inbox) >= number and not (info.num_pending or info.num_ack_pending)

        await eventually(so)


@pytest_asyncio.fixture(loop_scope="session")
async def post(clean: Platform, bus_of: MakeBus) -> AsyncIterator[Post]:
    """Everything but the forwarder itself; the receiver is open."""
    async with (
        await clean.superuser() as eye,
        Receiver(free_port()).open() as receiver,
    ):
        yield Post(clean, receiver, await bus_of("attendance"), await bus_of("provisioner"), eye)


@pytest_asyncio.fixture(loop_scope="session")
async def forwarder(post: Post) -> AsyncIterator[Post]:
    """The forwarder, running once."""
    async with running(post.service()):
        yield post
