"""Live punches: all of them, in order, once, whatever else is done on the same connection."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest

from services.devices.agent.links.base import Link
from services.devices.drivers.base import DeviceError, LogEntry
from services.devices.drivers.catalog import DRIVERS
from services.devices.simulators.faults import Fault
from services.devices.simulators.truth import Punch
from services.devices.simulators.zk.codes import Command
from shared.contracts.actions import ReadInfo
from shared.contracts.errors import Code
from tests.component.links.conftest import CLOCK, Site, Way, read, soon, tell_nobody, until


async def heard(link: Link, count: int) -> list[LogEntry]:
    return [DRIVERS["zk"].live(await soon(link.event()), {}).entries[0] for _ in range(count)]


def same(entry: LogEntry, punch: Punch) -> bool:
    time = punch.device_time.isoformat(timespec="seconds")
    return (entry.person, entry.device_time, entry.state) == (punch.person, time, punch.state)


async def test_a_punch_arrives(site: Site, way: Way) -> None:
    server = await site.terminal()
    link = await site.opened(server, way)
    await link.listen()
    punches = [server.punch("1001", 0), server.punch("no user", 1)]
    assert all(map(same, await heard(link, 2), punches))


async def test_nothing_arrives_before_it_is_asked_for(site: Site, way: Way) -> None:
    server = await site.terminal()
    link = await site.opened(server, way)
    server.punch("1001", 0)
    await link.clock()
    await link.listen()
    punch = server.punch("1002", 0)
    assert same((await heard(link, 1))[0], punch)


async def test_punches_arrive_in_order_and_once_while_everything_is_read(
    site: Site, way: Way
) -> None:
    server = await site.terminal(records=4000, packet=1008)
    link = await site.opened(server, way)
    await link.listen()
    punches: list[Punch] = []

    async def work() -> None:
        for _ in range(3):
            await read(link)
            await link.people()
            await link.do(ReadInfo(), tell_nobody)
            await link.unlock(3, CLOCK.boottime() + 5)

    working = asyncio.ensure_future(work())
    while not working.done():
        punches.append(server.punch("1001", len(punches) % 6))
        await asyncio.sleep(0.002)  # the pace of a crowd: no datagram need be lost for it
    await working
    entries = await heard(link, len(punches))
    assert all(map(same, entries, punches))
    await link.clock()
    waiting = asyncio.ensure_future(link.event())
    await asyncio.wait({waiting}, timeout=0.05)
    assert not waiting.done(), "each comes once"
    waiting.cancel()
    counts = server.counts
    assert (counts.bad_checksums, counts.lost_streams, counts.wrong_sessions) == (0, 0, 0)


async def test_an_end_of_the_connection_ends_the_events(site: Site, way: Way) -> None:
    way.must("notice the end of a connection")
    server = await site.terminal()
    link = await site.opened(server, way)
    await link.listen()
    server.punch("1001", 0)
    await server.set_fault(Fault.DROP)
    await heard(link, 1)
    for asked in (link.event, link.event, link.clock):
        with pytest.raises(DeviceError) as failure:
            await soon(asked())
        assert failure.value.code == Code.DEVICE_UNREACHABLE
    assert link.dead


async def test_closing_ends_the_events_and_lets_the_device_go(
    site: Site, way: Way, asked: Counter[int]
) -> None:
    server = await site.terminal()
    link = await site.opened(server, way)
    await link.listen()
    waiting = asyncio.ensure_future(link.event())
    await link.close()
    with pytest.raises(DeviceError):
        await soon(waiting)
    await until(lambda: not server.connections)
    assert asked[Command.EXIT] == 1
    with pytest.raises(DeviceError):
        await link.clock()
