"""Each fault as a client meets it, and healing."""

from __future__ import annotations

import struct
import time
from typing import TYPE_CHECKING

import pytest

from services.devices.simulators.device import POWER_OFF, POWER_ON
from services.devices.simulators.faults import Fault
from services.devices.simulators.machine import DisabledError
from services.devices.simulators.zk.codes import Command, Reply
from services.devices.simulators.zk.wire import decode, key_bytes
from tests.unit.simulators.raw import ATTENDANCE, RawClient, RawPeer
from tests.unit.simulators.test_reading import read_chunk

if TYPE_CHECKING:
    from tests.unit.simulators.conftest import Start


async def test_unreachable_ends_connections_and_refuses_new_ones_until_healed(start: Start) -> None:
    server = await start()
    client = await RawClient.connect(server)
    await server.set_fault(Fault.UNREACHABLE)
    assert await client.is_closed()
    with pytest.raises(ConnectionRefusedError):
        await RawClient.dial(server)
    await server.set_fault(Fault.NONE)
    await RawClient.connect(server)


async def test_a_hanging_terminal_accepts_and_says_nothing(start: Start) -> None:
    server = await start()
    client = await RawClient.connect(server)
    await client.ask(Command.REGISTER_EVENTS, struct.pack("<I", 1))
    await server.set_fault(Fault.HANG)
    newcomer = await RawClient.dial(server)
    newcomer.send(Command.CONNECT)
    client.send(Command.UNLOCK, struct.pack("<I", 5))
    server.punch("1001", 0)
    assert await newcomer.is_silent()
    assert await client.is_silent()
    await server.set_fault(Fault.NONE)
    assert (await client.ask(Command.GET_TIME)).code == Reply.OK
    assert server.device.unlocks == [], "the door opened late"


async def test_hanging_in_the_middle_of_a_transfer_stops_it(start: Start) -> None:
    server = await start(records=500)
    client = await RawClient.connect(server)
    await server.set_fault(Fault.SLOW)
    await client.ask(Command.PREPARE_BUFFER, ATTENDANCE)
    await client.ask(Command.READ_BUFFER, struct.pack("<II", 0, 20_004))
    await server.set_fault(Fault.HANG)
    with pytest.raises(TimeoutError):
        await client.receive(patience=1)


async def test_drop_happens_once(start: Start) -> None:
    server = await start()
    client = await RawClient.connect(server)
    await server.set_fault(Fault.DROP)
    assert await client.is_closed()
    await RawClient.connect(server)
    assert server.firmware.fault is Fault.NONE


@pytest.mark.parametrize("key", [None, 0, 7])
async def test_the_key_is_wrong_until_healed(start: Start, key: int | None) -> None:
    server = await start(key=key)
    client = await RawClient.connect(server)
    await server.set_fault(Fault.WRONG_KEY)
    assert await client.is_closed()
    newcomer = await RawClient.dial(server)
    greeting = await newcomer.ask(Command.CONNECT)
    newcomer.session = greeting.session
    proof = key_bytes(key or 0, greeting.session, 50)
    answer = await newcomer.ask(Command.AUTH, proof)
    assert (greeting.code, answer.code) == (Reply.UNAUTH, Reply.UNAUTH)
    await server.set_fault(Fault.NONE)
    await RawClient.connect(server)


async def test_slow_is_the_pace_of_an_old_board_and_loses_nothing(start: Start) -> None:
    server = await start(records=500)
    client = await RawClient.connect(server)
    await client.ask(Command.REGISTER_EVENTS, struct.pack("<I", 1))
    await server.set_fault(Fault.SLOW)
    await client.ask(Command.PREPARE_BUFFER, ATTENDANCE)
    begun = time.monotonic()
    client.send(Command.READ_BUFFER, struct.pack("<II", 0, 20_004))
    assert (await client.receive()).code == Reply.PREPARE_DATA
    server.punch("1001", 0)
    data, closing, event = [await client.receive() for _ in range(3)]
    assert (len(data.data), closing.code, event.code) == (20_004, Reply.OK, Reply.EVENT)
    assert time.monotonic() - begun > 0.4


async def test_new_firmware_refuses_to_connect(start: Start) -> None:
    server = await start()
    client = await RawClient.connect(server)
    await server.set_fault(Fault.REFUSE)
    assert await client.is_closed()
    newcomer = await RawClient.dial(server)
    assert (await newcomer.ask(Command.CONNECT)).code == 6001
    await server.set_fault(Fault.NONE)
    await RawClient.connect(server)


async def test_without_a_fault_a_transfer_is_fast(start: Start) -> None:
    server = await start(records=5_000)
    client = await RawClient.connect(server)
    await client.ask(Command.PREPARE_BUFFER, ATTENDANCE)
    begun = time.monotonic()
    for offset in range(0, 200_004, 65_472):
        await read_chunk(client, offset, min(65_472, 200_004 - offset))
    assert time.monotonic() - begun < 2


async def test_a_restart_may_go_without_an_answer(start: Start) -> None:
    server = await start()
    client = await RawClient.connect(server)
    await client.ask(Command.DISABLE)
    await server.set_fault(Fault.MUTE_RESTART)
    client.send(Command.RESTART)
    assert await client.is_closed()
    assert server.device.enabled


@pytest.mark.parametrize(("fault", "begin"), [(Fault.FOREIGN, "aa01"), (Fault.FOREIGN_55, "55aa")])
async def test_something_else_may_answer_on_the_port(
    start: Start, fault: Fault, begin: str
) -> None:
    server = await start()
    client = await RawClient.connect(server)
    await server.set_fault(fault)
    assert await client.is_closed()
    newcomer, peer = await RawClient.dial(server), await RawPeer.dial(server)
    newcomer.send(Command.CONNECT)
    peer.send(Command.CONNECT)
    for answer in (await newcomer.read_bytes(), await peer.datagrams.get()):
        assert answer.hex().startswith(begin)
    assert server.connections[0].hears_punches is False
    await server.set_fault(Fault.NONE)
    await RawClient.connect(server)


@pytest.mark.parametrize("kind", [RawClient, RawPeer])
async def test_checksums_may_be_wrong_on_the_way_out(
    start: Start, kind: type[RawClient | RawPeer]
) -> None:
    server = await start()
    client = await kind.connect(server)
    await server.set_fault(Fault.GARBLED)
    client.send(Command.GET_TIME)
    if isinstance(client, RawPeer):
        garbled = await client.datagrams.get()
    else:
        garbled = (await client.read_bytes())[8:]
    assert (decode(garbled), len(garbled)) == (None, 12)
    await server.set_fault(Fault.NONE)
    assert (await client.ask(Command.GET_TIME)).code == Reply.OK


async def test_a_terminal_that_was_switched_off_is_away_until_it_is_switched_on(
    start: Start,
) -> None:
    server = await start(pace=0.01)
    client, other = [await RawClient.connect(server) for _ in range(2)]
    assert (await client.ask(Command.POWER_OFF)).code == Reply.OK
    assert (await client.ask(Command.EXIT)).code == Reply.OK, "some clients say good-bye"
    assert await client.is_closed()
    assert await other.is_closed()
    with pytest.raises(DisabledError, match="switched off"):
        server.punch("1001", 0)
    await server.set_fault(Fault.SLOW)
    with pytest.raises(ConnectionRefusedError):
        await RawClient.dial(server)
    await server.set_fault(Fault.NONE)
    await RawClient.connect(server)
    operations = [operation.op for operation in server.device.operations]
    assert operations == [POWER_ON, POWER_OFF, POWER_ON]
