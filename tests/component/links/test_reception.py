"""Who is let in, who is turned away, and what either is told."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from websockets.exceptions import InvalidStatus

from services.devices.agent.links.reception import reception, strangers, visit
from shared.contracts.agents import RosterDevice
from shared.contracts.errors import Code
from shared.contracts.readings import Hardware
from tests.component.links.conftest import CLOCK, ZONE, soon, until
from tests.component.links.dialling import (
    MAC,
    SERIAL,
    a_device,
    a_log,
    receiving,
    registration,
)

TOKEN = "0f" * 16
OWN_PATH = f"/d/{TOKEN}/pub/chat"


def with_token() -> RosterDevice:
    return a_device(path_digests=(sha256(TOKEN.encode()).hexdigest(),))


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A reason need not stand on a screen for long here."""
    monkeypatch.setattr(strangers, "_SHOW_SECONDS", 0.01)
    monkeypatch.setattr(visit, "_SIGN_SECONDS", 0.3)


@pytest.mark.parametrize("path", ["/pub/chat", "/pub/chat/", "/", "/ws", "/ws/", OWN_PATH])
async def test_a_terminal_of_the_roster_is_let_in_and_told_the_local_time(path: str) -> None:
    async with receiving([a_device(SERIAL.lower())]) as house:
        answer = await (await house.dial(path)).registered()
        assert answer["ret"] == "reg"
        assert answer["result"] is True
        told = datetime.strptime(answer["cloudtime"], "%Y-%m-%d %H:%M:%S")  # noqa: DTZ007 - it has none
        local = CLOCK.now().astimezone(ZoneInfo(ZONE)).replace(tzinfo=None)
        assert abs(told - local) < timedelta(seconds=5)
        assert house.sightings == []


@pytest.mark.parametrize("path", ["/pub", "/pub/chat/x", "/d/short/pub/chat", "/iclock/cdata?SN=1"])
async def test_elsewhere_nobody_is_heard(path: str) -> None:
    async with receiving([a_device()]) as house:
        with pytest.raises(InvalidStatus) as refused:
            await house.dial(path)
        assert refused.value.response.status_code == 404
        assert b"/pub/chat" in (refused.value.response.body or b"")


async def test_a_token_stands_in_no_log(
    capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    async with receiving([a_device()]) as house:
        with pytest.raises(InvalidStatus):
            await house.dial(f"/d/{TOKEN}/chat")
        await (await house.dial(OWN_PATH)).registered("UNKNOWN1")
        assert [each.path for each in house.sightings] == ["/d/***/pub/chat"]
    assert TOKEN not in caplog.text + "".join(capsys.readouterr())


async def test_an_unknown_terminal_is_shown_why_and_told_of() -> None:
    async with receiving([a_device()]) as house:
        raw = await house.dial("/ws")
        answer = await raw.registered("AYTE16052143")
        assert answer == {"ret": "reg", "result": False, "reason": "waiting for approval"}
        await raw.say(a_log())
        assert await raw.farewell() == (1008, "waiting for approval")
        (sighting,) = house.sightings
        assert sighting[:3] == ("AYTE16052143", "127.0.0.1", "/ws")
        assert sighting.hardware.mac == MAC
        assert sighting.reason == "unknown"


async def test_a_terminal_is_told_of_every_half_minute_at_most() -> None:
    async with receiving([]) as house:
        for _ in range(3):
            await (await house.dial()).registered()
        assert len(house.sightings) == 1
        house.clock.ahead = 31.0
        await (await house.dial()).registered()
        await until(lambda: len(house.sightings) == 2)


async def test_strangers_of_an_address_are_limited_and_nobody_else() -> None:
    async with receiving([a_device()]) as house:
        for number in range(10):
            answer = await (await house.dial()).registered(f"UNKNOWN{number}")
            assert answer["result"] is False
        raw = await house.dial()
        await raw.say(registration("UNKNOWN10"))
        assert await raw.farewell() == (1008, "too many attempts from this address")
        assert len(house.sightings) == 10
        await house.admitted()
        house.clock.ahead = 61.0
        assert (await (await house.dial()).registered("UNKNOWN10"))["result"] is False


@pytest.mark.parametrize(
    "first",
    [
        a_log(sn=SERIAL),
        {"ret": "reg", "result": True},
        {"cmd": "reg"},
        {"cmd": "reg", "sn": "../etc"},
        "<Request>x</Request>",
        "no json",
        b"\x00\x01",
    ],
    ids=str,
)
async def test_who_does_not_say_who_it_is_is_not_heard(first: Any) -> None:
    async with receiving([a_device()]) as house:
        raw = await house.dial()
        await raw.say(first)
        if isinstance(first, dict) and "cmd" in first:
            assert (await raw.hear())["result"] is False
        code, why = await raw.farewell()
        assert code == 1008
        assert why
        assert house.sightings == []


async def test_who_says_nothing_has_to_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reception, "_REGISTRATION_SECONDS", 0.1)
    async with receiving([a_device()]) as house:
        code, _ = await (await house.dial()).farewell()
        assert code == 1008


async def test_a_connection_that_never_asks_for_anything_has_to_go(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(reception._SETTINGS, "open_timeout", 0.1)
    async with receiving([a_device()]) as house:
        reader, writer = await asyncio.open_connection("127.0.0.1", house.reception.port)
        writer.write(b"GET /pub/chat HTTP/1.1\r\nHost:")
        assert await soon(reader.read()) == b""
        writer.close()
        await house.admitted()


# ── paths of their own ───────────────────────────────────────────────────────


@pytest.mark.parametrize("path", ["/pub/chat", f"/d/{'00' * 16}/pub/chat"])
async def test_without_its_token_a_terminal_is_as_unknown(path: str) -> None:
    async with receiving([with_token()]) as house:
        answer = await (await house.dial(path)).registered()
        assert answer["reason"] == "waiting for approval"
        assert [each.reason for each in house.sightings] == ["unknown"]
        await house.admitted(path=OWN_PATH)


async def test_two_tokens_are_good_while_one_takes_over() -> None:
    digests = tuple(sha256(each.encode()).hexdigest() for each in ("ab" * 16, TOKEN))
    async with receiving([a_device(path_digests=digests)]) as house:
        await house.admitted(path=OWN_PATH)


# ── its body ─────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("pinned", [Hardware(mac="other"), Hardware(processor="1", mac=MAC)])
async def test_another_body_is_not_served(pinned: Hardware) -> None:
    async with receiving([a_device(hardware=pinned)]) as house:
        for _ in range(2):
            answer = await (await house.dial()).registered()
            assert answer["reason"] == "another terminal has this serial number"
        assert [each.reason for each in house.sightings] == ["hardware_changed"]
        assert house.troubles == [(SERIAL, Code.HARDWARE_CHANGED)]


@pytest.mark.parametrize(
    "pinned", [Hardware(), Hardware(mac="00:01:f5:00:00:01"), Hardware(model="x", firmware="y")]
)
async def test_the_same_body_is_served_however_it_is_spelled(pinned: Hardware) -> None:
    async with receiving([a_device(hardware=pinned)]) as house:
        await house.admitted()


async def test_a_body_that_changes_meanwhile_is_let_go() -> None:
    async with receiving([a_device(hardware=Hardware(mac=MAC))]) as house:
        raw = await house.admitted()
        assert (await raw.registered())["result"] is True, "saying it again is a sign of life"
        answer = await raw.registered(devinfo={"mac": "other"})
        assert answer["result"] is False
        assert (await raw.farewell())[0] == 1008


# ── the roster ───────────────────────────────────────────────────────────────


async def test_a_device_that_is_removed_is_let_go() -> None:
    other = "AYTE16052143"
    async with receiving([a_device(), a_device(other)]) as house:
        one, two = await house.admitted(), await house.admitted(other)
        house.reception.expect([a_device(other)])
        assert (await one.farewell())[0] == 1008
        assert (await two.registered(other))["result"] is True


async def test_a_device_gets_a_path_of_its_own_and_must_come_by_it() -> None:
    async with receiving([a_device()]) as house:
        raw = await house.admitted()
        house.reception.expect([with_token()])
        assert (await raw.farewell())[0] == 1008
