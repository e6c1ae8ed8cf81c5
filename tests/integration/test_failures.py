"""Failures that libraries would swallow or quote: answered, logged, and without secrets."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import nats.errors
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from shared.contracts import catalog, streams, subjects
from shared.contracts.agents import AskPermit, Permit, RosterChanged
from shared.contracts.errors import Code
from shared.contracts.message import Message
from shared.kit import rpc
from shared.kit import service as kit_service
from shared.kit.buckets import AWAY, Bucket
from shared.kit.bus import Bus
from shared.kit.db import engine_of
from shared.kit.errors import MusterError
from shared.kit.service import Service
from shared.kit.settings import DatabaseSettings, Settings
from shared.kit.stream_check import StreamCheck
from tests.component.auth.conftest import eventually
from tests.conftest import Platform

MakeBus = Callable[[str], Awaitable[Bus]]
PERMITS = subjects.control("hq", subjects.ANY, "permit")


async def refused(bus: Bus, request: Message) -> Code:
    with pytest.raises(MusterError) as failure:
        await rpc.ask(
            bus, catalog.PERMIT, request, Permit, subject=subjects.control("hq", 1, "permit")
        )
    return failure.value.problem.code


async def test_a_bus_that_was_never_connected_is_a_service_away(platform: Platform) -> None:
    bus = Bus("devices", platform.settings(Settings, "devices"))
    assert not bus.connected
    assert await refused(bus, AskPermit(device_id=1)) is Code.SERVICE_UNAVAILABLE
    with pytest.raises(AWAY):
        await Bucket(bus, streams.AUTH).get("key.x")
    with pytest.raises(nats.errors.ConnectionClosedError):
        await bus.say(subjects.roster_changed("hq"), RosterChanged(site="hq"))


async def test_only_the_request_can_be_the_callers_fault(clean: Platform, bus_of: MakeBus) -> None:
    devices, agent = await bus_of("devices"), await bus_of("agent-hq")

    async def defect(_: str, asked: AskPermit) -> Message:
        if asked.device_id == 1:
            Permit.model_validate({})
        return RosterChanged(site="hq")

    rpc.answer_at(agent, catalog.PERMIT, PERMITS, AskPermit, defect)
    await agent.start()
    assert await refused(devices, RosterChanged(site="hq")) is Code.VALIDATION_ERROR
    assert await refused(devices, AskPermit(device_id=1)) is Code.INTERNAL_ERROR, "the handler's"
    assert await refused(devices, AskPermit(device_id=2)) is Code.INTERNAL_ERROR, "the answer's"


async def test_what_was_heard_and_failed_is_in_the_log(
    clean: Platform, bus_of: MakeBus, caplog: pytest.LogCaptureFixture
) -> None:
    devices, agent = await bus_of("devices"), await bus_of("agent-hq")
    subject = subjects.roster_changed("hq")
    heard = asyncio.Queue[RosterChanged]()

    async def hear(_: str, said: RosterChanged) -> None:
        heard.put_nowait(said)
        if heard.qsize() == 1:
            msg = "a defect of the handler"
            raise RuntimeError(msg)

    agent.on_message(subject, RosterChanged, hear)
    await agent.start()
    await devices.client.publish(subject, b'{"site": "HUSH HUSH"}')
    for _ in range(2):
        await devices.say(subject, RosterChanged(site="hq"))

    async def both() -> bool:
        return heard.qsize() == 2

    await eventually(both)
    assert "not understood" in caplog.text
    assert "HUSH" not in caplog.text
    assert "a defect of the handler" in caplog.text


async def test_a_request_that_raises_is_in_the_log(
    clean: Platform, bus_of: MakeBus, caplog: pytest.LogCaptureFixture
) -> None:
    devices, agent = await bus_of("devices"), await bus_of("agent-hq")

    async def raises(_: str, __: bytes, ___: dict[str, str]) -> bytes:
        msg = "it must not raise"
        raise RuntimeError(msg)

    agent.on_request(PERMITS, raises)
    await agent.start()
    asked = subjects.control("hq", 1, "permit")
    with pytest.raises(nats.errors.TimeoutError):
        await devices.request(asked, b"{}", {}, 1.0)
    assert "request not answered" in caplog.text


async def test_an_error_of_the_database_quotes_no_values(platform: Platform) -> None:
    engine = engine_of("devices", platform.settings(DatabaseSettings, "devices"))
    async with engine.connect() as connection:
        with pytest.raises(DBAPIError) as caught:
            await connection.execute(text("select 1 / (cast(:n as integer) - 4711)"), {"n": 4711})
    await engine.dispose()
    assert "division by zero" in str(caught.value)
    assert "'n'" not in f"{caught.value} {caught.value!r}"


async def test_a_closing_step_that_fails_is_logged_and_the_rest_is_done(
    platform: Platform, caplog: pytest.LogCaptureFixture
) -> None:
    bus = Bus("devices", platform.settings(Settings, "devices"))
    await bus.connect()
    done = asyncio.Event()

    async def fails() -> None:
        msg = "this journal would not close"
        raise OSError(msg)

    async def works() -> None:
        done.set()

    check = StreamCheck(bus, (), seconds=1.0)
    await kit_service._close(Service("devices", bus, check, closing=[fails, works]))
    assert done.is_set()
    assert not bus.connected
    assert "this journal would not close" in caplog.text
