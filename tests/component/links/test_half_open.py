"""The other end is gone and nobody said so: noticed within seconds, asked or not."""

from __future__ import annotations

import asyncio

from shared.contracts.errors import Code
from tests.component.links.cable import pulled
from tests.component.links.conftest import WAYS, Site, Way, failure_of


async def test_a_pulled_cable_is_noticed(site: Site) -> None:
    async def noticed(way: Way, *, asked: bool) -> Code:
        server = await site.terminal()
        link = await site.opened(server, way)
        async with pulled(server):
            # Where nobody asks anything, the kernel itself finds out.
            error = await failure_of(link.clock() if asked else link.event())
        assert link.dead
        return error.code

    idle = (noticed(way, asked=False) for way in WAYS.values() if way.transport == "tcp")
    asked = (noticed(way, asked=True) for way in WAYS.values())
    found, told = await asyncio.gather(asyncio.gather(*idle), asyncio.gather(*asked))
    assert set(found) == {Code.DEVICE_UNREACHABLE}
    assert set(told) == {Code.DEVICE_NO_ANSWER}
