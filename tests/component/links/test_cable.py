"""A cable pulled anywhere in a reading costs nothing but the reading."""

from __future__ import annotations

import asyncio

import pytest

from services.devices.agent.links.base import Link
from services.devices.drivers.base import DeviceError, LogEntry
from services.devices.simulators.faults import Fault
from services.devices.simulators.zk.server import ZkServer
from shared.contracts.errors import Code
from tests.component.links.conftest import WAYS, Site, entries, read

WAY = WAYS["native-tcp"]
RECORDS = 1500
SIZE = 4 + RECORDS * 40
POINTS = 500
LANES = 10


async def pulled(site: Site, server: ZkServer, link: Link) -> Link:
    """Take note that the connection is lost; return a new one."""
    assert link.dead
    await link.close()
    assert server.firmware.fault is Fault.NONE, "the cable was pulled, once"
    return await site.opened(server, WAY)


async def records(server: ZkServer, link: Link) -> list[LogEntry]:
    return entries(server, *await read(link))


async def test_a_cable_pulled_at_500_points_of_a_reading_changes_nothing(site: Site) -> None:
    async def at(points: range) -> None:
        server = await site.terminal(records=RECORDS, packet=1008)
        link = await site.opened(server, WAY)
        sound = await records(server, link)
        assert len(sound) == RECORDS
        for point in points:
            await server.set_fault(Fault.CUT, after=1 + point * SIZE // POINTS)
            with pytest.raises(DeviceError) as failure:
                await read(link)
            assert failure.value.code == Code.DEVICE_UNREACHABLE
            link = await pulled(site, server, link)
            assert await records(server, link) == sound
            assert server.device.enabled

    # Most of the time goes by between the last acknowledgement and the cut: several at once.
    await asyncio.gather(*(at(range(first, POINTS, LANES)) for first in range(LANES)))


async def test_a_cable_pulled_in_a_clearing_leaves_the_log_and_the_device_enabled(
    site: Site,
) -> None:
    """The device is disabled while its log is looked at for the last time."""
    server = await site.terminal(records=RECORDS, packet=1008)
    link = await site.opened(server, WAY)
    table, _ = await read(link)
    for after in range(1, SIZE, SIZE // 50):
        await server.set_fault(Fault.CUT, after=after)
        with pytest.raises(DeviceError):
            await link.clear_log(table)
        assert not server.device.enabled, "the control: it is the next connection that enables it"
        link = await pulled(site, server, link)
        assert (server.device.enabled, server.device.truth.log_size) == (True, RECORDS)
