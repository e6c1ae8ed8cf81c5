"""The outbox: what one stream refuses waits, in order, and delays nobody else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from sqlalchemy import func, select

from services.devices.store.operations import OUTBOX
from shared.contracts import streams
from shared.contracts.agents import RosterChanged
from shared.contracts.streams import StreamSpec
from shared.kit import outbox
from shared.kit.clock import new_id
from shared.kit.db import AsyncEngine, engine_of
from shared.kit.outbox import Relay, Said
from shared.kit.settings import DatabaseSettings
from tests.component.devices.conftest import MakeBus, eventually
from tests.conftest import Platform

GOOD, STUCK = (streams.operation_stream(site) for site in ("hq", "annex"))
MANY = 450
"""More than two rounds of the relay."""


@pytest_asyncio.fixture(loop_scope="session")
async def engine(clean: Platform, bus_of: MakeBus) -> AsyncIterator[AsyncEngine]:
    """The registry's database, with a relay to two streams."""
    bus = await bus_of("devices")
    settings = clean.settings(DatabaseSettings, "devices")
    engine = engine_of("devices", settings)
    relay = Relay("devices", settings, engine, OUTBOX, bus, (GOOD, STUCK))
    relaying = asyncio.ensure_future(relay.run())
    yield engine
    assert not relaying.done()
    relaying.cancel()
    await asyncio.gather(relaying, return_exceptions=True)
    await engine.dispose()


async def written(engine: AsyncEngine, stream: StreamSpec, count: int) -> None:
    """Say as many things to a stream, each with its number as the device."""
    site = stream.name.removeprefix("OPERATION_")
    said = [
        Said(stream, f"cmd.{site}.{n}.read_log", str(new_id()), RosterChanged(site=site))
        for n in range(count)
    ]
    async with engine.begin() as connection:
        await outbox.write(connection, OUTBOX, said)


async def waiting(engine: AsyncEngine, count: int) -> bool:
    async with engine.connect() as connection:
        return await connection.scalar(select(func.count()).select_from(OUTBOX)) == count


@pytest.mark.parametrize("trouble", ["missing", "full"])
async def test_a_stream_that_takes_nothing_delays_no_other(
    engine: AsyncEngine, clean: Platform, bus_of: MakeBus, trouble: str
) -> None:
    js = (await bus_of("provisioner")).js

    async def arrived(stream: StreamSpec, count: int) -> bool:
        return (await js.stream_info(stream.name)).state.messages == count

    if trouble == "missing":
        await js.delete_stream(STUCK.name)
    else:
        config = (await js.stream_info(STUCK.name)).config
        await js.update_stream(config.evolve(max_bytes=1))
    try:
        await written(engine, STUCK, MANY)
        await written(engine, GOOD, 1)
        await eventually(lambda: arrived(GOOD, 1))
        await eventually(lambda: waiting(engine, MANY))
    finally:
        await clean.servers.provision()
    await eventually(lambda: arrived(STUCK, MANY))
    first = (await js.stream_info(STUCK.name)).state.first_seq
    for number in (0, 1, MANY - 1):
        message = await js.get_msg(STUCK.name, first + number)
        assert message.subject == f"cmd.annex.{number}.read_log"
