"""A link to a terminal that dialled in: what it hands over, what it is asked, how it is lost."""

from __future__ import annotations

import pytest

from services.devices.agent.links.reception import commands, reception
from services.devices.drivers.timmy.protocol.procedure import Ask
from shared.contracts.actions import ReadTime
from shared.contracts.errors import Code
from tests.component.links.conftest import failure_of, soon, tell_nobody, until
from tests.component.links.dialling import (
    MAC,
    SERIAL,
    TIME,
    a_device,
    a_log,
    receiving,
    task,
)

# ── it dials in ──────────────────────────────────────────────────────────────


async def test_a_link_opens_when_the_terminal_dials_in() -> None:
    async with receiving([a_device()]) as house:
        opening = task(house.link().open())
        await house.admitted(SERIAL.lower())
        greeting = await soon(opening)
        assert greeting.serial == SERIAL
        assert greeting.firmware == "ai518_v1.29"
        assert greeting.address == "127.0.0.1"
        assert greeting.hardware.mac == MAC


async def test_a_terminal_that_does_not_dial_in_is_offline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reception, "_ARRIVAL_SECONDS", 0.05)
    async with receiving([a_device()]) as house:
        link = house.link()
        assert (await failure_of(link.open())).code == Code.DEVICE_OFFLINE
        assert link.dead
        assert (await failure_of(link.clock())).code == Code.DEVICE_OFFLINE


async def test_a_link_that_is_closed_lets_the_terminal_dial_in_anew() -> None:
    async with receiving([a_device()]) as house:
        raw, link = await house.opened()
        waiting = task(link.event())
        await link.close()
        assert (await raw.farewell())[0] == 1000
        assert (await failure_of(waiting)).code == Code.DEVICE_OFFLINE
        await house.opened()


# ── what it hands over ───────────────────────────────────────────────────────


async def test_what_it_hands_over_is_answered_only_when_it_is_kept() -> None:
    async with receiving([a_device()]) as house:
        raw, link = await house.opened()
        await raw.say(a_log(118))
        assert b'"logindex":118' in await soon(link.event())
        answering = task(raw.hear())
        assert await soon(await raw.connection.ping()) is not None, "it is heard"
        assert not answering.done()
        await link.settle(kept=True)
        answer = await soon(answering)
        assert answer["result"] is True
        assert (answer["count"], answer["logindex"]) == (1, 118)
        assert "access" not in answer


async def test_what_is_not_kept_stays_with_the_terminal() -> None:
    async with receiving([a_device()]) as house:
        raw, link = await house.opened()
        for kept in (False, True):
            await raw.say(a_log(7))
            await soon(link.event())
            await link.settle(kept=kept)
            answer = await raw.hear()
            assert answer["result"] is kept


async def test_what_comes_before_there_is_a_link_waits_for_it() -> None:
    async with receiving([a_device()]) as house:
        raw = await house.admitted()
        await raw.say(a_log(1))
        link = house.link()
        await soon(link.open())
        assert b'"logindex":1,' in await soon(link.event())


async def test_not_more_is_taken_in_than_is_settled() -> None:
    async with receiving([a_device()]) as house:
        raw, link = await house.opened()

        async def say_all() -> None:
            for index in range(10):
                await raw.say(a_log(index, note="x" * 3_000_000))

        saying = task(say_all())
        for index in range(10):
            body = await soon(link.event())
            assert f'"logindex":{index},'.encode() in body
            assert index or not saying.done()
            await link.settle(kept=True)
            assert (await raw.hear())["logindex"] == index
        await soon(saying)


async def test_an_answer_behind_what_is_not_settled_yet_is_heard() -> None:
    async with receiving([a_device()]) as house:
        raw, link = await house.opened()
        asking = task(link.clock())
        await raw.asked("gettime")
        await raw.say(a_log())
        await raw.say(TIME)
        assert await soon(asking) == "2026-05-01T08:00:00"
        await soon(link.event())
        await link.settle(kept=True)
        assert (await raw.hear())["ret"] == "sendlog"


async def test_settling_for_a_terminal_that_is_gone_is_nothing() -> None:
    async with receiving([a_device()]) as house:
        raw, link = await house.opened()
        await raw.say(a_log())
        await soon(link.event())
        raw.connection.transport.abort()
        await until(lambda: link.dead)
        await link.settle(kept=True)
        assert (await failure_of(link.event())).code == Code.DEVICE_OFFLINE


# ── what it is asked ─────────────────────────────────────────────────────────


async def test_what_it_says_is_shown_without_what_people_are_known_by() -> None:
    async with receiving([a_device()]) as house:
        raw, link = await house.opened()
        asking = task(link.do(ReadTime(), tell_nobody))
        await raw.asked("gettime")
        await raw.say({**TIME, "record": "c5ab", "sn": SERIAL})
        await soon(asking)
        assert link.said is not None
        assert link.said["time"] == TIME["time"]
        assert "c5ab" not in str(link.said)


async def test_an_answer_that_comes_late_is_not_taken_for_the_next_one() -> None:
    async with receiving([a_device()]) as house:
        raw, link = await house.opened()
        asked = link._here.visit.commands
        late = task(asked.exchange(Ask({"cmd": "gettime"}), 0.05))
        await raw.asked("gettime")
        assert (await failure_of(late)).code == Code.DEVICE_NO_ANSWER
        assert not link.dead, "it may only have been slow"
        asking = task(link.clock())
        await raw.say({"ret": "gettime", "time": "2001-01-01 00:00:00"})
        await raw.asked("gettime")
        await raw.say(TIME)
        assert await soon(asking) == "2026-05-01T08:00:00"


async def test_an_answer_that_never_comes_is_not_waited_for_forever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(commands, "LATE_SECONDS", 0.1)
    async with receiving([a_device()]) as house:
        raw, link = await house.opened()
        asked = link._here.visit.commands
        await failure_of(asked.exchange(Ask({"cmd": "gettime"}), 0.05))
        await raw.asked("gettime")
        asking = task(link.clock())
        await raw.asked("gettime")
        await raw.say(TIME)
        assert await soon(asking) == "2026-05-01T08:00:00"


async def test_a_terminal_that_is_lost_while_it_is_asked_is_offline() -> None:
    async with receiving([a_device()]) as house:
        raw, link = await house.opened()
        asking = task(link.clock())
        await raw.asked("gettime")
        raw.connection.transport.abort()
        assert (await failure_of(asking)).code == Code.DEVICE_OFFLINE
        assert link.dead


async def test_one_command_is_in_flight_at_a_time() -> None:
    async with receiving([a_device()]) as house:
        raw, link = await house.opened()
        asking = [task(link.clock()) for _ in range(3)]
        for each in asking:
            await raw.asked("gettime")
            assert not each.done()
            await raw.say(TIME)
            await soon(each)


# ── whether it is there ──────────────────────────────────────────────────────


async def test_a_terminal_that_answers_pings_and_hangs_is_noticed_within_15_s() -> None:
    async with receiving([a_device()]) as house:
        raw, link = await house.opened()
        hearing = task(raw.hear())
        house.clock.ahead = 7.5
        await until(lambda: link._here.visit.pulse.answers_pings)
        raw.freeze()
        pings = link._here.visit.pulse._pinged
        house.clock.ahead += 10.0
        await until(lambda: link._here.visit.pulse._pinged > pings)
        assert not link.dead
        house.clock.ahead += 5.5
        await until(lambda: link.dead)
        assert (await failure_of(link.event())).code == Code.DEVICE_OFFLINE
        hearing.cancel()


async def test_a_terminal_that_answers_no_ping_is_asked_for_its_time() -> None:
    async with receiving([a_device()]) as house:
        raw, link = await house.opened()
        raw.ignore_pings()
        for _ in range(4):
            house.clock.ahead += 31.0
            await raw.asked("gettime")
            await raw.say(TIME)
            await until(lambda: not link._here.visit.commands.turn.locked())
        assert not link.dead
        house.clock.ahead += 121.0
        await until(lambda: link.dead)
