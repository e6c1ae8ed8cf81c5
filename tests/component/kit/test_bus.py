"""The traps of the broker's clients, each against a real server."""

from __future__ import annotations

import asyncio

import nats.errors
import nats.js.errors
import pytest

from shared.contracts import catalog, subjects
from shared.contracts.agents import AskPermit, Permit, RosterChanged
from shared.contracts.operations import Outcome
from shared.contracts.streams import DLQ, OUTCOME, PEOPLE, RECORDED
from shared.kit import rpc
from shared.kit.bus import PUBLISH_SECONDS, Bus
from shared.kit.denials import PublishDeniedError
from shared.kit.errors import MusterError
from shared.kit.settings import Settings
from tests.component.kit.outcomes import DEVICES, MakeBus, an_outcome, say
from tests.conftest import Platform

SECONDS = 30.0


async def test_a_denied_publish_is_a_denial_and_not_a_timeout(
    clean: Platform, bus_of: MakeBus
) -> None:
    bus = await bus_of("agent-hq")
    began = asyncio.get_running_loop().time()
    with pytest.raises(PublishDeniedError, match="recorded"):
        await bus.publish(RECORDED, subjects.punch_recorded("hq", 1), b"{}", message_id="1")
    assert asyncio.get_running_loop().time() - began < PUBLISH_SECONDS - 1


async def test_a_handler_that_fails_gets_its_message_again(
    clean: Platform, bus_of: MakeBus
) -> None:
    agent, devices = await bus_of("agent-hq"), await bus_of("devices")
    seen: asyncio.Queue[Outcome] = asyncio.Queue()
    tries = 0

    async def handle(_: str, outcome: Outcome) -> None:
        nonlocal tries
        tries += 1
        if tries < 3:
            raise TimeoutError
        seen.put_nowait(outcome)

    devices.on_event(OUTCOME, DEVICES, Outcome, handle)
    await devices.start()
    outcome = an_outcome()
    await say(agent, outcome)
    assert await asyncio.wait_for(seen.get(), SECONDS) == outcome
    assert tries == 3


async def test_a_body_that_is_no_message_becomes_a_dead_letter_and_the_rest_flows(
    clean: Platform, bus_of: MakeBus
) -> None:
    agent, devices = await bus_of("agent-hq"), await bus_of("devices")
    provisioner = await bus_of("provisioner")
    seen: asyncio.Queue[Outcome] = asyncio.Queue()

    async def handle(_: str, outcome: Outcome) -> None:
        seen.put_nowait(outcome)

    devices.on_event(OUTCOME, DEVICES, Outcome, handle)
    await devices.start()
    for number, body in enumerate((b"{bad json", b"\xff\xfe", b"[]", b"{}")):
        await agent.publish(OUTCOME, subjects.outcome("hq", 1), body, message_id=f"bad{number}")
    outcome = an_outcome()
    await say(agent, outcome)
    assert await asyncio.wait_for(seen.get(), SECONDS) == outcome
    info = await provisioner.js.stream_info(DLQ.name)
    assert info.state.messages == 4
    letter = await provisioner.js.get_last_msg(DLQ.name, subjects.dead_letter("OUTCOME", "devices"))
    assert letter.headers is not None
    assert letter.headers["muster-subject"] == subjects.outcome("hq", 1)


async def test_a_deleted_consumer_is_survived_without_a_spin(
    clean: Platform, bus_of: MakeBus
) -> None:
    agent, devices = await bus_of("agent-hq"), await bus_of("devices")
    provisioner = await bus_of("provisioner")
    seen: asyncio.Queue[Outcome] = asyncio.Queue()

    async def handle(_: str, outcome: Outcome) -> None:
        seen.put_nowait(outcome)

    devices.on_event(OUTCOME, DEVICES, Outcome, handle)
    await devices.start()
    await provisioner.js.delete_consumer(OUTCOME.name, DEVICES.durable)
    await clean.servers.provision()
    outcome = an_outcome()
    await say(agent, outcome)
    assert await asyncio.wait_for(seen.get(), SECONDS) == outcome


async def test_a_repeated_message_id_is_stored_once(clean: Platform, bus_of: MakeBus) -> None:
    devices, provisioner = await bus_of("devices"), await bus_of("provisioner")
    for _ in range(3):
        await devices.publish(PEOPLE, subjects.people_read("hq", 1), b"{}", message_id="same")
    assert (await provisioner.js.stream_info(PEOPLE.name)).state.messages == 1


async def test_a_publish_that_another_stream_takes_is_an_error(
    clean: Platform, bus_of: MakeBus
) -> None:
    agent = await bus_of("agent-hq")
    with pytest.raises(nats.js.errors.APIError, match="expected stream"):
        await agent.publish(PEOPLE, subjects.punch_read("hq", 1), b"{}", message_id="1")


async def test_the_bus_comes_back_with_its_broker(clean: Platform, bus_of: MakeBus) -> None:
    agent, devices = await bus_of("agent-hq"), await bus_of("devices")
    seen: asyncio.Queue[Outcome] = asyncio.Queue()

    async def handle(_: str, outcome: Outcome) -> None:
        seen.put_nowait(outcome)

    devices.on_event(OUTCOME, DEVICES, Outcome, handle)
    await devices.start()
    checked = asyncio.Event()

    async def check() -> None:
        checked.set()

    watching = asyncio.ensure_future(devices.watch(check))
    await clean.servers.nats.kill()
    assert not agent.connected or not await _still(agent)
    await clean.servers.nats.start()
    await asyncio.wait_for(checked.wait(), SECONDS)
    outcome = an_outcome()
    async with asyncio.timeout(SECONDS):
        while not agent.connected:
            await asyncio.sleep(0.05)
    await say(agent, outcome)
    assert await asyncio.wait_for(seen.get(), SECONDS) == outcome
    watching.cancel()


async def _still(bus: Bus) -> bool:
    async with asyncio.timeout(SECONDS):
        while bus.connected:
            await asyncio.sleep(0.05)
    return bus.connected


async def test_the_first_connect_waits_for_a_broker_that_is_down(clean: Platform) -> None:
    await clean.servers.nats.stop()
    bus = Bus("devices", clean.settings(Settings, "devices"))
    connecting = asyncio.ensure_future(bus.connect())
    done, _ = await asyncio.wait({connecting}, timeout=1.0)
    assert not done
    await clean.servers.nats.start()
    await asyncio.wait_for(connecting, SECONDS)
    assert bus.connected
    await bus.stop()


async def test_a_question_nobody_answers_fails_at_once(clean: Platform, bus_of: MakeBus) -> None:
    devices = await bus_of("devices")
    began = asyncio.get_running_loop().time()
    with pytest.raises(MusterError) as failure:
        await rpc.ask(
            devices,
            catalog.PERMIT,
            AskPermit(device_id=1),
            Permit,
            subject=subjects.control("hq", 1, "permit"),
        )
    assert failure.value.problem.code == "NO_AGENT"
    assert asyncio.get_running_loop().time() - began < rpc.ANSWER_SECONDS - 1


async def test_a_handler_that_raises_is_an_answer_too(clean: Platform, bus_of: MakeBus) -> None:
    devices, agent = await bus_of("devices"), await bus_of("agent-hq")

    async def defect(_: str, __: AskPermit) -> Permit:
        msg = "secret detail of the defect"
        raise RuntimeError(msg)

    subject = subjects.control("hq", subjects.ANY, "permit")
    rpc.answer_at(agent, catalog.PERMIT, subject, AskPermit, defect)
    await agent.start()
    with pytest.raises(MusterError) as failure:
        await rpc.ask(
            devices,
            catalog.PERMIT,
            AskPermit(device_id=1),
            Permit,
            subject=subjects.control("hq", 1, "permit"),
        )
    assert failure.value.problem.code == "INTERNAL_ERROR"
    assert "secret detail" not in failure.value.problem.details


async def test_what_is_said_reaches_whoever_listens(clean: Platform, bus_of: MakeBus) -> None:
    devices, agent = await bus_of("devices"), await bus_of("agent-hq")
    heard: asyncio.Queue[str] = asyncio.Queue()

    async def hear(subject: str, message: RosterChanged) -> None:
        heard.put_nowait(f"{subject} {message.site}")

    agent.on_message(subjects.roster_changed("hq"), RosterChanged, hear)
    await agent.start()
    await devices.say(subjects.roster_changed("hq"), RosterChanged(site="hq"))
    assert await asyncio.wait_for(heard.get(), SECONDS) == "evt.hq.device.roster.v1.changed hq"
