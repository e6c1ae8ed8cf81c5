"""The door of a terminal that dialled in opens in time or not at all; see also ``test_unlock``."""

from __future__ import annotations

import pytest

from services.devices.agent.links import tcp, wire
from services.devices.agent.links.wire import SPARE_SECONDS
from shared.contracts.errors import Code
from tests.component.links.cable import pulled_wires
from tests.component.links.conftest import CLOCK, failure_of, soon, until
from tests.component.links.dialling import TIME, a_device, a_log, receiving, task

PERMIT = 5.0


async def test_a_door_is_unlocked() -> None:
    async with receiving([a_device()]) as house:
        raw, link = await house.opened()
        unlocking = task(link.unlock(5, CLOCK.boottime() + PERMIT))
        assert await raw.asked("opendoor") == {"cmd": "opendoor"}
        await raw.say({"ret": "opendoor", "result": True})
        await soon(unlocking)
        assert not link.dead


async def test_a_terminal_that_says_no_is_heard() -> None:
    async with receiving([a_device()]) as house:
        raw, link = await house.opened()
        unlocking = task(link.unlock(5, CLOCK.boottime() + PERMIT))
        await raw.asked("opendoor")
        await raw.say({"ret": "opendoor", "result": False, "reason": 1})
        assert (await failure_of(unlocking)).code == Code.DEVICE_ERROR
        assert not link.dead


@pytest.mark.parametrize("left", [-0.001, SPARE_SECONDS - 0.1])
async def test_it_is_not_sent_when_it_might_come_late(left: float) -> None:
    async with receiving([a_device()]) as house:
        raw, link = await house.opened()
        error = await failure_of(link.unlock(5, CLOCK.boottime() + left))
        assert error.code == Code.UNLOCK_EXPIRED
        asking = task(link.clock())
        await raw.asked("gettime")
        await raw.say(TIME)
        assert await soon(asking) is not None, "the connection is still good"
        unlocking = task(link.unlock(5, CLOCK.boottime() + PERMIT))
        await raw.asked("opendoor")
        await raw.say({"ret": "opendoor", "result": True})
        await soon(unlocking)


async def test_control_without_the_look_at_the_clock_it_is_sent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tcp, "time_left", lambda *_: PERMIT)
    async with receiving([a_device()]) as house:
        raw, link = await house.opened()
        unlocking = task(link.unlock(5, CLOCK.boottime() - 0.001))
        await raw.asked("opendoor")
        assert (await failure_of(unlocking)).code == Code.UNLOCK_UNKNOWN


async def test_it_waits_for_its_turn_no_longer_than_makes_sense() -> None:
    async with receiving([a_device()]) as house:
        raw, link = await house.opened()
        asking = task(link.clock())
        await raw.asked("gettime")
        error = await failure_of(link.unlock(5, CLOCK.boottime() + SPARE_SECONDS + 0.1))
        assert error.code == Code.DEVICE_BUSY
        await raw.say(TIME)
        await soon(asking)
        unlocking = task(link.unlock(5, CLOCK.boottime() + PERMIT))
        await raw.asked("opendoor")
        await raw.say({"ret": "opendoor", "result": True})
        await soon(unlocking)


async def test_without_an_answer_it_is_unknown_and_broken_off() -> None:
    async with receiving([a_device()]) as house:
        raw, link = await house.opened()
        deadline = CLOCK.boottime() + SPARE_SECONDS + 0.3
        unlocking = task(link.unlock(5, deadline))
        await raw.asked("opendoor")
        error = await failure_of(unlocking)
        assert error.code == Code.UNLOCK_UNKNOWN
        assert CLOCK.boottime() < deadline + 1.5
        assert link.dead
        assert await raw.farewell() == (None, ""), "it was reset"


async def test_it_is_not_sent_behind_what_is_not_taken_in() -> None:
    async with receiving([a_device()]) as house:
        raw, link = await house.opened()
        raw.freeze()
        transport = link._here.visit._guest.transport
        while not transport.get_write_buffer_size():
            transport.write(bytes(1 << 20))
        error = await failure_of(link.unlock(5, CLOCK.boottime() + PERMIT))
        assert error.code == Code.UNLOCK_EXPIRED


@pytest.mark.parametrize("guarded", [True, False], ids=["guarded", "control"])
async def test_nothing_arrives_late_at_a_terminal_whose_network_is_gone(
    monkeypatch: pytest.MonkeyPatch, *, guarded: bool
) -> None:
    """Neither by this process, nor by the kernel for one that is frozen and breaks off nothing."""
    # The kernel's next try comes ever later: a shorter spare, and the control need not wait long.
    monkeypatch.setattr(wire, "SPARE_SECONDS", 1.0)
    monkeypatch.setattr(tcp, "abort", lambda _: None)
    if not guarded:
        monkeypatch.setattr(tcp, "hasten", lambda *_: None)
    async with receiving([a_device()]) as house:
        raw, link = await house.opened()
        deadline = CLOCK.boottime() + 1.2
        async with pulled_wires({raw.wire}):
            error = await failure_of(link.unlock(5, deadline))
            assert error.code == Code.UNLOCK_UNKNOWN
            await until(lambda: CLOCK.boottime() > deadline)
        if guarded:
            await raw.say(a_log())  # to which the kernel answers that there is no such connection
            assert await raw.farewell() == (None, "")
        else:
            await raw.asked("opendoor")
