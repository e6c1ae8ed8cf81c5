"""Jobs: followed, canceled, tried again and counted."""

from __future__ import annotations

import asyncio

import pytest

from shared.contracts import catalog
from shared.contracts.actions import (
    Action,
    Enroll,
    PutUser,
    ReadLog,
    ReadTemplates,
    ReadUsers,
    Restart,
)
from shared.contracts.devices import Device
from shared.contracts.doors import DoorPermit, PermitDoor
from shared.contracts.errors import Code
from shared.contracts.operations import (
    AskQueueStats,
    CancelJob,
    GetJob,
    Job,
    OperationStatus,
    Progress,
    QueueStats,
    RetryJob,
)
from shared.kit.clock import new_id
from tests.component.devices.conftest import Agent, Running, fails, outcome_of
from tests.conftest import OTHER_OWNER, OWNER


async def cancel(registry: Running, job: Job, **more: str) -> Job:
    asked = CancelJob(job_id=job.job_id)
    return await registry.ask(catalog.CANCEL_JOB, asked, Job, **more)  # type: ignore[arg-type]


async def retry(registry: Running, job: Job, **more: str) -> Job:
    asked = RetryJob(job_id=job.job_id)
    return await registry.ask(catalog.RETRY_JOB, asked, Job, **more)  # type: ignore[arg-type]


async def ended(
    registry: Running, agent: Agent, device: Device, action: Action, status: OperationStatus
) -> Job:
    job = await registry.operate(device, action)
    await agent.says(outcome_of(device, job, status))
    return await registry.job_when(job, lambda each: each.finished_at is not None)


async def test_another_owners_job_is_not_there(registry: Running, agent: Agent) -> None:
    device = await registry.register()
    job = await registry.operate(device, Restart())
    for ask in (
        registry.job(job.job_id, OTHER_OWNER),
        registry.job(job.operation_id, OTHER_OWNER),
        cancel(registry, job, owner=OTHER_OWNER),
        retry(registry, job, owner=OTHER_OWNER),
        registry.job("sync-device-1-\x00"),
        registry.job(new_id()),
        registry.job(""),
    ):
        assert await fails(ask) is Code.NOT_FOUND


# ── canceling ────────────────────────────────────────────────────────────────


async def test_what_was_not_sent_can_be_canceled_once(registry: Running, present: Agent) -> None:
    device = await registry.register()
    asking = asyncio.ensure_future(registry.operate(device, Restart(), wait=10))
    job = await registry.job((await present.takes(device)).operation_id)
    canceled = await cancel(registry, job)
    assert canceled.problem is not None
    assert (canceled.status, canceled.problem.code) == ("failed", Code.OPERATION_CANCELED)
    async with asyncio.timeout(5):
        assert await asking == canceled, "who waits is told"
    assert await fails(cancel(registry, job)) is Code.CONFLICT


async def test_what_was_sent_cannot_be_canceled(registry: Running, agent: Agent) -> None:
    device = await registry.register()
    job = await registry.operate(device, Restart())
    await agent.begins(job.operation_id)
    assert await fails(cancel(registry, job)) is Code.CONFLICT
    assert (await registry.job(job.job_id)).status == "active"


async def test_of_cancel_and_start_at_once_one_wins(registry: Running, agent: Agent) -> None:
    device = await registry.register()
    for _ in range(8):
        job = await registry.operate(device, Restart())
        results = await asyncio.gather(
            cancel(registry, job), agent.begins(job.operation_id), return_exceptions=True
        )
        assert sum(isinstance(each, Exception) for each in results) == 1


# ── trying again ─────────────────────────────────────────────────────────────


@pytest.mark.parametrize("end", ["failed", "canceled"])
async def test_what_failed_is_said_again_and_counted(
    registry: Running, agent: Agent, end: OperationStatus
) -> None:
    device = await registry.register()
    job = await registry.operate(device, Enroll(user_id="7", finger=2))
    first = await agent.takes(device)
    await agent.begins(job.operation_id)
    await agent.says(outcome_of(device, job, end, progress=Progress(total=3, done=1)))
    await registry.job_when(job, lambda each: each.status == "failed")
    again = await retry(registry, job)
    assert (again.status, again.attempts, again.problem) == ("queued", 2, None), "counted at once"
    assert (again.started_at, again.finished_at, again.progress) == (None, None, Progress())
    second = await agent.takes(device)
    assert second.operation_id == first.operation_id
    assert second.expires_at > first.expires_at
    assert (await agent.begins(job.operation_id)).action == Enroll(user_id="7", finger=2)
    assert (await registry.job(job.job_id)).attempts == 2


async def test_only_what_did_not_succeed_is_tried_again(registry: Running, agent: Agent) -> None:
    device = await registry.register()
    done = await ended(registry, agent, device, Restart(), "success")
    assert await fails(retry(registry, done)) is Code.CONFLICT
    waiting = await registry.operate(device, Restart())
    assert await fails(retry(registry, waiting)) is Code.CONFLICT


async def test_a_password_that_is_gone_is_not_tried_again(registry: Running, agent: Agent) -> None:
    device = await registry.register()
    plain = PutUser(user_id="7", create=True, name="Ana")
    secret = PutUser.model_validate({"user_id": "7", "create": True, "password": "13572468"})
    assert (await retry(registry, await ended(registry, agent, device, plain, "failed"))).job_id
    assert (
        await fails(retry(registry, await ended(registry, agent, device, secret, "failed")))
        is Code.CONFLICT
    )


async def test_a_single_kind_is_not_doubled_by_trying_again(
    registry: Running, agent: Agent
) -> None:
    device = await registry.register()
    first = await ended(registry, agent, device, ReadLog(), "failed")
    await registry.operate(device, ReadLog())
    assert await fails(retry(registry, first)) is Code.CONFLICT


async def test_an_unlock_is_seen_and_never_canceled_or_repeated(
    registry: Running, agent: Agent
) -> None:
    device = await registry.register()
    leave = await registry.ask(
        catalog.PERMIT_DOOR, PermitDoor(device_id=device.id), DoorPermit, role="user"
    )
    job = await registry.job(leave.operation_id)
    assert job.kind == "unlock"
    assert await fails(cancel(registry, job)) is Code.CONFLICT
    assert await fails(retry(registry, job)) is Code.CONFLICT


async def test_canceling_and_repeating_need_the_actions_permission(
    registry: Running, agent: Agent
) -> None:
    device = await registry.register()
    hard = await registry.operate(device, ReadTemplates())
    soft = await registry.operate(device, ReadUsers())
    assert await fails(cancel(registry, hard, role="user")) is Code.FORBIDDEN
    await cancel(registry, hard)
    assert await fails(retry(registry, hard, role="user")) is Code.FORBIDDEN
    await cancel(registry, soft, role="user")
    await retry(registry, soft, role="user")


# ── counting ─────────────────────────────────────────────────────────────────


async def stats(registry: Running, owner: str = OWNER) -> QueueStats:
    return await registry.ask(catalog.QUEUE_STATS, AskQueueStats(), QueueStats, owner=owner)


async def test_the_sums_of_the_queues_are_the_owners_jobs(registry: Running, agent: Agent) -> None:
    ends: list[OperationStatus] = ["success", "failed", "canceled", "sent"]
    devices = [await registry.register(f"10.0.0.{n}") for n in range(1, 6)]
    jobs = [await registry.operate(each, ReadLog()) for each in devices]
    for device, job, status in zip(devices, jobs, ends, strict=False):
        await agent.says(outcome_of(device, job, status, 1))
        await registry.job_when(job, lambda each: each.status != "queued")
    await registry.operate(devices[0], Enroll(user_id="7", finger=2))
    await registry.operate(devices[0], Restart())
    await registry.operate(devices[0], ReadTemplates())
    await registry.ask(catalog.PERMIT_DOOR, PermitDoor(device_id=devices[0].id), DoorPermit)
    found = (await stats(registry)).queues
    syncs = found["attendance-sync"]
    assert (syncs.active, syncs.waiting, syncs.completed, syncs.failed) == (1, 1, 1, 2)
    waiting = {name: each.waiting for name, each in found.items()}
    assert waiting == {
        "attendance-sync": 1,
        "user-sync": 0,
        "template-sync": 1,
        "enrolment": 1,
        "device-control": 1,
    }, "an unlock stands in no queue"
    theirs = await stats(registry, OTHER_OWNER)
    assert sum(sum(each.model_dump().values()) for each in theirs.queues.values()) == 0


async def test_a_job_is_found_by_its_operation(registry: Running, agent: Agent) -> None:
    device = await registry.register()
    job = await registry.operate(device, ReadLog())
    by_operation = GetJob(job_id=str(job.operation_id))
    assert await registry.ask(catalog.GET_JOB, by_operation, Job, role="user") == job
