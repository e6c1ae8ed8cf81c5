"""Whatever comes of a connection, it costs that connection at most, and its neighbours nothing."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.frames import Frame, Opcode

from services.devices.agent.links.reception import crowd
from services.devices.agent.links.timmy import TimmyLink
from tests.component.links.conftest import soon, until
from tests.component.links.dialling import (
    SERIAL,
    House,
    Raw,
    a_device,
    a_log,
    receiving,
    registration,
)

NEIGHBOUR = "AYTE16052143"
LARGEST = 4 << 20

MALFORMED: dict[str, tuple[str | bytes, int]] = {
    "huge": (json.dumps(a_log(note="x" * LARGEST)), 1009),
    "deep": ("[" * 500_000, 1008),
    "deep and whole": ('{"cmd":"sendlog","record":' + "[" * 5_000 + "]" * 5_000 + "}", 1008),
    "truncated": (json.dumps(a_log())[:-20], 1008),
    "NUL": ("\0" + json.dumps(a_log()), 1008),
    "nothing": ("", 1008),
    "a list": ("[]", 1008),
    "a number": ("1", 1008),
    "no name": (json.dumps({"sn": SERIAL}), 1008),
    "a name that is none": ('{"cmd":["sendlog"]}', 1008),
    "two names": ('{"cmd":"sendlog","cmd":"senduser"}', 1008),
    "too many": (json.dumps(a_log(record=[{"enrollid": 1}] * 2_001)), 1008),
    "bytes": (b"\xff\xfe\x00", 1008),
}


async def alone(house: House) -> tuple[Raw, TimmyLink, Raw, TimmyLink]:
    """Return a terminal with its link, and another one with its."""
    raw, link = await house.opened()
    neighbour, other = await house.admitted(NEIGHBOUR), house.link(a_device(NEIGHBOUR))
    await soon(other.open())
    return raw, link, neighbour, other


async def is_served(raw: Raw, link: TimmyLink, index: int = 5) -> None:
    """See that what a terminal hands over is taken and answered."""
    await raw.say(a_log(index))
    assert f'"logindex":{index},'.encode() in await soon(link.event())
    await link.settle(kept=True)
    assert (await raw.hear())["logindex"] == index


@pytest.mark.parametrize("what", MALFORMED)
async def test_a_frame_of_no_form_ends_its_connection_and_loses_nothing(what: str) -> None:
    frame, code = MALFORMED[what]
    async with receiving([a_device(), a_device(NEIGHBOUR)]) as house:
        raw, link, neighbour, other = await alone(house)
        await raw.say(a_log(9))
        await soon(link.event())
        with suppress(ConnectionClosed):  # it may be closed before all of it was sent
            await raw.say(frame)
        told, why = await raw.farewell()
        assert told == code
        assert why
        await until(lambda: link.dead)
        await is_served(neighbour, other)
        again, anew = await house.opened()
        await is_served(again, anew, 9)


async def test_text_that_is_none_ends_its_connection() -> None:
    async with receiving([a_device(), a_device(NEIGHBOUR)]) as house:
        raw, _, neighbour, other = await alone(house)
        protocol: Any = raw.connection.protocol
        protocol.send_frame(Frame(Opcode.TEXT, b'{"cmd":"\xff"}'))
        raw.connection.send_data()
        assert (await raw.farewell())[0] == 1007
        await is_served(neighbour, other)


async def test_a_frame_in_endless_pieces_ends_its_connection() -> None:
    async def pieces() -> Any:
        for _ in range(5_000):
            yield "x"

    async with receiving([a_device(), a_device(NEIGHBOUR)]) as house:
        raw, _, neighbour, other = await alone(house)
        with suppress(ConnectionClosed):
            await raw.connection.send(pieces())
        assert (await raw.farewell())[0] == 1009
        await is_served(neighbour, other)


async def test_who_is_not_admitted_yet_may_not_say_much() -> None:
    async with receiving([a_device()]) as house:
        raw = await house.dial()
        await raw.say(json.dumps(registration(note="x" * 70_000)))
        assert (await raw.farewell())[0] == 1009


async def test_what_comes_under_another_serial_number_is_not_believed() -> None:
    async with receiving([a_device(), a_device(NEIGHBOUR)]) as house:
        raw, link, neighbour, other = await alone(house)
        await raw.say(a_log(sn=NEIGHBOUR))
        assert await raw.hear() == {"ret": "sendlog", "result": False, "reason": 1}
        assert (await raw.registered(NEIGHBOUR))["result"] is False
        await is_served(raw, link)
        await is_served(neighbour, other)


@pytest.mark.parametrize(
    "frame",
    [{"ret": "gettime", "time": "2026-05-01 08:00:00"}, a_log(sn=NEIGHBOUR)],
    ids=["answers to nothing", "another's records"],
)
async def test_a_flood_of_frames_of_no_use_ends_its_connection(frame: dict[str, Any]) -> None:
    async with receiving([a_device(), a_device(NEIGHBOUR)]) as house:
        raw, link, neighbour, other = await alone(house)
        flood = json.dumps(frame)
        for _ in range(30):
            await raw.say(flood)
        await until(lambda: link.dead)
        await is_served(neighbour, other)


async def test_who_asks_without_end_and_takes_in_nothing_is_cut_off(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(crowd, "_UNREAD_BYTES", 1 << 16)

    def pings() -> Iterator[None]:
        while raw.is_open:
            raw.connection.protocol.send_ping(b"x" * 125)
            raw.connection.send_data()
            yield

    async with receiving([a_device(), a_device(NEIGHBOUR)]) as house:
        raw, link, neighbour, other = await alone(house)
        raw.freeze()
        for number, _ in enumerate(pings()):
            if number % 100 == 0:
                await asyncio.sleep(0)
            if link.dead:
                break
        assert link.dead
        await is_served(neighbour, other)
