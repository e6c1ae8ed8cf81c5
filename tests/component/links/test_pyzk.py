"""What is particular to pyzk: its process, its absence, and UDP, where it repairs nothing."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from services.devices.drivers.base import DeviceError
from services.devices.simulators.faults import Fault
from shared.contracts.errors import Code
from tests.component.links.conftest import CLOCK, WAYS, Site, Way, failure_of, read, soon, worker

OVER_UDP = Way("pyzk", "udp", {})


async def test_over_udp_it_does_the_same(site: Site) -> None:
    server = await site.terminal(records=3000, templates=4)
    link = await site.opened(server, OVER_UDP)
    await link.listen()
    server.punch("1001", 0)
    assert len((await read(link))[1]) == 3001 * 40
    assert await soon(link.event())
    assert len(await link.people()) == len(server.device.users)
    assert len((await link.templates(None)).templates) == 4
    await link.unlock(3, CLOCK.boottime() + 5)
    assert len(server.device.unlocks) == 1
    assert (await failure_of(link.unlock(3, CLOCK.boottime()))).code == Code.UNLOCK_EXPIRED


async def test_what_comes_in_disorder_is_never_taken_for_whole(site: Site) -> None:
    server = await site.terminal(records=3000)
    link = await site.opened(server, OVER_UDP)
    sound = await read(link)
    await server.set_fault(Fault.LOSSY)
    (outcome,) = await asyncio.gather(read(link), return_exceptions=True)
    if isinstance(outcome, DeviceError):
        assert outcome.code in {Code.PULL_INCOMPLETE, Code.DEVICE_NO_ANSWER}
    else:
        assert outcome == sound


async def test_without_pyzk_the_driver_is_missing(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = site.link(await site.terminal(), WAYS["pyzk"])
    monkeypatch.setitem(sys.modules, "zk", None)
    assert (await failure_of(link.open())).code == Code.DRIVER_MISSING


async def test_the_comm_key_is_in_no_arguments_of_a_process(site: Site) -> None:
    await site.opened(await site.terminal(key=123_454_321), WAYS["pyzk"], comm_key=123_454_321)
    assert b"123454321" not in Path(f"/proc/{worker()}/cmdline").read_bytes()


async def test_a_process_that_dies_ends_the_link(site: Site) -> None:
    link = await site.opened(await site.terminal(), WAYS["pyzk"])
    waiting, asking = asyncio.ensure_future(link.event()), asyncio.ensure_future(link.clock())
    os.kill(worker(), signal.SIGKILL)
    assert (await failure_of(waiting)).code == Code.DEVICE_UNREACHABLE
    assert (await failure_of(asking)).code == Code.DEVICE_UNREACHABLE
    assert link.dead
