"""Two connections under one serial number, and more connections than there is room for."""

from __future__ import annotations

import asyncio

import pytest

from services.devices.agent.links.reception import reception, strangers, visit
from shared.contracts.errors import Code
from tests.component.links.conftest import soon
from tests.component.links.dialling import SERIAL, TIME, a_device, receiving, registration


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is waited for for long here."""
    monkeypatch.setattr(strangers, "_SHOW_SECONDS", 0.01)
    monkeypatch.setattr(visit, "_SIGN_SECONDS", 0.3)


async def test_while_one_is_there_no_other_takes_its_place() -> None:
    async with receiving([a_device()]) as house:
        raw, link = await house.opened()
        rival = await house.dial()
        await rival.say(registration())
        # It answers no ping unless it reads; and one that reads answers by itself.
        hearing = asyncio.ensure_future(raw.hear())
        assert (await rival.hear())["reason"] == "connected already"
        await rival.farewell()
        hearing.cancel()
        assert not link.dead


async def test_one_that_is_gone_makes_place_for_the_newer() -> None:
    async with receiving([a_device()]) as house:
        raw, link = await house.opened()
        raw.freeze()
        await house.admitted()
        assert link.dead
        newer = house.link()
        await soon(newer.open())
        assert not newer.dead


async def test_one_that_answers_no_ping_is_asked_for_its_time() -> None:
    async with receiving([a_device()]) as house:
        raw, link = await house.opened()
        raw.ignore_pings()
        rival = await house.dial()
        await rival.say(registration())
        await raw.asked("gettime")
        await raw.say(TIME)
        assert (await rival.hear())["reason"] == "connected already"
        assert not link.dead


async def test_two_that_meet_again_and_again_are_both_not_served() -> None:
    async with receiving([a_device()]) as house:
        raw = await house.admitted()
        for _ in range(5):
            rival = await house.dial()
            assert (await rival.registered())["reason"] == "connected already"
        answer = await (await house.dial()).registered()
        assert answer["reason"] == "two terminals have this serial number"
        assert (await raw.farewell())[0] == 1008
        assert house.troubles == [(SERIAL, Code.SERIAL_CLONED)]
        again = await (await house.dial()).registered()
        assert again["reason"] == "two terminals have this serial number"
        assert house.troubles == [(SERIAL, Code.SERIAL_CLONED)]
        house.clock.ahead = 301.0
        await house.admitted()


# ── room ─────────────────────────────────────────────────────────────────────


async def test_strangers_make_room_for_those_who_come_and_never_those_who_are_served(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reception, "_CONNECTIONS", 3)
    async with receiving([a_device()]) as house:
        served = await house.admitted()
        idle = [await house.dial() for _ in range(4)]
        for each in idle[:2]:
            assert await each.farewell() == (None, "")
        assert all(each.is_open for each in idle[2:])
        assert (await served.registered())["result"] is True
