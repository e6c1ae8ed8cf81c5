"""Operations that wait for a device that is away, and those that do not."""

from __future__ import annotations

import pytest

from services.devices.rules.devices import CONNECTED
from services.devices.rules.operations import GRACE, OPERATION_LIFE
from shared.contracts import catalog
from shared.contracts.actions import DeleteUser, Done, ReadInfo, ReadUsers
from shared.contracts.devices import Device
from shared.contracts.errors import Code
from shared.contracts.operations import LASTING_DAYS, Job, Operate, OperationStatus, RetryJob
from shared.kit.errors import MusterError
from tests.component.devices.conftest import (
    Agent,
    HandClock,
    Ledger,
    Running,
    caller,
    fails,
    outcome_of,
)
from tests.component.devices.terminals import connect, entry

AWAY = MusterError(Code.DEVICE_OFFLINE).problem


async def asked(registry: Running, device: Device, *, wait: float = 0) -> Job:
    return await registry.operate(device, DeleteUser(user_id="7"), lasting=True, wait=wait)


async def told_everything(registry: Running, agent: Agent, device: Device) -> None:
    last = await registry.operate(device, ReadInfo(), lasting=True)
    await agent.says(outcome_of(device, last, "failed", problem=AWAY))
    await registry.job_when(last, lambda each: each.status == "failed")


# ── a device that dials in, and has not ──────────────────────────────────────


async def test_what_does_not_last_is_refused_at_once(registry: Running, present: Agent) -> None:
    device = await registry.register_terminal()
    for wait in (0, 20):
        refused = registry.operate(device, ReadUsers(), wait=wait)
        assert await fails(refused) is Code.DEVICE_OFFLINE
    assert await registry.rows("select 1 from operations") == []
    await connect(registry, present, device)
    assert (await registry.operate(device, ReadUsers())).status == "queued"


async def test_a_word_that_is_old_is_no_connection(registry: Running, present: Agent) -> None:
    device, clock = await registry.register_terminal(), HandClock()
    await connect(registry, present, device)
    ledger = Ledger(registry, clock)
    request = Operate(device_id=device.id, action=ReadInfo())
    await ledger.operations.operate(request, caller())
    clock.passes(seconds=CONNECTED.total_seconds() + 5)
    assert await fails(ledger.operations.operate(request, caller())) is Code.DEVICE_OFFLINE


async def test_a_device_that_is_dialled_is_asked_in_any_case(
    registry: Running, present: Agent
) -> None:
    device = await registry.register()
    assert (await registry.operate(device, ReadInfo())).status == "queued"


async def test_what_lasts_waits_even_without_an_agent(registry: Running, agent: Agent) -> None:
    device = await registry.register_terminal()
    job = await asked(registry, device, wait=0.1)
    assert job.status == "queued"
    said = await agent.takes(device)
    assert (said.operation_id, said.lasting) == (job.operation_id, True)
    days = (said.expires_at - job.queued_at).total_seconds() / 86_400
    assert days == pytest.approx(LASTING_DAYS, abs=0.01)
    dialled = await registry.register()
    await registry.operate(dialled, ReadInfo())
    assert (await agent.takes(dialled)).lasting is False


# ── the line is lost ─────────────────────────────────────────────────────────


async def test_it_goes_back_to_waiting_and_its_next_start_is_another_attempt(
    registry: Running, agent: Agent
) -> None:
    device = await registry.register_terminal()
    job = await asked(registry, device)
    for attempt in (1, 2, 3):
        assert (await agent.begins(job.operation_id)).attempt == attempt
        assert (await entry(registry, job.operation_id)).status == "sent"
        await agent.says(outcome_of(device, job, "pending", attempt=attempt))
        await registry.job_when(job, lambda each: each.status == "queued")
        waiting = await entry(registry, job.operation_id)
        assert (waiting.attempts, waiting.sent_at) == (attempt, None)
    started = await agent.begins(job.operation_id)
    assert (started.attempt, started.again) == (4, True), "nobody knows how far the others came"


@pytest.mark.parametrize("attempt", [1, None])
async def test_only_the_attempt_that_runs_goes_back(
    registry: Running, agent: Agent, attempt: int | None
) -> None:
    device = await registry.register_terminal()
    job = await asked(registry, device)
    await agent.begins(job.operation_id)
    await agent.says(outcome_of(device, job, "pending", attempt=1))
    await registry.job_when(job, lambda each: each.status == "queued")
    assert (await agent.begins(job.operation_id)).attempt == 2
    await agent.says(outcome_of(device, job, "pending", attempt=attempt))
    await told_everything(registry, agent, device)
    assert (await entry(registry, job.operation_id)).status == "sent"


async def test_begun_again_before_it_went_back_it_is_another_attempt(
    registry: Running, agent: Agent
) -> None:
    """An agent asks for leave by one way, and says by another that the device was lost."""
    device = await registry.register_terminal()
    job = await asked(registry, device)
    started = [await agent.begins(job.operation_id) for _ in range(2)]
    assert [(each.attempt, each.again) for each in started] == [(1, False), (2, True)]
    await agent.says(outcome_of(device, job, "pending", attempt=1))
    await agent.says(outcome_of(device, job, "success", attempt=2, result=Done()))
    await told_everything(registry, agent, device)
    assert (await entry(registry, job.operation_id)).status == "success"


async def test_what_does_not_last_never_goes_back(registry: Running, agent: Agent) -> None:
    device = await registry.register()
    job = await registry.operate(device, ReadInfo())
    await agent.begins(job.operation_id)
    await agent.says(outcome_of(device, job, "pending", attempt=1))
    await told_everything(registry, agent, device)
    assert (await entry(registry, job.operation_id)).status == "sent"


async def test_tried_again_it_was_not_begun_before(registry: Running, agent: Agent) -> None:
    device = await registry.register_terminal()
    job = await asked(registry, device)
    await agent.begins(job.operation_id)
    await agent.says(outcome_of(device, job, "failed", problem=AWAY, attempt=1))
    await registry.job_when(job, lambda each: each.status == "failed")
    await registry.ask(catalog.RETRY_JOB, RetryJob(job_id=job.job_id), Job)
    assert (await agent.begins(job.operation_id)).again is False


async def test_what_has_ended_does_not_go_back(registry: Running, agent: Agent) -> None:
    device = await registry.register_terminal()
    job = await asked(registry, device)
    await agent.begins(job.operation_id)
    ends: list[OperationStatus] = ["success", "pending"]
    for status in ends:
        await agent.says(outcome_of(device, job, status, attempt=1))
    await told_everything(registry, agent, device)
    assert (await entry(registry, job.operation_id)).status == "success"


# ── its time ─────────────────────────────────────────────────────────────────


async def test_it_keeps_its_days_whether_it_waits_or_was_sent(
    registry: Running, agent: Agent
) -> None:
    device, clock = await registry.register_terminal(), HandClock()
    ledger = Ledger(registry, clock)
    waits, begun = await asked(registry, device), await asked(registry, device)
    await agent.begins(begun.operation_id)
    clock.passes(days=LASTING_DAYS - 1)
    await ledger.worker.sweep()
    assert [(await registry.job(each.job_id)).status for each in (waits, begun)] == [
        "queued",
        "active",
    ]
    clock.passes(days=1, seconds=GRACE.total_seconds() + 5)
    await ledger.worker.sweep()
    for job in (waits, begun):
        found = await registry.job(job.job_id)
        assert found.problem is not None
        assert found.problem.code is Code.OPERATION_EXPIRED


@pytest.mark.parametrize("told", [True, False], ids=["told", "not told yet"])
async def test_a_device_that_comes_and_goes_does_not_keep_it_for_ever(
    registry: Running, told: bool
) -> None:
    device, clock = await registry.register_terminal(), HandClock()
    ledger = Ledger(registry, clock)
    job = await asked(registry, device)
    clock.passes(days=LASTING_DAYS, seconds=-120)
    for attempt in (1, 2):
        assert (await ledger.begins(job)).attempt == attempt
        if told:
            await ledger.ends(outcome_of(device, job, "pending", attempt=attempt))
        clock.passes(seconds=100)
    assert await fails(ledger.begins(job)) is Code.OPERATION_EXPIRED
    assert (await entry(registry, job.operation_id)).status == "failed"


async def test_tried_again_it_lasts_as_long_again(registry: Running, agent: Agent) -> None:
    device, clock = await registry.register_terminal(), HandClock()
    ledger = Ledger(registry, clock)
    job = await asked(registry, device)
    clock.passes(days=LASTING_DAYS, seconds=GRACE.total_seconds() + 5)
    await ledger.worker.sweep()
    await registry.job_when(job, lambda each: each.status == "failed")
    await agent.takes(device)
    await registry.ask(catalog.RETRY_JOB, RetryJob(job_id=job.job_id), Job)
    said = await agent.takes(device)
    assert said.lasting
    assert said.expires_at - job.queued_at > OPERATION_LIFE * 10
