"""Whatever a device does wrong has its name, within a bound, and never passes for success."""

from __future__ import annotations

import asyncio

import pytest

from services.devices.drivers.base import DeviceError
from services.devices.simulators.faults import Fault
from shared.contracts.errors import Code
from tests.component.links.conftest import WAYS, Site, Way, failure_of, read

NATIVE = WAYS["native-tcp"]


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (Fault.UNREACHABLE, Code.DEVICE_UNREACHABLE),
        (Fault.WRONG_KEY, Code.DEVICE_WRONG_KEY),
        (Fault.REFUSE, Code.DEVICE_REFUSED),
        (Fault.FOREIGN, Code.DEVICE_WRONG_PROTOCOL),
        (Fault.FOREIGN_55, Code.DEVICE_WRONG_PROTOCOL),
    ],
)
async def test_what_keeps_a_device_from_connecting(
    site: Site, way: Way, fault: Fault, code: Code
) -> None:
    server = await site.terminal()
    await server.set_fault(fault)
    assert (await failure_of(site.link(server, way).open())).code == code


async def test_what_is_no_terminal_at_all_is_told_at_once(site: Site) -> None:
    async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-2.0-something\r\n")

    terminal = await site.terminal()
    async with await asyncio.start_server(greet, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        for way in (NATIVE, WAYS["pyzk"]):
            link = site.link(terminal, way, port=port)
            assert (await failure_of(link.open())).code == Code.DEVICE_WRONG_PROTOCOL
            await link.close()


async def test_a_name_that_nobody_knows_is_unreachable(site: Site, way: Way) -> None:
    link = site.link(await site.terminal(), way, host="nobody.invalid")
    assert (await failure_of(link.open())).code == Code.DEVICE_UNREACHABLE


async def test_a_key_that_is_not_set_is_asked_for(site: Site, way: Way) -> None:
    server = await site.terminal(key=1)
    error = await failure_of(site.link(server, way, comm_key=0).open())
    assert (error.code, "needs a comm key" in error.details) == (Code.DEVICE_WRONG_KEY, True)


@pytest.mark.parametrize("key", [None, 0, 123_456, 4_294_967_295])
async def test_every_key_is_proven(site: Site, way: Way, key: int | None) -> None:
    if key == 4_294_967_295:
        way.must("prove any key")
    server = await site.terminal(key=key)
    link = await site.opened(server, way, comm_key=key or 0)
    assert await link.clock() is not None


# ── in the middle of a table ─────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (Fault.CUT, Code.DEVICE_UNREACHABLE),
        (Fault.FIN, Code.DEVICE_UNREACHABLE),
        (Fault.NO_DATA, Code.DEVICE_NO_DATA),
    ],
)
async def test_what_keeps_a_log_from_being_read(
    site: Site, way: Way, fault: Fault, code: Code
) -> None:
    server = await site.terminal(records=2000, packet=1008)
    link = await site.opened(server, way)
    await server.set_fault(fault, after=30_000)
    assert (await failure_of(read(link))).code == code
    assert link.dead is (code == Code.DEVICE_UNREACHABLE)
    await server.set_fault(Fault.NONE)
    if link.dead:
        await link.close()
        link = await site.opened(server, way)
    table, _ = await read(link)
    assert (table.before, table.after) == (2000, 2000)


async def test_a_punch_in_the_middle_of_a_reading_is_no_disagreement(site: Site, way: Way) -> None:
    server = await site.terminal(records=2000)
    link = await site.opened(server, way)
    await server.set_fault(Fault.COUNT_RACE)
    table, rows = await read(link)
    assert (table.before, len(rows) // 40, table.after) == (2000, 2001, 2001)


async def test_a_live_event_in_the_middle_of_a_transfer_is_none_of_it(site: Site, way: Way) -> None:
    server = await site.terminal(records=2000, packet=1008)
    link = await site.opened(server, way)
    await link.listen()
    await server.set_fault(Fault.INTERLEAVE)
    table, rows = await read(link)
    assert len(rows) == table.size == 2000 * 40
    punches = server.device.truth.punches[2000:]
    assert punches
    heard = [(await asyncio.wait_for(link.event(), 5))[:4] for _ in punches]
    assert heard == [punch.person.encode() for punch in punches]


async def test_what_is_lost_on_the_way_is_asked_for_again(site: Site) -> None:
    way = WAYS["native-udp"]
    server = await site.terminal(records=1500)
    link = await site.opened(server, way)
    _, sound = await read(link)
    await server.set_fault(Fault.LOSSY)
    assert (await read(link))[1] == sound
    assert len(await link.people()) == len(server.device.users)
    await server.set_fault(Fault.NONE)


async def test_a_restarted_device_that_forgot_us_is_connected_to_again(site: Site) -> None:
    server = await site.terminal()
    link = await site.opened(server, WAYS["native-udp"])
    server.break_off()
    error = await failure_of(link.clock())
    assert (error.code, link.dead) == (Code.DEVICE_UNREACHABLE, True)


async def test_a_device_for_one_connection_says_who_may_have_it(site: Site) -> None:
    async def second(becomes: str, way: Way) -> DeviceError:
        server = await site.terminal(one_connection=becomes)
        await site.opened(server, NATIVE)
        return await failure_of(site.link(server, way).open())

    reset, waits = await asyncio.gather(second("reset", NATIVE), second("waits", NATIVE))
    assert (reset.code, waits.code) == (Code.DEVICE_UNREACHABLE, Code.DEVICE_NO_ANSWER)
    assert all("other software" in error.details for error in (reset, waits))
