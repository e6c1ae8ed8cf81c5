"""Whoever gives up in the middle leaves a device that works, and a link that does."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest

from services.devices.simulators.faults import Fault
from services.devices.simulators.zk.codes import Command
from tests.component.links.conftest import CLOCK, Site, Way, read, soon, until


async def test_a_caller_that_is_cancelled_leaves_a_link_that_works(
    site: Site, way: Way, asked: Counter[int]
) -> None:
    way.must("survive a caller that gives up")
    server = await site.terminal(records=3000)
    link = await site.opened(server, way)
    await server.set_fault(Fault.SLOW)
    reading = asyncio.ensure_future(read(link))
    await until(lambda: bool(asked[Command.READ_BUFFER]))
    reading.cancel()
    await server.set_fault(Fault.NONE)
    with pytest.raises(asyncio.CancelledError):
        await soon(reading)
    assert asked[Command.FREE_BUFFER] == 1, "the device keeps no table for nobody"
    assert not link.dead
    table, _ = await read(link)
    assert table.after == 3000


async def test_a_device_is_enabled_again_when_clearing_is_given_up(
    site: Site, way: Way, asked: Counter[int]
) -> None:
    server = await site.terminal(records=3000)
    link = await site.opened(server, way)
    table, _ = await read(link)
    asked.clear()
    await server.set_fault(Fault.SLOW)
    clearing = asyncio.ensure_future(link.clear_log(table))
    await until(lambda: bool(asked[Command.READ_BUFFER]) and not server.device.enabled)
    clearing.cancel()
    await server.set_fault(Fault.NONE)
    with pytest.raises(asyncio.CancelledError):
        await soon(clearing)
    if link.dead:
        await link.close()
        link = await site.opened(server, way)
    assert server.device.enabled
    assert server.device.truth.log_size == 3000
    assert await link.clock() is not None


async def test_a_device_is_enabled_when_clearing_is_given_up_and_the_link_closed_at_once(
    site: Site, way: Way, asked: Counter[int]
) -> None:
    """So an agent ends, and a device leaves its roster: nobody may connect again to enable it."""
    way.must("survive a caller that gives up")
    server = await site.terminal(records=3000)
    link = await site.opened(server, way)
    table, _ = await read(link)
    asked.clear()
    await server.set_fault(Fault.SLOW)
    clearing = asyncio.ensure_future(link.clear_log(table))
    await until(lambda: bool(asked[Command.READ_BUFFER]) and not server.device.enabled)
    clearing.cancel()
    await soon(link.close())
    with pytest.raises(asyncio.CancelledError):
        await clearing
    assert server.device.enabled
    assert asked[Command.EXIT] == 1
    assert server.device.truth.log_size == 3000


async def test_a_second_cancellation_ends_it_at_once(
    site: Site, way: Way, asked: Counter[int]
) -> None:
    server = await site.terminal(records=3000)
    link = await site.opened(server, way)
    await server.set_fault(Fault.HANG)
    asking = asyncio.ensure_future(read(link))
    await asyncio.sleep(0)
    began = CLOCK.monotonic()
    asking.cancel()
    await asyncio.sleep(0)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await soon(asking)
    assert CLOCK.monotonic() - began < 0.5
    await server.set_fault(Fault.NONE)


async def test_a_full_disk_is_told_after_the_device_is_let_go(
    site: Site, way: Way, asked: Counter[int]
) -> None:
    server = await site.terminal(records=3000)
    link = await site.opened(server, way)

    def full(_: bytes) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        await link.log(full)
    assert asked[Command.FREE_BUFFER] == 1
    assert await link.clock() is not None
