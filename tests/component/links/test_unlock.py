"""A door opens in time or not at all, whatever the device, the network and the process do."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import pytest
from typing_extensions import override

from services.devices.agent.links import tcp, wire
from services.devices.agent.links.wire import SPARE_SECONDS, Listener
from services.devices.drivers.base import DeviceError
from services.devices.drivers.zk.codec.packets import Packet
from services.devices.simulators.faults import Fault
from services.devices.simulators.zk import commands
from services.devices.simulators.zk.codes import Command, Reply
from services.devices.simulators.zk.dialogue import Dialogue
from services.devices.simulators.zk.server import ZkServer
from services.devices.simulators.zk.tcp import TcpClient
from shared.contracts.errors import Code
from shared.kit.clock import SystemClock
from tests.component.links.cable import pulled
from tests.component.links.conftest import CLOCK, WAYS, Site, Way, read, soon, until

NATIVE = WAYS["native-tcp"]
PERMIT = 5.0


def handing_out(server: ZkServer) -> bool:
    """Whether a piece of a table is on its way to a client."""
    return any(each._outbox for each in server.connections if isinstance(each, Dialogue))


class StoppedClock(SystemClock):
    """A clock whose deadlines never pass: the guard, switched off."""

    @override
    def boottime(self) -> float:
        return 0.0


async def test_it_is_acknowledged(site: Site, way: Way) -> None:
    server = await site.terminal()
    link = await site.opened(server, way)
    await link.unlock(5, CLOCK.boottime() + PERMIT)
    assert [each.delay for each in server.device.unlocks] == [50]
    assert await link.clock() is not None


async def test_what_a_second_is_depends_on_the_device(site: Site, way: Way) -> None:
    server = await site.terminal()
    link = await site.opened(server, way, unlock_factor=1)
    await link.unlock(5, CLOCK.boottime() + PERMIT)
    assert [each.delay for each in server.device.unlocks] == [5]


@pytest.mark.parametrize("left", [-0.001, SPARE_SECONDS - 0.1])
async def test_it_is_not_sent_when_it_might_come_late(site: Site, way: Way, left: float) -> None:
    server = await site.terminal()
    link = await site.opened(server, way)
    with pytest.raises(DeviceError) as failure:
        await link.unlock(5, CLOCK.boottime() + left)
    assert failure.value.code == Code.UNLOCK_EXPIRED
    assert await link.clock() is not None, "the connection is still good"
    assert server.device.unlocks == []


async def test_control_without_the_look_at_the_clock_it_is_sent(site: Site, way: Way) -> None:
    way.must("share this process's clock")
    server = await site.terminal()
    link = site.link(server, way, clock=StoppedClock())
    await link.open()
    await link.unlock(5, CLOCK.boottime() - 0.001)
    assert len(server.device.unlocks) == 1


async def test_a_device_that_says_no_is_heard(
    site: Site, way: Way, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no(session: Any, request: Any) -> list[Any]:
        return [session.reply(request, Reply.ERROR)]

    monkeypatch.setitem(commands._HANDLERS, Command.UNLOCK, no)
    link = await site.opened(await site.terminal(), way)
    with pytest.raises(DeviceError) as failure:
        await link.unlock(5, CLOCK.boottime() + PERMIT)
    assert failure.value.code == Code.DEVICE_ERROR
    assert await link.clock() is not None, "the connection is still good"


async def test_without_an_acknowledgement_it_is_unknown_and_broken_off(site: Site) -> None:
    async def unknown(way: Way) -> None:
        server = await site.terminal()
        link = await site.opened(server, way)
        await server.set_fault(Fault.HANG)
        deadline = CLOCK.boottime() + SPARE_SECONDS + 0.3
        with pytest.raises(DeviceError) as failure:
            await link.unlock(5, deadline)
        assert failure.value.code == Code.UNLOCK_UNKNOWN
        assert CLOCK.boottime() < deadline + 1.5
        assert link.dead

    await asyncio.gather(*map(unknown, WAYS.values()))


async def test_it_is_acknowledged_while_a_slow_device_is_read(site: Site) -> None:
    async def acknowledged(way: Way) -> None:
        server = await site.terminal(records=3000)
        link = await site.opened(server, way)
        await server.set_fault(Fault.SLOW)
        reading = asyncio.ensure_future(read(link))
        await until(lambda: handing_out(server))
        await link.unlock(5, CLOCK.boottime() + PERMIT)
        assert not reading.done()
        assert len(server.device.unlocks) == 1
        await server.set_fault(Fault.NONE)
        table, _ = await soon(reading)
        assert table.after == 3000

    await asyncio.gather(*map(acknowledged, WAYS.values()))


async def test_it_waits_for_its_turn_no_longer_than_makes_sense(site: Site) -> None:
    async def busy(way: Way) -> None:
        server = await site.terminal(records=3000)
        link = await site.opened(server, way)
        await server.set_fault(Fault.SLOW)
        reading = asyncio.ensure_future(read(link))
        await until(lambda: handing_out(server))
        with pytest.raises(DeviceError) as failure:
            await link.unlock(5, CLOCK.boottime() + SPARE_SECONDS + 0.1)
        assert failure.value.code == Code.DEVICE_BUSY
        await server.set_fault(Fault.NONE)
        await soon(reading)
        assert server.device.unlocks == []

    await asyncio.gather(*map(busy, WAYS.values()))


# ── what the kernel does ─────────────────────────────────────────────────────


async def test_it_is_not_sent_behind_what_is_not_taken_in(site: Site) -> None:
    server = await site.terminal()
    link: Any = await site.opened(server, NATIVE)
    (connection,) = (each for each in server.connections if isinstance(each, TcpClient))
    connection._transport.pause_reading()
    transport = link._channel._wire._transport
    while not transport.get_write_buffer_size():
        transport.write(bytes(1 << 20))
    with pytest.raises(DeviceError) as failure:
        await link.unlock(5, CLOCK.boottime() + PERMIT)
    assert failure.value.code == Code.UNLOCK_EXPIRED
    connection._transport.resume_reading()
    await until(lambda: link.dead)
    assert server.device.unlocks == []


@pytest.mark.parametrize("guarded", [True, False], ids=["guarded", "control"])
async def test_nothing_arrives_late_of_a_process_that_is_frozen(
    site: Site, monkeypatch: pytest.MonkeyPatch, *, guarded: bool
) -> None:
    """The process never comes to break it off: only what the kernel was told holds."""
    server = await site.terminal(key=None)
    heard: list[bytes] = []
    lost: list[DeviceError] = []
    listener = Listener(heard.append, lost.append)
    host, port = server.device.spec.host, server.port
    one = await tcp.dial(host, port, CLOCK, listener)
    one.write(Packet(Command.CONNECT, 0, 0).frame())
    await until(lambda: bool(heard))
    session = int.from_bytes(heard[0][12:14], "little")
    if not guarded:
        monkeypatch.setattr(tcp, "hasten", lambda *_: None)
    # The kernel's next try comes ever later: a shorter spare, and the control need not wait long.
    monkeypatch.setattr(wire, "SPARE_SECONDS", 1.0)
    deadline = CLOCK.boottime() + 1.2
    async with pulled(server):
        one.hurry(Packet(Command.UNLOCK, session, 1, bytes(4)).frame(), deadline)
        if guarded:
            await until(lambda: bool(lost))
            assert CLOCK.boottime() < deadline
        else:
            await until(lambda: CLOCK.boottime() > deadline)
    if not guarded:
        await until(lambda: bool(server.device.unlocks))
    one.abort()
    assert bool(server.device.unlocks) is not guarded


@pytest.mark.parametrize("under_way", [True, False], ids=["under way", "control"])
async def test_however_a_process_ends_its_unlock_ends_with_it(*, under_way: bool) -> None:
    """What the kernel does at the end of a process, it does at the end of a socket."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        host, port = listener.getsockname()
        lost: list[DeviceError] = []
        one = await tcp.dial(host, port, CLOCK, Listener(lambda _: None, lost.append))
        far, _ = listener.accept()
    with far:
        if under_way:
            one.hurry(b"unlock", CLOCK.boottime() + PERMIT)
        one._transport.abort()
        await until(lambda: bool(lost))
        if under_way:
            assert far.recv(16) == b"unlock", "it arrived before"
            with pytest.raises(ConnectionResetError):
                far.recv(16)
        else:
            assert far.recv(16) == b""
