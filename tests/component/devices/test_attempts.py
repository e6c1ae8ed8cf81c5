"""Operations tried again, and what is still on its way from the attempt before."""

from __future__ import annotations

import pytest

from shared.contracts import catalog
from shared.contracts.actions import Count, OptionRead, ReadOption, ReadUsers, Restart
from shared.contracts.devices import Device
from shared.contracts.errors import Code
from shared.contracts.operations import Job, RetryJob
from shared.contracts.readings import Alarm
from shared.kit.clock import SystemClock, new_id
from shared.kit.errors import MusterError
from tests.component.devices.conftest import Agent, Running, eventually, outcome_of
from tests.conftest import OWNER

AWAY = MusterError(Code.DEVICE_UNREACHABLE).problem


async def failed(registry: Running, agent: Agent, device: Device) -> Job:
    """An operation whose first attempt was begun and failed."""
    job = await registry.operate(device, ReadUsers())
    assert (await agent.begins(job.operation_id)).attempt == 1
    await agent.says(outcome_of(device, job, "failed", problem=AWAY, attempt=1))
    return await registry.job_when(job, lambda each: each.status == "failed")


async def retried(registry: Running, job: Job) -> Job:
    return await registry.ask(catalog.RETRY_JOB, RetryJob(job_id=job.job_id), Job)


async def told_everything(registry: Running, agent: Agent, device: Device) -> None:
    """Wait until the registry has heard all that was said before."""
    last = await registry.operate(device, Restart())
    await agent.says(outcome_of(device, last, "failed", problem=AWAY))
    await registry.job_when(last, lambda each: each.status == "failed")


async def test_an_end_that_comes_again_does_not_end_the_next_attempt(
    registry: Running, agent: Agent
) -> None:
    device = await registry.register()
    job = await failed(registry, agent, device)
    again = outcome_of(device, job, "failed", problem=AWAY, attempt=1)
    assert (await retried(registry, job)).status == "queued"
    await agent.says(again)
    await told_everything(registry, agent, device)
    assert (await registry.job(job.job_id)).status == "queued"
    assert (await agent.begins(job.operation_id)).attempt == 2
    await agent.says(again)
    await told_everything(registry, agent, device)
    assert (await registry.job(job.job_id)).status == "active"
    done = outcome_of(device, job, "success", result=Count(count=0), attempt=2)
    await agent.says(done)
    await registry.job_when(job, lambda each: each.status == "completed")


async def test_begun_by_another_agent_it_is_the_same_attempt(
    registry: Running, agent: Agent
) -> None:
    device = await registry.register()
    job = await registry.operate(device, ReadUsers())
    starts = [await agent.begins(job.operation_id) for _ in range(2)]
    assert [(each.again, each.attempt) for each in starts] == [(False, 1), (True, 1)]
    await agent.says(outcome_of(device, job, "success", result=Count(count=0), attempt=1))
    await registry.job_when(job, lambda each: each.status == "completed")


async def test_an_agent_that_names_no_attempt_is_believed(registry: Running, agent: Agent) -> None:
    """One of the first version, or one that was refused leave for a reason of its own."""
    device = await registry.register()
    job = await failed(registry, agent, device)
    await retried(registry, job)
    await agent.says(outcome_of(device, job, "failed", problem=AWAY))
    await registry.job_when(job, lambda each: each.status == "failed")


# ── what devices say ─────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ("success", {"result": OptionRead.model_construct(name="MAC", value="a\0b\0")}),
        ("failed", {"problem": AWAY.model_copy(update={"details": "a\0b\0"})}),
    ],
)
async def test_an_end_that_quotes_padding_is_recorded(
    registry: Running, agent: Agent, status: str, said: dict[str, object]
) -> None:
    device = await registry.register()
    job = await registry.operate(device, ReadOption(name="MAC"))
    # As an agent sends it that does not know better: built without a look at its fields.
    plain = outcome_of(device, job, "sent")
    await agent.says(plain.model_copy(update={"status": status, **said}))
    ended = await registry.job_when(job, lambda each: each.finished_at is not None)
    if ended.problem is None:
        assert ended.result == OptionRead(name="MAC", value="ab")
    else:
        assert ended.problem.details == "ab"


async def test_an_alarm_that_quotes_padding_is_kept(registry: Running, agent: Agent) -> None:
    device = await registry.register()
    alarm = Alarm(
        alarm_id=new_id(),
        owner=OWNER,
        site=device.site,
        device_id=device.id,
        at=SystemClock().now(),
        code=Code.UNKNOWN_FORM,
        details="",
    )
    await agent.alarms(alarm.model_copy(update={"details": "a\0b"}), device)

    async def kept() -> bool:
        return bool(await registry.rows("select 1 from alarms where details = 'ab'"))

    await eventually(kept)
