"""Devices let go: gone for everything when gone."""

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
from shared.contracts.devices import (
    AlarmPage,
    Device,
    DeviceEventPage,
    DevicePage,
    ListAlarms,
    ListDeviceEvents,
    ListDevices,
    ListTemplates,
    ListUsers,
    MakePath,
    PathMade,
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
    gone = await registry.remove(device)
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
        registry.get(device),
        registry.change(device, name="Back"),
        registry.remove(device),
        registry.operate(device, ReadInfo()),
        ask(catalog.LIST_USERS, ListUsers(device_id=device.id), UserPage),
        ask(catalog.LIST_TEMPLATES, ListTemplates(device_id=device.id, user_id="7"), TemplatesKept),
        ask(catalog.LIST_ALARMS, ListAlarms(device_id=device.id), AlarmPage),
        ask(catalog.LIST_DEVICE_EVENTS, ListDeviceEvents(device_id=device.id), DeviceEventPage),
        ask(catalog.MAKE_PATH, MakePath(device_id=device.id), PathMade),
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
    await registry.remove(device)
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
        await registry.remove(device)
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
        await registry.remove(device)
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
        return (await registry.get(found)).serial_number == "S-1"

    await eventually(pinned)


async def test_a_removal_ends_what_waits_on_another_device_in_vain(
    registry: Running, agent: Agent
) -> None:
    source, target = await registry.register("10.0.0.1"), await registry.register("10.0.0.2")
    asked = CopyTemplates(device_id=source.id, target_id=target.id, user_id="7")
    job = await registry.ask(catalog.COPY_TEMPLATES, asked, Job)
    await registry.remove(source)
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
    await registry.remove(device)
    async with asyncio.timeout(5):
        assert (await asking).status == "failed"


async def test_another_owner_removes_nothing(registry: Running, agent: Agent) -> None:
    device = await registry.register()
    assert await fails(registry.remove(device, owner=OTHER_OWNER)) is Code.NOT_FOUND
    assert await registry.get(device) == device


async def test_a_word_about_a_removed_device_changes_nothing(
    registry: Running, agent: Agent, bus_of: MakeBus
) -> None:
    device, other = await registry.register("10.0.0.1"), await registry.register("10.0.0.2")
    job = await registry.operate(device, ReadInfo())
    await registry.remove(device)
    await agent.says(outcome_of(device, job, "success", result=Info()))
    last = await registry.operate(other, ReadInfo())
    await agent.says(outcome_of(other, last, "success", result=Info()))
    await registry.job_when(last, lambda each: each.status == "completed")
    assert (await registry.job(job.job_id)).status == "failed"
    late = SystemClock().now() + timedelta(seconds=1)
    again = agent.gives_people(device, read_at=late, reading_id=new_id())
    assert await fails(again) is Code.NOT_FOUND
