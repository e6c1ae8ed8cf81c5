"""Templates copied from one device to another, once they are read."""

from __future__ import annotations

import asyncio

import pytest

from shared.contracts import catalog
from shared.contracts.errors import Code
from shared.contracts.operations import CancelJob, Job, Progress, RetryJob
from tests.component.devices.conftest import (
    Agent,
    HandClock,
    Ledger,
    MakeBus,
    Running,
    eventually,
    fails,
    outcome_of,
)
from tests.component.devices.custody import copied, first_of, reading, template, written
from tests.conftest import OTHER_OWNER


async def test_templates_are_copied_once_they_are_read(registry: Running, agent: Agent) -> None:
    source, target = await registry.register("10.0.0.1"), await registry.register("10.0.0.2")
    await reading(registry, agent, source, template(1, b"stale"), template(5, b"removed since"))
    await agent.takes(source)
    await reading(registry, agent, target, template(8, b"the target's own"))
    await agent.takes(target)
    job = await copied(registry, source, target)
    assert (job.kind, job.device_id, job.status) == ("write_templates", target.id, "queued")
    first = await first_of(registry, job)
    assert (await agent.takes(source)).operation_id == first.operation_id
    info = await registry.service.bus.js.stream_info("OPERATION_hq")
    assert info.state.messages == 0, "the second waits for the first"
    await agent.begins(first.operation_id)
    await agent.gives_templates(source, first.operation_id, template(1, b"new"), template(2))
    await agent.says(outcome_of(source, first, "success"))
    said = await agent.takes(target)
    assert (said.operation_id, said.kind) == (job.operation_id, "write_templates")
    assert await written(agent, job) == {1: b"new", 2: b"fresh"}, "what was just read, no more"


async def test_a_later_reading_does_not_empty_a_copy(registry: Running, agent: Agent) -> None:
    source, target = await registry.register("10.0.0.1"), await registry.register("10.0.0.2")
    job = await copied(registry, source, target)
    first = await first_of(registry, job)
    await agent.begins(first.operation_id)
    await agent.gives_templates(source, first.operation_id, template(1))
    await agent.says(outcome_of(source, first, "success"))
    await reading(registry, agent, source, template(1, b"newer"))
    assert await written(agent, job) == {1: b"newer"}


@pytest.mark.parametrize("end", ["failed", "canceled"])
async def test_a_copy_ends_with_a_reading_that_came_to_nothing(
    registry: Running, agent: Agent, end: str
) -> None:
    source, target = await registry.register("10.0.0.1"), await registry.register("10.0.0.2")
    job = await copied(registry, source, target)
    first = await first_of(registry, job)
    if end == "failed":
        await agent.says(outcome_of(source, first, "failed"))
    else:
        await registry.ask(catalog.CANCEL_JOB, CancelJob(job_id=first.job_id), Job)
    ended = await registry.job_when(job, lambda each: each.status == "failed")
    assert ended.problem is not None
    assert ended.problem.code is Code.OPERATION_CANCELED
    assert "waited for another operation" in ended.problem.details
    (row,) = await registry.rows("select status from operations where id = :i", i=job.operation_id)
    assert row.status == "canceled"


async def test_a_copy_that_is_tried_again_begins_at_the_beginning(
    registry: Running, agent: Agent
) -> None:
    source, target = await registry.register("10.0.0.1"), await registry.register("10.0.0.2")
    job = await copied(registry, source, target)
    first = await first_of(registry, job)
    await agent.takes(source)
    await agent.says(outcome_of(source, first, "failed"))
    await registry.job_when(job, lambda each: each.status == "failed")
    again = await registry.ask(catalog.RETRY_JOB, RetryJob(job_id=job.job_id), Job)
    assert again.status == "queued"
    assert (await agent.takes(source)).operation_id == first.operation_id
    await agent.begins(first.operation_id)
    await agent.gives_templates(source, first.operation_id, template(4))
    await agent.says(outcome_of(source, first, "success"))
    assert (await agent.takes(target)).operation_id == job.operation_id
    assert await written(agent, job) == {4: b"fresh"}


async def test_only_between_two_devices_of_ones_own(
    registry: Running, agent: Agent, bus_of: MakeBus
) -> None:
    await Agent(await bus_of("agent-other"), "other").start()
    mine = await registry.register()
    theirs = await registry.register(owner=OTHER_OWNER)
    assert await fails(copied(registry, mine, mine)) is Code.VALIDATION_ERROR
    for source, target in ((mine, theirs), (theirs, mine)):
        assert await fails(copied(registry, source, target)) is Code.NOT_FOUND
    assert await registry.rows("select 1 from operations") == []


async def test_a_copy_has_time_for_as_long_as_its_reading_goes_on(
    registry: Running, agent: Agent
) -> None:
    clock = HandClock()
    ledger = Ledger(registry, clock)
    source, target = await registry.register("10.0.0.1"), await registry.register("10.0.0.2")
    job = await copied(registry, source, target)
    first = await first_of(registry, job)
    for done in (1, 2, 3):
        clock.passes(minutes=9)
        await ledger.ends(outcome_of(source, first, "sent", progress=Progress(done=done)))
        await ledger.worker.sweep()
        assert (await registry.job(job.job_id)).status == "queued"
    await ledger.ends(outcome_of(source, first, "success"))
    await ledger.worker.sweep()
    assert (await agent.takes(target)).expires_at > clock.now()
    clock.passes(minutes=11)
    await ledger.worker.sweep()
    assert (await registry.job(job.job_id)).status == "failed"


async def test_copies_back_and_forth_at_once_do_not_lock_each_other(
    registry: Running, agent: Agent
) -> None:
    one, other = await registry.register("10.0.0.1"), await registry.register("10.0.0.2")
    ways = [(one, other), (other, one)] * 8
    jobs = await asyncio.gather(*(copied(registry, *way) for way in ways))
    assert len({each.operation_id for each in jobs}) == len(ways)

    async def all_said() -> bool:
        info = await registry.service.bus.js.stream_info("OPERATION_hq")
        return info.state.messages == len(ways)

    await eventually(all_said)
    for job in jobs:
        await registry.ask(catalog.CANCEL_JOB, CancelJob(job_id=job.job_id), Job)
    again = [registry.ask(catalog.RETRY_JOB, RetryJob(job_id=each.job_id), Job) for each in jobs]
    assert {each.status for each in await asyncio.gather(*again)} == {"queued"}
