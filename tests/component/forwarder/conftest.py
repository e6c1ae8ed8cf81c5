"""The forwarder itself, on real servers, with a receiver."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

import pytest_asyncio

from deploy.local.ports import free_port
from services.forwarder.app import build
from services.forwarder.settings import ForwarderSettings
from shared.contracts import streams, subjects
from shared.contracts.attendance import APP_SERIAL, PunchesRecorded, RecordedPunch, app_site
from shared.contracts.catalog import REDELIVER
from shared.contracts.deliveries import DeliveryNews, Redeliver, Redelivered, Redelivery
from shared.contracts.readings import Source
from shared.kit import rpc
from shared.kit.bus import Bus
from shared.kit.clock import new_id
from shared.kit.service import Service
from tests.component.attendance.callers import Callers
from tests.component.attendance.conftest import Eye, callers, eventually, running, seen
from tests.component.forwarder.receiver import Receiver
from tests.conftest import OWNER, Platform

__all__ = ["callers"]
MakeBus = Callable[[str], Awaitable[Bus]]
TOKEN = "s3cret-of-the-receiver"  # noqa: S105 - of this test only
AT = datetime(2026, 3, 1, 1, 2, 3, 456_000, tzinfo=UTC)


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


def an_event(
    *punches: RecordedPunch, site: str = "hq", source: Source = "live", owner: str = OWNER
) -> PunchesRecorded:
    return PunchesRecorded(
        event_id=uuid5(punches[0].id, "event"),
        owner=owner,
        site=site,
        device_id=1,
        serial_number="SN1",
        zone="Asia/Jakarta",
        source=source,
        received_at=AT,
        first_position=punches[0].position,
        last_position=punches[-1].position,
        punches=punches,
    )


def by_phone(position: int, owner: str = OWNER) -> PunchesRecorded:
    """An event as attendance says it of one punch by phone."""
    event = an_event(a_punch(position), site=app_site(owner), source="app", owner=owner)
    return event.model_copy(update={"device_id": 0, "serial_number": APP_SERIAL, "zone": "UTC"})


@dataclass
class Post:
    """Everything around the forwarder that a test looks at or acts on."""

    platform: Platform
    receiver: Receiver
    attendance: Bus
    provisioner: Bus
    gateway: Bus
    callers: Callers
    eye: Eye

    def service(self, **extra: object) -> Service:
        target: dict[str, object] = {
            "FORWARD_LOG_URL": self.receiver.url,
            "FORWARD_LOG_TOKEN": TOKEN,
        }
        settings = self.platform.settings(
            ForwarderSettings, "forwarder", _env_file=None, **target | extra
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

    async def retries(self, *events: PunchesRecorded, owner: str = OWNER) -> list[Redelivery]:
        """Ask, as the owner's administrator, to deliver the punches of these events."""
        ids = (punch.id for event in events for punch in event.punches)
        return await self.retries_of(*ids, owner=owner)

    async def retries_of(self, *punch_ids: UUID, owner: str = OWNER) -> list[Redelivery]:
        answer = await rpc.ask(
            self.gateway,
            REDELIVER,
            Redeliver(punch_ids=punch_ids),
            Redelivered,
            token=self.callers.user(owner, "admin"),
            seconds=30,
        )
        return list(answer.items)

    async def news(self, number: int) -> list[DeliveryNews]:
        """Wait for so many news in the stream, which nobody empties here; return all."""

        async def there() -> bool:
            info = await self.provisioner.js.stream_info(streams.DELIVERY.name)
            return info.state.messages >= number

        await eventually(there)
        state = (await self.provisioner.js.stream_info(streams.DELIVERY.name)).state
        found = [
            await self.provisioner.js.get_msg(streams.DELIVERY.name, each)
            for each in range(state.first_seq, state.last_seq + 1)
        ]
        assert all(
            subjects.site_of(each.subject or "") in (each.data or b"").decode() for each in found
        )
        return [DeliveryNews.model_validate_json(each.data or b"") for each in found]

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
async def post(clean: Platform, bus_of: MakeBus, callers: Callers) -> AsyncIterator[Post]:
    """Everything but the forwarder itself; the receiver is open."""
    async with (
        await clean.superuser() as eye,
        Receiver(free_port()).open() as receiver,
    ):
        attendance, provisioner, gateway = [
            await bus_of(each) for each in ("attendance", "provisioner", "gateway")
        ]
        yield Post(clean, receiver, attendance, provisioner, gateway, callers, eye)


@pytest_asyncio.fixture(loop_scope="session")
async def forwarder(post: Post) -> AsyncIterator[Post]:
    """The forwarder, running once."""
    async with running(post.service()):
        yield post
