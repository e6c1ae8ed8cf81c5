"""Syncs: asked once, said to the device's agent, and followed to their end."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest

from services.devices.handlers.operations import Operations
from services.devices.rules import GRACE, OPERATION_LIFE
from services.devices.worker import Worker
from shared.contracts import catalog, streams, subjects
from shared.contracts.devices import (
    AskQueueStats,
    Device,
    GetJob,
    Job,
    Operation,
    OperationStatus,
    Outcome,
    Progress,
    QueueStats,
    SyncAttendance,
)
from shared.contracts.errors import Code
from shared.kit.clock import SystemClock
from shared.kit.errors import MusterError
from tests.component.devices.conftest import (
    Agent,
    HandClock,
    Running,
    caller,
    eventually,
)
from tests.conftest import OTHER_OWNER, OWNER


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


async def start(running: Running, device: Device, owner: str = OWNER) -> Job:
    asked = SyncAttendance(device_id=device.id)
    return await running.ask(catalog.SYNC_ATTENDANCE, asked, Job, owner=owner)


async def job_of(running: Running, job_id: str, owner: str = OWNER) -> Job:
    return await running.ask(catalog.GET_JOB, GetJob(job_id=job_id), Job, owner=owner)


async def operation_id(running: Running, job: Job) -> UUID:
    (row,) = await running.rows("select id from operations where job_id = :j", j=job.job_id)
    return UUID(str(row.id))


def outcome_of(device: Device, operation: UUID, status: OperationStatus, read: int = 0) -> Outcome:
    return Outcome(
        operation_id=operation,
        owner=OWNER,
        site=device.site,
        device_id=device.id,
        status=status,
        at=SystemClock().now(),
        progress=Progress(read=read, receipted=read, recorded=read),
    )


async def ends_as(running: Running, job: Job, wanted: Callable[[Job], bool]) -> Job:
    async def so() -> bool:
        return wanted(await job_of(running, job.job_id))

    await eventually(so)
    return await job_of(running, job.job_id)


async def test_a_sync_reaches_the_devices_consumer_once(registry: Running, agent: Agent) -> None:
    device = await registry.register()
    job = await start(registry, device)
    assert job.job_id == f"sync-device-{device.id}-{job.queued_at:%Y%m%d%H%M%S}"
    assert (job.type, job.status, job.queued_at.microsecond) == ("attendance-sync", "queued", 0)
    bound = await agent.bus.js.pull_subscribe_bind(
        consumer=streams.device_consumer("hq", device.id).durable,
        stream="OPERATION_hq",
        inbox_prefix=f"{agent.bus.inbox}.".encode(),
    )
    (message,) = await bound.fetch(1, timeout=5)
    said = Operation.model_validate_json(message.data)
    assert message.subject == subjects.operation("hq", device.id, "read_log")
    assert (said.operation_id, said.owner) == (await operation_id(registry, job), OWNER)
    assert timedelta(minutes=9) < said.expires_at - SystemClock().now() <= OPERATION_LIFE
    await message.ack_sync()


async def test_a_running_sync_is_returned_and_not_doubled(registry: Running, agent: Agent) -> None:
    device = await registry.register()
    jobs = await asyncio.gather(*(start(registry, device) for _ in range(8)))
    assert len({each.job_id for each in jobs}) == 1
    (row,) = await registry.rows("select count(*) from operations")
    assert row[0] == 1


async def test_the_database_alone_refuses_a_second_open_sync(
    registry: Running, agent: Agent
) -> None:
    """The guard beneath the lock: without the check there is still one."""
    device = await registry.register()
    await start(registry, device)
    double = (
        "insert into operations select gen_random_uuid(), owner, site, device_id, n + 1, kind,"
        " status, job_id || '-2', created_at, sent_at, finished_at, expires_at, attempts, read,"
        " receipted, recorded, problem, requested_by from operations"
    )
    with pytest.raises(Exception, match="operations_one_sync"):
        await registry.rows(double)


async def test_syncs_within_one_second_have_different_ids(
    registry: Running, agent: Agent, clock: HandClock
) -> None:
    device = await registry.register()
    operations = Operations(registry.engine, clock)
    seen = []
    for _ in range(3):
        job = await operations.sync(SyncAttendance(device_id=device.id), caller())
        ended = outcome_of(device, await operation_id(registry, job), "success")
        await operations.outcome(subjects.outcome("hq", device.id), ended)
        assert job.job_id == f"sync-device-{device.id}-{job.queued_at:%Y%m%d%H%M%S}"
        seen.append(job.queued_at)
    assert [each - seen[0] for each in seen] == [timedelta(seconds=n) for n in range(3)]


async def test_outcomes_are_followed_whatever_their_order(registry: Running, agent: Agent) -> None:
    device = await registry.register()
    job = await start(registry, device)
    operation = await operation_id(registry, job)
    await agent.says(outcome_of(device, operation, "sent", 200))
    active = await ends_as(registry, job, lambda each: each.progress.read == 200)
    assert active.status == "active"
    assert active.started_at is not None
    for status, read in (("sent", 100), ("sent", 500), ("success", 500)):
        await agent.says(outcome_of(device, operation, status, read))  # type: ignore[arg-type]
    done = await ends_as(registry, job, lambda each: each.status == "completed")
    assert done.progress.read == 500
    assert done.finished_at is not None
    for status, read in (("sent", 900), ("failed", 0), ("success", 500)):
        await agent.says(outcome_of(device, operation, status, read))  # type: ignore[arg-type]
    last = await start(registry, device)
    await agent.says(outcome_of(device, await operation_id(registry, last), "success", 1))
    await ends_as(registry, last, lambda each: each.status == "completed")
    assert await job_of(registry, job.job_id) == done, "an ended job was reopened"


async def test_an_ended_sync_makes_room_for_the_next(registry: Running, agent: Agent) -> None:
    device = await registry.register()
    first = await start(registry, device)
    await agent.says(outcome_of(device, await operation_id(registry, first), "failed"))
    await ends_as(registry, first, lambda each: each.status == "failed")
    second = await start(registry, device)
    assert second.job_id != first.job_id


@pytest.mark.parametrize(
    "wrong", [{"owner": OTHER_OWNER}, {"operation_id": UUID(int=7)}, {"device_id": 99}]
)
async def test_an_outcome_of_another_operation_is_a_dead_letter(
    registry: Running, agent: Agent, wrong: dict[str, object]
) -> None:
    device = await registry.register()
    job = await start(registry, device)
    right = outcome_of(device, await operation_id(registry, job), "success")
    await agent.says(right.model_copy(update=wrong))
    await agent.says(right)
    await ends_as(registry, job, lambda each: each.status == "completed")
    letter = await registry.dead_letter()
    assert json.loads(letter)["status"] == "success"


async def test_an_outcome_from_another_sites_subject_changes_nothing(
    registry: Running, agent: Agent
) -> None:
    device = await registry.register()
    job = await start(registry, device)
    said = outcome_of(device, await operation_id(registry, job), "success")
    handler = Operations(registry.engine, SystemClock())
    with pytest.raises(MusterError):
        await handler.outcome(subjects.outcome("annex", device.id), said)
    assert (await job_of(registry, job.job_id)).status == "queued"


async def test_what_is_never_heard_of_fails_and_what_goes_on_lives(
    registry: Running, agent: Agent, clock: HandClock
) -> None:
    lost, alive = await registry.register("10.0.0.1"), await registry.register("10.0.0.2")
    operations = Operations(registry.engine, clock)
    worker = Worker(registry.service.bus, registry.engine, clock)
    lost_job = await operations.sync(SyncAttendance(device_id=lost.id), caller())
    alive_job = await operations.sync(SyncAttendance(device_id=alive.id), caller())
    clock.passes(minutes=9)
    goes_on = outcome_of(alive, await operation_id(registry, alive_job), "sent", 10)
    await operations.outcome(subjects.outcome("hq", alive.id), goes_on)
    clock.passes(minutes=1)
    await worker.sweep()
    assert (await job_of(registry, lost_job.job_id)).status == "queued", "its word may be late"
    clock.passes(seconds=GRACE.total_seconds() + 1)
    await worker.sweep()
    expired = await job_of(registry, lost_job.job_id)
    assert expired.status == "failed"
    assert expired.problem is not None
    assert expired.problem.code is Code.OPERATION_EXPIRED
    assert (await job_of(registry, alive_job.job_id)).status == "active"
    late = outcome_of(lost, await operation_id(registry, lost_job), "sent", 10)
    await operations.outcome(subjects.outcome("hq", lost.id), late)
    assert (await job_of(registry, lost_job.job_id)).status == "failed"


async def test_the_sums_of_the_queues_are_the_owners_jobs(registry: Running, agent: Agent) -> None:
    ended: list[OperationStatus] = ["success", "failed", "canceled", "sent"]
    devices = [await registry.register(f"10.0.0.{n}") for n in range(1, 6)]
    jobs = [await start(registry, each) for each in devices]
    for device, job, status in zip(devices, jobs, ended, strict=False):
        operation = await operation_id(registry, job)
        await agent.says(outcome_of(device, operation, status, 1))
        await ends_as(registry, job, lambda each: each.status != "queued")
    found = await registry.ask(catalog.QUEUE_STATS, AskQueueStats(), QueueStats)
    syncs = found.queues["attendance-sync"]
    assert (syncs.active, syncs.waiting, syncs.completed, syncs.failed) == (1, 1, 1, 2)
    assert sum(found.queues["user-sync"].model_dump().values()) == 0
    theirs = await registry.ask(catalog.QUEUE_STATS, AskQueueStats(), QueueStats, owner=OTHER_OWNER)
    assert sum(theirs.queues["attendance-sync"].model_dump().values()) == 0


async def test_another_owners_device_and_job_are_not_there(registry: Running, agent: Agent) -> None:
    device = await registry.register()
    job = await start(registry, device)
    for ask in (
        start(registry, device, OTHER_OWNER),
        job_of(registry, job.job_id, OTHER_OWNER),
        job_of(registry, "sync-device-1-\x00"),
        start(registry, device.model_copy(update={"id": 2**70})),
    ):
        with pytest.raises(MusterError) as caught:
            await ask
        assert caught.value.problem.code is Code.NOT_FOUND


async def test_operations_of_a_device_are_numbered(
    registry: Running, agent: Agent, clock: HandClock
) -> None:
    device = await registry.register()
    operations = Operations(registry.engine, clock)
    for _ in range(3):
        job = await operations.sync(SyncAttendance(device_id=device.id), caller())
        ended = outcome_of(device, await operation_id(registry, job), "success")
        await operations.outcome(subjects.outcome("hq", device.id), ended)
    rows = await registry.rows("select n, attempts, requested_by from operations order by n")
    assert [tuple(each) for each in rows] == [(n, 1, "a@example.test") for n in (1, 2, 3)]
