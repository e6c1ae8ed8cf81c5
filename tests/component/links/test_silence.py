"""A device that falls silent is given up within seconds, wherever it does."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import pytest

from services.devices.drivers.base import DeviceError
from services.devices.simulators.faults import Fault
from services.devices.simulators.zk import commands, outgoing
from services.devices.simulators.zk.codes import Command
from shared.contracts.actions import PutUser, ReadInfo
from shared.contracts.errors import Code
from tests.component.links.conftest import WAYS, Site, Way, failure_of, read, tell_nobody

NATIVE = WAYS["native-tcp"]


async def test_a_silent_device_is_given_up_in_time(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outgoing, "_SLOW_PIECE", 1)

    async def at_connecting(way: Way, fault: Fault) -> DeviceError:
        server = await site.terminal()
        await server.set_fault(fault)
        return await failure_of(site.link(server, way).open())

    async def at_asking(way: Way, fault: Fault) -> DeviceError:
        server = await site.terminal()
        link = await site.opened(server, way)
        await server.set_fault(fault)
        error = await failure_of(link.clock())
        assert link.dead
        return error

    async def at_reading(way: Way, fault: Fault) -> DeviceError:
        server = await site.terminal(records=3000)
        link = await site.opened(server, way)
        await server.set_fault(fault, after=30_000)
        error = await failure_of(read(link))
        assert link.dead
        return error

    moments = (
        (at_connecting, Fault.HANG),
        (at_connecting, Fault.GARBLED),
        (at_asking, Fault.HANG),
        (at_asking, Fault.GARBLED),
        (at_reading, Fault.HANG),
        (at_reading, Fault.STALL),
    )
    errors = await asyncio.gather(
        *(moment(way, fault) for moment, fault in moments for way in WAYS.values()),
        # Never silent for long, and never done.
        at_reading(NATIVE, Fault.SLOW),
    )
    assert {error.code for error in errors} == {Code.DEVICE_NO_ANSWER}


async def test_a_lost_answer_over_udp_doubles_no_effect(
    site: Site, asked: Counter[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    def lose_an_answer(command: Command) -> None:
        handler = commands._HANDLERS[command]

        def handle(session: Any, request: Any) -> list[Any]:
            answer = handler(session, request)
            return answer if asked[command] > 1 else []

        monkeypatch.setitem(commands._HANDLERS, command, handle)

    server = await site.terminal()
    link = await site.opened(server, WAYS["native-udp"])
    asked.clear()
    lose_an_answer(Command.GET_TIME)
    await link.do(ReadInfo(), tell_nobody)
    assert asked[Command.GET_TIME] == 2, "what only reads is asked again"
    lose_an_answer(Command.USER_WRITE)
    error = await failure_of(link.do(PutUser(user_id="7", create=True), tell_nobody))
    assert error.code == Code.DEVICE_NO_ANSWER
    assert asked[Command.USER_WRITE] == 1, "what has an effect is not"
