"""Enrolment: asked for by a client, done by whoever lays a finger, told as live events."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import pytest

from services.devices.simulators import sensor
from services.devices.simulators.device import ENROL_FINGER
from services.devices.simulators.enrolment import Laying
from services.devices.simulators.machine import NobodyEnrolsError
from services.devices.simulators.zk.codes import Command, Reply
from tests.unit.simulators.raw import Raw, RawClient, RawPeer

if TYPE_CHECKING:
    from services.devices.simulators.zk.wire import Packet
    from tests.unit.simulators.conftest import Start

START = struct.pack("<24sBB", b"1002", 6, 1)
OLD_START = struct.pack("<IB", 1002, 6)
FINGER, SCORE, ENROLLED = 2, 256, 8


async def outcome(client: Raw) -> list[Packet]:
    """Return the events up to the one that ends it."""
    packets = [await client.receive()]
    while packets[-1].session != ENROLLED:
        packets.append(await client.receive())
    assert {(packet.code, packet.reply) for packet in packets} == {(Reply.EVENT, 0)}
    return packets


@pytest.mark.parametrize(("kind", "request_data"), [(RawClient, START), (RawPeer, OLD_START)])
async def test_three_good_layings_enrol_a_finger(
    start: Start, kind: type[RawClient | RawPeer], request_data: bytes
) -> None:
    server = await start(users=3)
    client = await kind.connect(server)
    assert (await client.ask(Command.START_ENROL, request_data)).code == Reply.OK
    assert (await client.ask(Command.START_VERIFY)).code == Reply.OK
    assert (await client.ask(Command.STATE)).session == 1
    events = await outcome(client)
    assert [event.session for event in events] == [FINGER, SCORE] * 3 + [ENROLLED]
    assert [event.data for event in events[:-1]] == [b"", b"\x64"] * 3
    (template,) = server.device.fingers.all()
    result, size, person, finger = struct.unpack("<HH9sB", events[-1].data)
    assert (result, size, person, finger) == (0, len(template.content), b"1002".ljust(9, b"\0"), 6)
    assert (template.uid, template.finger, template.flag) == (2, 6, 1)
    assert template.content[2:6] == b"SS21"
    assert 500 <= len(template.content) <= 1710
    assert server.device.operations[-1].op == ENROL_FINGER
    assert (await client.ask(Command.STATE)).session == 2


@pytest.mark.parametrize(("how", "result"), [("fail", 4), ("duplicate", 5)])
async def test_an_enrolment_that_fails_leaves_no_template(
    start: Start, how: str, result: int
) -> None:
    server = await start(users=3, enrols=how)
    client = await RawClient.connect(server)
    await client.ask(Command.START_ENROL, START)
    events = await outcome(client)
    assert events[-1].data == struct.pack("<H", result)
    assert len(server.device.fingers) == 0


async def test_nobody_comes_until_somebody_does(start: Start) -> None:
    server = await start(users=3, enrols="nobody")
    client = await RawClient.connect(server)
    await client.ask(Command.START_ENROL, START)
    assert await client.hears_nothing(sensor.FIRST + 0.1)
    server.device.lay([Laying.BAD])
    assert [(await client.receive()).data for _ in range(2)] == [b"", b"\0"]
    server.device.lay([Laying.GOOD] * 3)
    assert (await outcome(client))[-1].data[:2] == b"\0\0"
    with pytest.raises(NobodyEnrolsError):
        server.device.lay([Laying.GOOD])


async def test_nobody_ever_comes(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sensor, "PATIENCE", 0.1)
    server = await start(users=3, enrols="nobody")
    client = await RawClient.connect(server)
    await client.ask(Command.START_ENROL, START)
    assert (await outcome(client))[-1].data == struct.pack("<H", 6)
    assert server.device.enrolment is None


async def test_a_canceled_enrolment_goes_no_further(start: Start) -> None:
    server = await start(users=3)
    client = await RawClient.connect(server)
    await client.ask(Command.START_ENROL, START)
    assert (await client.ask(Command.START_ENROL, START)).code == Reply.ERROR, "one at a time"
    assert (await client.ask(Command.CANCEL_CAPTURE)).code == Reply.OK
    assert await client.hears_nothing(sensor.FIRST + 0.1)
    assert len(server.device.fingers) == 0
    assert (await client.ask(Command.START_ENROL, START)).code == Reply.OK


@pytest.mark.parametrize(
    "request_data",
    [b"", START[:-1], struct.pack("<24sBB", b"9", 6, 1), struct.pack("<24sBB", b"1002", 10, 1)],
)
async def test_nobody_and_no_finger_cannot_be_enrolled(start: Start, request_data: bytes) -> None:
    client = await RawClient.connect(await start(users=3))
    assert (await client.ask(Command.START_ENROL, request_data)).code == Reply.ERROR
    assert (await client.ask(Command.STATE)).session == 2


async def test_others_hear_of_it_if_they_registered(start: Start) -> None:
    server = await start(users=3)
    client, curious, indifferent = [await RawClient.connect(server) for _ in range(3)]
    await curious.ask(Command.REGISTER_EVENTS, struct.pack("<I", 0xFFFF))
    await indifferent.ask(Command.REGISTER_EVENTS, struct.pack("<I", 1))
    await client.ask(Command.START_ENROL, START)
    assert len(await outcome(client)) == len(await outcome(curious)) == 7
    assert await indifferent.hears_nothing()
