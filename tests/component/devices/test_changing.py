"""Devices changed and let go: reached first if need be, and gone for everything when gone."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from nats.js.api import ConsumerConfig
from nats.js.errors import NotFoundError
from sqlalchemy import select

from services.devices.store import operations, progress
from services.devices.worker import Worker
from shared.contracts import catalog, streams, subjects
from shared.contracts.actions import Info, ReadInfo, ReadLog, ReadTemplates, Restart, SetTime
from shared.contracts.agents import Probe, RosterChanged
from shared.contracts.devices import (
    AlarmPage,
    ChangeDevice,
    Device,
    DevicePage,
    GetDevice,
    ListAlarms,
    ListDevices,
    ListTemplates,
    ListUsers,
    RemoveDevice,
    TemplatesKept,
    UserPage,
)
from shared.contracts.doors import DoorPermit, PermitDoor
from shared.contracts.errors import Code
from shared.contracts.operations import CopyTemplates, Job, RetryJob
from shared.contracts.readings import DevicePresence, Person, Presence, Template
from shared.kit import consumers
from shared.kit.clock import SystemClock, new_id
from shared.kit.db import transaction
from shared.kit.errors import MusterError
from tests.component.devices.conftest import Agent, MakeBus, Running, eventually, fails, outcome_of
from tests.conftest import OTHER_OWNER, OWNER


async def change(running: Running, device: Device, owner: str = OWNER, **wanted: Any) -> Device:
    asked = ChangeDevice(device_id=device.id, **wanted)
    return await running.ask(catalog.CHANGE_DEVICE, asked, Device, owner=owner)


async def remove(running: Running, device: Device, owner: str = OWNER) -> Device:
    asked = RemoveDevice(device_id=device.id)
    return await running.ask(catalog.REMOVE_DEVICE, asked, Device, owner=owner)


async def get(running: Running, device: Device) -> Device:
    return await running.ask(catalog.GET_DEVICE, GetDevice(device_id=device.id), Device)


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
    assert (await get(registry, device)).driver == "native"
    assert (await agent.roster()).devices[0].log_layout == "auto"


# ── changing ─────────────────────────────────────────────────────────────────


async def test_what_is_not_named_stays(registry: Running, agent: Agent) -> None:
    device = await registry.register("10.0.0.1", comm_key=7, location="Gate", **WIRE)
    agent.asked.clear()
    changed = await change(registry, device, name="Back door", encoding="gbk", zone="Asia/Riyadh")
    wanted = {"name": "Back door", "encoding": "gbk", "zone": "Asia/Riyadh"}
    assert changed == device.model_copy(update=wanted)
    assert changed == await get(registry, device)
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
    await change(registry, device, **{name: value})
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
    same = await change(registry, device, ip="::ffff:10.0.0.1", port=4370, comm_key=7)
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
        await change(registry, device, port=4371, name="New")
    assert (caught.value.problem.code, caught.value.problem.status) == (code, 400)
    assert await get(registry, device) == device


async def test_without_an_agent_it_stays_as_it_was(registry: Running, agent: Agent) -> None:
    device = await registry.register("10.0.0.1")
    await agent.bus.stop()
    assert await fails(change(registry, device, port=4371)) is Code.NO_AGENT
    assert (await change(registry, device, name="New")).name == "New"


async def test_another_terminal_at_the_new_address_is_refused(
    registry: Running, agent: Agent
) -> None:
    agent.serials |= {"10.0.0.1": "S-1", "10.0.0.2": "S-2", "10.0.0.3": "S-1"}
    device = await registry.register("10.0.0.1")
    assert await fails(change(registry, device, ip="10.0.0.2")) is Code.CONFLICT
    assert (await change(registry, device, ip="10.0.0.3")).ip == "10.0.0.3"


async def test_a_serial_that_is_told_first_now_is_pinned(registry: Running, agent: Agent) -> None:
    device = await registry.register("10.0.0.1")
    agent.serials["10.0.0.2"] = "S-9"
    changed = await change(registry, device, ip="10.0.0.2")
    assert (changed.serial_number, changed.device_serial) == ("S-9", None)
    labelled = await change(registry, device, serial_number="LABEL")
    assert (labelled.serial_number, labelled.device_serial) == ("LABEL", "S-9")
    assert (await change(registry, device, serial_number="")).serial_number == "S-9"


async def test_an_ip_and_a_serial_are_taken(registry: Running, agent: Agent) -> None:
    agent.serials |= {"10.0.0.1": "S-1", "10.0.0.3": "S-1"}
    await registry.register("10.0.0.1")
    device = await registry.register("10.0.0.2", serial_number="S-2")
    agent.asked.clear()
    assert await fails(change(registry, device, ip="10.0.0.1")) is Code.IP_TAKEN
    assert await fails(change(registry, device, serial_number="S-1")) is Code.SERIAL_TAKEN
    assert agent.asked == []
    assert await fails(change(registry, device, ip="10.0.0.3")) is Code.SERIAL_TAKEN
    assert (await change(registry, device, serial_number="S-2", ip="10.0.0.2")) == device


async def test_of_two_devices_moved_to_one_ip_at_once_one_wins(
    registry: Running, agent: Agent
) -> None:
    both = [await registry.register(f"10.0.0.{n}") for n in (1, 2)]
    agent.asked.clear()
    agent.silent = asyncio.Event()
    moves = [asyncio.ensure_future(change(registry, each, ip="10.0.0.9")) for each in both]
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
        assert await fails(change(registry, device, **wrong)) is Code.VALIDATION_ERROR
    assert await fails(change(registry, device, OTHER_OWNER, name="Mine")) is Code.NOT_FOUND
    assert await get(registry, device) == device


async def test_a_consumer_stays_through_a_change(registry: Running, agent: Agent) -> None:
    device = await registry.register("10.0.0.1")
    job = await registry.operate(device, ReadInfo())
    await change(registry, device, port=4371)
    assert (await agent.takes(device)).operation_id == job.operation_id


# ── removing ─────────────────────────────────────────────────────────────────


async def emptied(registry: Running, device: Device) -> bool:
    """Whether nothing waits for a device any more, nor anybody who would take it."""
    js = registry.provisioner.js
    info = await js.stream_info("OPERATION_hq", subjects_filter=f"cmd.hq.{device.id}.*")
    try:
        await js.consumer_info("OPERATION_hq", streams.device_consumer("hq", device.id).durable)
    except NotFoundError:
        return not info.state.subjects
    return False


async def test_a_removed_device_is_gone_for_everything(registry: Running, agent: Agent) -> None:
    device, other = await registry.register("10.0.0.1"), await registry.register("10.0.0.2")
    await agent.gives_people(device, Person(user_id="7", name="Ana"))
    jobs = [await registry.operate(device, each) for each in (ReadTemplates(), ReadLog())]
    await agent.begins(jobs[0].operation_id)
    template = Template(user_id="7", finger=1, data=b"x")
    await agent.gives_templates(device, jobs[0].operation_id, template)
    gone = await remove(registry, device)
    assert (gone.id, gone.status, gone.is_connected) == (device.id, "removed", False)
    left = (
        "select device_id from device_users union all select device_id from templates"
        " union all select device_id from presence"
    )
    assert await registry.rows(left) == []

    async def ask(question: catalog.Question, request: Any, reply: Any) -> object:
        return await registry.ask(question, request, reply)

    copy = CopyTemplates(device_id=other.id, target_id=device.id, user_id="7")
    retry = RetryJob(job_id=jobs[1].job_id)
    for refused in (
        get(registry, device),
        change(registry, device, name="Back"),
        remove(registry, device),
        registry.operate(device, ReadInfo()),
        ask(catalog.LIST_USERS, ListUsers(device_id=device.id), UserPage),
        ask(catalog.LIST_TEMPLATES, ListTemplates(device_id=device.id, user_id="7"), TemplatesKept),
        ask(catalog.LIST_ALARMS, ListAlarms(device_id=device.id), AlarmPage),
        ask(catalog.PERMIT_DOOR, PermitDoor(device_id=device.id), DoorPermit),
        ask(catalog.COPY_TEMPLATES, copy, Job),
        ask(catalog.RETRY_JOB, retry, Job),
        agent.gives_people(device, Person(user_id="7", name="Ana")),
        agent.gives_templates(device, jobs[0].operation_id, template),
    ):
        assert await fails(refused) is Code.NOT_FOUND
    page = await registry.ask(catalog.LIST_DEVICES, ListDevices(), DevicePage)
    assert ([each.id for each in page.items], page.total) == ([other.id], 1)
    assert [each.device_id for each in (await agent.roster()).devices] == [other.id]
    for job in jobs:
        ended = await registry.job(job.job_id)
        assert ended.problem is not None
        assert (ended.status, ended.problem.code) == ("failed", Code.OPERATION_CANCELED)
        assert await fails(agent.begins(job.operation_id)) is Code.OPERATION_CANCELED


async def test_nothing_waits_for_a_removed_device(registry: Running, agent: Agent) -> None:
    device, other = await registry.register("10.0.0.1"), await registry.register("10.0.0.2")
    for _ in range(5):
        await registry.operate(device, Restart())
    stays = await registry.operate(other, Restart())
    await remove(registry, device)
    await eventually(lambda: emptied(registry, device))
    assert (await agent.takes(other)).operation_id == stays.operation_id
    assert await registry.rows("select 1 from outbox") == []


async def test_what_was_not_said_yet_is_not_said_to_a_device_that_is_gone(
    registry: Running, agent: Agent
) -> None:
    device, other = await registry.register("10.0.0.1"), await registry.register("10.0.0.2")
    jobs = [await registry.operate(each, Restart()) for each in (device, other)]
    ending = progress.Ending("canceled", None, SystemClock().now())
    async with transaction(registry.engine, "test") as connection:  # the relay sees none of it
        for job in jobs:
            known = await progress.lock(connection, job.operation_id)
            assert known is not None
            await operations.say(connection, known)
        await progress.abandon(connection, "hq", device.id, ending)
        left = await connection.execute(select(operations.OUTBOX.c.subject))
        where = subjects.operation("hq", other.id, "restart")
        assert where in (said := set(left.scalars()))
        assert not any(each.startswith(f"cmd.hq.{device.id}.") for each in said)


async def test_a_consumer_that_was_left_is_taken_away_by_the_next_round(
    registry: Running, agent: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    device, other = await registry.register("10.0.0.1"), await registry.register("10.0.0.2")
    await registry.operate(device, Restart())

    async def away(*_: object) -> None:
        raise MusterError(Code.SERVICE_UNAVAILABLE)

    with monkeypatch.context() as patched:
        patched.setattr(consumers, "remove", away)
        await remove(registry, device)
        assert not await emptied(registry, device)
    await Worker(registry.service.bus, registry.engine, SystemClock()).make_consumers()
    assert await emptied(registry, device)
    assert not await emptied(registry, other)


async def test_a_round_lets_stand_what_is_no_devices(registry: Running, agent: Agent) -> None:
    js = registry.provisioner.js
    foreign = ConsumerConfig(durable_name="by-hand", filter_subject="cmd.hq.999.*")
    await js.add_consumer("OPERATION_hq", foreign)
    await Worker(registry.service.bus, registry.engine, SystemClock()).make_consumers()
    assert (await js.consumer_info("OPERATION_hq", "by-hand")).name == "by-hand"
    await js.delete_consumer("OPERATION_hq", "by-hand")


async def test_a_removed_device_leaves_its_ip_and_serial_free(
    registry: Running, agent: Agent
) -> None:
    agent.serials["10.0.0.1"] = "S-1"
    seen = set()
    for _ in range(3):
        device = await registry.register("10.0.0.1", serial_number="S-1")
        seen.add(device.id)
        await remove(registry, device)
    assert len(seen) == 3
    found = await registry.register("10.0.0.2")
    said = Presence(
        agent="hq-1",
        owner=OWNER,
        site="hq",
        at=SystemClock().now(),
        devices=(DevicePresence(device_id=found.id, connected=True, serial="S-1"),),
    )
    await agent.bus.say(subjects.presence("hq", "hq-1"), said)

    async def pinned() -> bool:
        return (await get(registry, found)).serial_number == "S-1"

    await eventually(pinned)


async def test_a_removal_ends_what_waits_on_another_device_in_vain(
    registry: Running, agent: Agent
) -> None:
    source, target = await registry.register("10.0.0.1"), await registry.register("10.0.0.2")
    asked = CopyTemplates(device_id=source.id, target_id=target.id, user_id="7")
    job = await registry.ask(catalog.COPY_TEMPLATES, asked, Job)
    await remove(registry, source)
    ended = await registry.job_when(job, lambda each: each.status == "failed")
    assert ended.problem is not None
    assert "Its device was removed" in ended.problem.details
    assert await fails(registry.ask(catalog.RETRY_JOB, RetryJob(job_id=job.job_id), Job)) is (
        Code.NOT_FOUND
    )


async def test_who_waits_for_a_device_that_is_removed_is_told(
    registry: Running, present: Agent
) -> None:
    device = await registry.register()
    asking = asyncio.ensure_future(registry.operate(device, SetTime(), wait=20))
    await present.takes(device)
    await remove(registry, device)
    async with asyncio.timeout(5):
        assert (await asking).status == "failed"


async def test_another_owner_removes_nothing(registry: Running, agent: Agent) -> None:
    device = await registry.register()
    assert await fails(remove(registry, device, OTHER_OWNER)) is Code.NOT_FOUND
    assert await get(registry, device) == device


async def test_a_word_about_a_removed_device_changes_nothing(
    registry: Running, agent: Agent, bus_of: MakeBus
) -> None:
    device, other = await registry.register("10.0.0.1"), await registry.register("10.0.0.2")
    job = await registry.operate(device, ReadInfo())
    await remove(registry, device)
    await agent.says(outcome_of(device, job, "success", result=Info()))
    last = await registry.operate(other, ReadInfo())
    await agent.says(outcome_of(other, last, "success", result=Info()))
    await registry.job_when(last, lambda each: each.status == "completed")
    assert (await registry.job(job.job_id)).status == "failed"
    late = SystemClock().now() + timedelta(seconds=1)
    again = agent.gives_people(device, read_at=late, reading_id=new_id())
    assert await fails(again) is Code.NOT_FOUND
