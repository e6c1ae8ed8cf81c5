"""POST /devices as the registry sees it: checked, reached, then stored, in this order."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from services.devices.handlers import probing
from services.devices.store import devices as store
from shared.contracts import catalog, streams, subjects
from shared.contracts.devices import Device, RegisterDevice
from shared.contracts.errors import Code
from shared.kit.db import transaction
from shared.kit.errors import MusterError
from tests.component.devices.conftest import Agent, MakeBus, Running
from tests.conftest import OTHER_OWNER


async def refused(running: Running, ip: str = "10.0.0.1", **more: Any) -> MusterError:
    with pytest.raises(MusterError) as caught:
        await running.register(ip, **more)
    return caught.value


async def stored(running: Running) -> int:
    return int((await running.rows("select count(*) from devices"))[0][0])


async def test_a_device_that_was_reached_is_stored_active(registry: Running, agent: Agent) -> None:
    agent.serials["10.0.0.1"] = "CJDE193560001"
    device = await registry.register("10.0.0.1", comm_key=4711, location="Gate 1")
    assert device.status == "active"
    assert device.serial_number == "CJDE193560001"
    assert device.device_serial is None
    assert (device.site, device.zone, device.is_connected) == ("hq", "Asia/Jakarta", False)
    (subject, asked) = agent.asked[0]
    assert subject == subjects.control("hq", "new", "probe")
    assert asked.model_dump()["comm_key"] == 4711


async def test_another_serial_than_registered_is_kept_and_told(
    registry: Running, agent: Agent
) -> None:
    agent.serials["10.0.0.1"] = "REAL-1"
    device = await registry.register("10.0.0.1", serial_number="LABEL-1")
    assert (device.serial_number, device.device_serial) == ("LABEL-1", "REAL-1")


async def test_bad_input_is_named_before_anything_is_asked(registry: Running, agent: Agent) -> None:
    error = await refused(registry, "not-an-ip", zone="Mars/Base")
    assert error.problem.code is Code.VALIDATION_ERROR
    assert {each.field for each in error.problem.fields} == {"ip", "zone"}
    assert agent.asked == []
    assert await stored(registry) == 0


@pytest.mark.parametrize("site", ["other", "nowhere"])
async def test_a_site_of_another_owner_is_no_site(
    registry: Running, agent: Agent, site: str
) -> None:
    error = await refused(registry, site=site)
    assert error.problem.status == 400
    assert [each.field for each in error.problem.fields] == ["site"]


async def test_an_ip_is_taken_whatever_the_port_and_the_spelling(
    registry: Running, agent: Agent
) -> None:
    await registry.register("10.0.0.1", port=4370)
    agent.asked.clear()
    assert (await refused(registry, "10.0.0.1", port=4371)).problem.code is Code.IP_TAKEN
    assert (await refused(registry, "::ffff:10.0.0.1")).problem.code is Code.IP_TAKEN
    assert agent.asked == []


async def test_an_ip_is_free_at_another_site_and_for_another_owner(
    registry: Running, agent: Agent, bus_of: MakeBus
) -> None:
    for site in ("annex", "other"):
        await Agent(await bus_of(f"agent-{site}"), site).start()
    await registry.register("10.0.0.1")
    await registry.register("10.0.0.1", site="annex")
    await registry.register("10.0.0.1", owner=OTHER_OWNER)
    assert await stored(registry) == 3


async def test_a_serial_is_taken_once_registered_or_reported(
    registry: Running, agent: Agent
) -> None:
    agent.serials |= {"10.0.0.1": "S-1", "10.0.0.2": "S-1"}
    await registry.register("10.0.0.1")
    agent.asked.clear()
    assert (await refused(registry, "10.0.0.3", serial_number="S-1")).problem.status == 409
    assert agent.asked == [], "a serial that is taken is refused before the device is asked"
    error = await refused(registry, "10.0.0.2", serial_number="S-2")
    assert error.problem.code is Code.SERIAL_TAKEN, "the same terminal under two addresses"
    assert await stored(registry) == 1


async def test_devices_without_a_serial_do_not_exclude_each_other(
    registry: Running, agent: Agent
) -> None:
    await registry.register("10.0.0.1")
    await registry.register("10.0.0.2")
    assert await stored(registry) == 2


@pytest.mark.parametrize(
    "code",
    [
        Code.DEVICE_UNREACHABLE,
        Code.DEVICE_WRONG_KEY,
        Code.DEVICE_NO_ANSWER,
        Code.DEVICE_REFUSED,
        Code.DEVICE_WRONG_PROTOCOL,
        Code.DEVICE_ERROR,
    ],
)
async def test_a_device_that_is_not_reached_is_not_stored(
    registry: Running, agent: Agent, code: Code
) -> None:
    agent.problem = MusterError(code)
    error = await refused(registry)
    assert (error.problem.code, error.problem.status) == (code, 400)
    assert await stored(registry) == 0


async def test_without_an_agent_nothing_is_stored(registry: Running) -> None:
    error = await refused(registry)
    assert (error.problem.code, error.problem.status) == (Code.NO_AGENT, 503)
    assert await stored(registry) == 0


async def test_an_agent_that_hangs_is_an_answer_in_time(
    registry: Running, agent: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(probing, "PROBE_SECONDS", 0.5)
    agent.silent = asyncio.Event()
    async with asyncio.timeout(5.0):
        error = await refused(registry)
    assert (error.problem.code, error.problem.status) == (Code.NO_AGENT, 503)
    assert await stored(registry) == 0
    agent.silent.set()


async def test_of_two_registrations_of_one_ip_at_once_one_wins(
    registry: Running, agent: Agent
) -> None:
    agent.silent = asyncio.Event()
    both = [asyncio.ensure_future(registry.register("10.0.0.1")) for _ in range(2)]
    async with asyncio.timeout(30):
        while len(agent.asked) < 2:  # both have passed the check and wait for the device
            await asyncio.sleep(0.01)
    agent.silent.set()
    results = await asyncio.gather(*both, return_exceptions=True)
    assert sum(isinstance(each, Device) for each in results) == 1
    (lost,) = [each for each in results if isinstance(each, MusterError)]
    assert lost.problem.code is Code.IP_TAKEN
    assert await stored(registry) == 1


async def test_of_two_registrations_of_one_terminal_at_once_one_wins(
    registry: Running, agent: Agent
) -> None:
    agent.serials |= {"10.0.0.1": "S-1", "10.0.0.2": "S-1"}
    agent.silent = asyncio.Event()
    both = [asyncio.ensure_future(registry.register(f"10.0.0.{n}")) for n in (1, 2)]
    async with asyncio.timeout(30):
        while len(agent.asked) < 2:
            await asyncio.sleep(0.01)
    agent.silent.set()
    results = await asyncio.gather(*both, return_exceptions=True)
    (lost,) = [each for each in results if isinstance(each, MusterError)]
    assert lost.problem.code is Code.SERIAL_TAKEN
    assert await stored(registry) == 1


async def test_only_who_may_write_devices_registers(registry: Running, agent: Agent) -> None:
    with pytest.raises(MusterError) as caught:
        await registry.ask(
            catalog.REGISTER_DEVICE, RegisterDevice(name="D", ip="10.0.0.1"), Device, role="user"
        )
    assert caught.value.problem.code is Code.FORBIDDEN


async def test_a_new_device_has_its_consumer_at_once(registry: Running, agent: Agent) -> None:
    device = await registry.register("10.0.0.1")
    spec = streams.device_consumer("hq", device.id)
    info = await registry.service.bus.js.consumer_info("OPERATION_hq", spec.durable)
    assert info.config.filter_subject == subjects.operations_of("hq", device.id)
    assert (info.config.max_ack_pending, info.config.ack_wait) == (1, 10)


async def test_no_insert_stands_beside_an_equal_one(registry: Running, agent: Agent) -> None:
    """The guard of the race without its check: the database alone refuses the second row."""
    device = await registry.register("10.0.0.1")
    (row,) = await registry.rows("select * from devices where id = :id", id=device.id)
    values = {name: getattr(row, name) for name in store.NewDevice._fields}
    async with transaction(registry.engine, "test") as connection:
        assert await store.add(connection, store.NewDevice(**values)) is None
        values |= {"ip": "10.0.0.2"}
        assert await store.add(connection, store.NewDevice(**values)) is not None
