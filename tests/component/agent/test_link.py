"""The link through pyzk against a real wire: what it reads, and how each fault is named in time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from services.devices.agent.links.base import LinkError
from services.devices.agent.links.pyzk import PyzkLink
from services.devices.drivers.catalog import DRIVERS
from shared.kit.clock import SystemClock
from tests.component.agent.conftest import Terminal

ZK = DRIVERS["zk"]
CLOCK = SystemClock()


@pytest_asyncio.fixture(loop_scope="session")
async def link(terminal: Terminal) -> AsyncIterator[PyzkLink]:
    link = PyzkLink(terminal.roster(), CLOCK)
    yield link
    await link.close()


async def test_it_greets_and_reads_the_whole_log(terminal: Terminal, link: PyzkLink) -> None:
    greeting = await link.open()
    assert greeting.serial == "SIM1"
    read = [(each.person, each.device_time, each.state) for each in ZK.log(await link.log())]
    truth = [
        (each["person"], each["device_time"], each["state"]) for each in await terminal.truth()
    ]
    assert read == truth
    assert len(ZK.people(await link.people())) == 20
    assert await link.clock() is not None


async def test_live_punches_arrive_while_tables_are_read(
    terminal: Terminal, link: PyzkLink
) -> None:
    await link.open()
    await link.listen()

    async def punches() -> list[dict[str, Any]]:
        return [await terminal.punch("1001", number % 6) for number in range(40)]

    async def tables() -> int:
        return sum([len(ZK.log(await link.log())) for _ in range(10)])

    said, read = await asyncio.gather(punches(), tables())
    assert read >= 6000
    heard = [ZK.live(await asyncio.wait_for(link.event(), 5)) for _ in said]
    assert [each.device_time for each in heard] == [each["device_time"] for each in said]
    assert [each.state for each in heard] == [each["state"] for each in said]
    state = await terminal.state()
    assert (state["bad_checksums"], state["lost_streams"], state["wrong_sessions"]) == (0, 0, 0)


async def test_the_device_is_let_go(terminal: Terminal, link: PyzkLink) -> None:
    await link.open()
    assert (await terminal.state())["connections"] == 1
    await link.close()
    async with asyncio.timeout(5):
        while (await terminal.state())["connections"]:
            await asyncio.sleep(0.02)


@pytest.mark.parametrize(
    ("fault", "code", "bound"),
    [
        ("unreachable", "DEVICE_UNREACHABLE", 4.0),
        ("wrong_key", "DEVICE_WRONG_KEY", 4.0),
        ("refuse", "DEVICE_REFUSED", 4.0),
        ("hang", "DEVICE_NO_ANSWER", 8.0),
    ],
)
async def test_each_fault_has_its_name_within_a_bound(
    terminal: Terminal, link: PyzkLink, fault: str, code: str, bound: float
) -> None:
    await terminal.fault(fault)
    began = CLOCK.monotonic()
    with pytest.raises(LinkError) as failure:
        await link.open()
    assert failure.value.code == code
    assert CLOCK.monotonic() - began < bound


async def test_another_protocol_is_told_at_once(link: PyzkLink, terminal: Terminal) -> None:
    async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-2.0-something\r\n")

    server = await asyncio.start_server(greet, "127.0.8.1", 0)
    port = server.sockets[0].getsockname()[1]
    other = PyzkLink(terminal.roster().model_copy(update={"port": port}), CLOCK)
    with pytest.raises(LinkError) as failure:
        await other.open()
    assert failure.value.code == "DEVICE_WRONG_PROTOCOL"
    await other.close()
    server.close()


async def test_a_device_that_falls_silent_is_noticed(terminal: Terminal, link: PyzkLink) -> None:
    await link.open()
    await terminal.fault("hang")
    began = CLOCK.monotonic()
    with pytest.raises(LinkError) as failure:
        await link.clock()
    assert failure.value.code == "DEVICE_NO_ANSWER"
    assert CLOCK.monotonic() - began < 8.0


async def test_a_dropped_connection_ends_the_events(terminal: Terminal, link: PyzkLink) -> None:
    await link.open()
    await link.listen()
    await terminal.fault("drop")
    with pytest.raises(LinkError):
        await asyncio.wait_for(link.event(), 5)
    with pytest.raises(LinkError):
        await link.clock()


async def test_an_unlock_is_acknowledged_in_time(terminal: Terminal, link: PyzkLink) -> None:
    await link.open()
    await link.unlock(5, CLOCK.boottime() + 5)
    assert len(await terminal.unlocks()) == 1


async def test_an_unlock_past_its_deadline_never_reaches_the_device(
    terminal: Terminal, link: PyzkLink
) -> None:
    await link.open()
    with pytest.raises(LinkError) as failure:
        await link.unlock(5, CLOCK.boottime() - 0.001)
    assert failure.value.code == "UNLOCK_EXPIRED"
    assert await terminal.unlocks() == []
    assert await link.clock() is not None, "the connection is still good"


async def test_an_unlock_without_acknowledgement_is_unknown_and_the_wire_is_cut(
    terminal: Terminal, link: PyzkLink
) -> None:
    await link.open()
    await terminal.fault("hang")
    began = CLOCK.monotonic()
    with pytest.raises(LinkError) as failure:
        await link.unlock(5, CLOCK.boottime() + 1.0)
    assert failure.value.code == "UNLOCK_UNKNOWN"
    assert CLOCK.monotonic() - began < 2.5
    await terminal.fault("none")
    assert await terminal.unlocks() == [], "nothing in a buffer opens the door after the fault"
