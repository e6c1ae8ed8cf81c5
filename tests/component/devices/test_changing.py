"""Devices changed: reached first if need be."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from shared.contracts import subjects
from shared.contracts.actions import ReadInfo
from shared.contracts.agents import Probe, RosterChanged
from shared.contracts.devices import Device
from shared.contracts.errors import Code
from shared.kit.errors import MusterError
from tests.component.devices.conftest import Agent, Running, fails
from tests.conftest import OTHER_OWNER

# ── how it is spoken to ──────────────────────────────────────────────────────


WIRE: dict[str, Any] = {
    "driver": "pyzk",
    "transport": "udp",
    "encoding": "cp1256",
    "unlock_factor": 1,
    "log_layout": "16",
}


async def test_how_a_device_is_spoken_to_is_probed_kept_shown_and_told(
    registry: Running, agent: Agent
) -> None:
    device = await registry.register("10.0.0.1", **WIRE)
    (_, probe) = agent.asked[0]
    plain = await registry.register("10.0.0.2")
    for each in (probe, device, (await agent.roster()).devices[0]):
        assert {name: getattr(each, name) for name in WIRE} == WIRE
    assert (plain.driver, plain.encoding) == ("native", "utf-8")


async def test_a_device_of_the_first_version_is_spoken_to_as_by_default(
    registry: Running, agent: Agent
) -> None:
    device = await registry.register("10.0.0.1", **WIRE)
    await registry.rows("update devices set wire = default returning 1")
    assert (await registry.get(device)).driver == "native"
    assert (await agent.roster()).devices[0].log_layout == "auto"


# ── changing ─────────────────────────────────────────────────────────────────


async def test_what_is_not_named_stays(registry: Running, agent: Agent) -> None:
    device = await registry.register("10.0.0.1", comm_key=7, location="Gate", **WIRE)
    agent.asked.clear()
    changed = await registry.change(device, name="Back door", encoding="gbk", zone="Asia/Riyadh")
    wanted = {"name": "Back door", "encoding": "gbk", "zone": "Asia/Riyadh"}
    assert changed == device.model_copy(update=wanted)
    assert changed == await registry.get(device)
    assert agent.asked == [], "it is reached as before"
    (known,) = (await agent.roster()).devices
    assert (known.comm_key, known.encoding, known.zone) == (7, "gbk", "Asia/Riyadh")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ip", "10.0.0.9"),
        ("port", 4371),
        ("comm_key", 99),
        ("driver", "pyzk"),
        ("transport", "udp"),
    ],
)
async def test_it_is_reached_before_it_is_believed_to_be_elsewhere(
    registry: Running, agent: Agent, name: str, value: Any
) -> None:
    device = await registry.register("10.0.0.1", comm_key=7)
    heard = await agent.bus.client.subscribe(subjects.roster_changed("hq"))
    await agent.bus.client.flush()
    agent.asked.clear()
    await registry.change(device, **{name: value})
    ((subject, probe),) = agent.asked
    assert subject == subjects.control("hq", "new", "probe")
    assert isinstance(probe, Probe)
    wanted = {"host": "10.0.0.1", "port": 4370, "comm_key": 7, "driver": "native"}
    assert probe.model_dump().items() >= (wanted | {name.replace("ip", "host"): value}).items()
    (known,) = (await agent.roster()).devices
    assert getattr(known, name.replace("ip", "host")) == value
    message = await heard.next_msg(timeout=5)
    assert RosterChanged.model_validate_json(message.data).site == "hq"


async def test_what_is_sent_as_it_was_is_no_change(registry: Running, agent: Agent) -> None:
    device = await registry.register("10.0.0.1", comm_key=7)
    agent.asked.clear()
    same = await registry.change(device, ip="::ffff:10.0.0.1", port=4370, comm_key=7)
    assert (same, agent.asked) == (device, [])


@pytest.mark.parametrize(
    "code", [Code.DEVICE_UNREACHABLE, Code.DEVICE_WRONG_KEY, Code.DEVICE_NO_ANSWER]
)
async def test_a_device_that_is_not_reached_stays_as_it_was(
    registry: Running, agent: Agent, code: Code
) -> None:
    device = await registry.register("10.0.0.1")
    agent.problem = MusterError(code)
    with pytest.raises(MusterError) as caught:
        await registry.change(device, port=4371, name="New")
    assert (caught.value.problem.code, caught.value.problem.status) == (code, 400)
    assert await registry.get(device) == device


async def test_without_an_agent_it_stays_as_it_was(registry: Running, agent: Agent) -> None:
    device = await registry.register("10.0.0.1")
    await agent.bus.stop()
    assert await fails(registry.change(device, port=4371)) is Code.NO_AGENT
    assert (await registry.change(device, name="New")).name == "New"


async def test_another_terminal_at_the_new_address_is_refused(
    registry: Running, agent: Agent
) -> None:
    agent.serials |= {"10.0.0.1": "S-1", "10.0.0.2": "S-2", "10.0.0.3": "S-1"}
    device = await registry.register("10.0.0.1")
    assert await fails(registry.change(device, ip="10.0.0.2")) is Code.CONFLICT
    assert (await registry.change(device, ip="10.0.0.3")).ip == "10.0.0.3"


async def test_a_serial_that_is_told_first_now_is_pinned(registry: Running, agent: Agent) -> None:
    device = await registry.register("10.0.0.1")
    agent.serials["10.0.0.2"] = "S-9"
    changed = await registry.change(device, ip="10.0.0.2")
    assert (changed.serial_number, changed.device_serial) == ("S-9", None)
    labelled = await registry.change(device, serial_number="LABEL")
    assert (labelled.serial_number, labelled.device_serial) == ("LABEL", "S-9")
    assert (await registry.change(device, serial_number="")).serial_number == "S-9"


async def test_an_ip_and_a_serial_are_taken(registry: Running, agent: Agent) -> None:
    agent.serials |= {"10.0.0.1": "S-1", "10.0.0.3": "S-1"}
    await registry.register("10.0.0.1")
    device = await registry.register("10.0.0.2", serial_number="S-2")
    agent.asked.clear()
    assert await fails(registry.change(device, ip="10.0.0.1")) is Code.IP_TAKEN
    assert await fails(registry.change(device, serial_number="S-1")) is Code.SERIAL_TAKEN
    assert agent.asked == []
    assert await fails(registry.change(device, ip="10.0.0.3")) is Code.SERIAL_TAKEN
    assert (await registry.change(device, serial_number="S-2", ip="10.0.0.2")) == device


async def test_of_two_devices_moved_to_one_ip_at_once_one_wins(
    registry: Running, agent: Agent
) -> None:
    both = [await registry.register(f"10.0.0.{n}") for n in (1, 2)]
    agent.asked.clear()
    agent.silent = asyncio.Event()
    moves = [asyncio.ensure_future(registry.change(each, ip="10.0.0.9")) for each in both]
    async with asyncio.timeout(30):
        while len(agent.asked) < 2:  # both have passed the check and wait for the device
            await asyncio.sleep(0.01)
    agent.silent.set()
    results = await asyncio.gather(*moves, return_exceptions=True)
    assert sum(isinstance(each, Device) for each in results) == 1
    (lost,) = [each for each in results if isinstance(each, MusterError)]
    assert lost.problem.code is Code.IP_TAKEN


async def test_bad_input_and_another_owners_device_change_nothing(
    registry: Running, agent: Agent
) -> None:
    device = await registry.register("10.0.0.1")
    for wrong in ({"ip": "nowhere"}, {"zone": "Mars/Base"}, {"name": "a\x07b"}):
        assert await fails(registry.change(device, **wrong)) is Code.VALIDATION_ERROR
    assert await fails(registry.change(device, owner=OTHER_OWNER, name="Mine")) is Code.NOT_FOUND
    assert await registry.get(device) == device


async def test_a_consumer_stays_through_a_change(registry: Running, agent: Agent) -> None:
    device = await registry.register("10.0.0.1")
    job = await registry.operate(device, ReadInfo())
    await registry.change(device, port=4371)
    assert (await agent.takes(device)).operation_id == job.operation_id
