"""Operations as agents do them: leave to begin, progress, ends, and what follows from an end."""

from __future__ import annotations

import json
from uuid import UUID

import pytest

from services.devices.rules.operations import GRACE, OPERATION_LIFE
from shared.contracts import catalog, subjects
from shared.contracts.actions import (
    Cleared,
    ClearLog,
    Count,
    PutUser,
    ReadLog,
    ReadUsers,
    Restart,
)
from shared.contracts.agents import RosterChanged, Start, Started
from shared.contracts.devices import Device
from shared.contracts.errors import Code
from shared.contracts.operations import CancelJob, Job, Operate, OperationStatus, Progress
from shared.kit import rpc
from shared.kit.clock import SystemClock, new_id
from shared.kit.errors import MusterError
from tests.component.devices.conftest import (
    Agent,
    HandClock,
    Ledger,
    MakeBus,
    Running,
    caller,
    fails,
    outcome_of,
)
from tests.conftest import OTHER_OWNER


async def asked(registry: Running, device: Device, action: object = None) -> Job:
    return await registry.operate(device, action or ReadLog())  # type: ignore[arg-type]


# ── leave to begin ───────────────────────────────────────────────────────────


async def test_an_operation_begins_once_and_is_known_when_it_begins_again(
    registry: Running, agent: Agent
) -> None:
    device = await registry.register()
    job = await asked(registry, device, Restart())
    assert (await registry.job(job.job_id)).attempts == 0
    first = await agent.begins(job.operation_id)
    assert (first.action, first.again) == (Restart(), False)
    begun = await registry.job(job.job_id)
    assert (begun.status, begun.attempts) == ("active", 1)
    assert begun.started_at is not None
    assert (await agent.begins(job.operation_id)).again is True
    assert await registry.job(job.job_id) == begun


async def test_an_agent_gets_the_secrets_and_the_ledger_loses_them_at_the_end(
    registry: Running, agent: Agent
) -> None:
    device = await registry.register()
    action = PutUser.model_validate({"user_id": "7", "create": True, "password": "86420135"})
    job = await asked(registry, device, action)
    started = await agent.begins(job.operation_id)
    assert isinstance(started.action, PutUser)
    assert started.action == action
    assert started.action.password is not None
    assert started.action.password.get_secret_value() == "86420135"
    await agent.says(outcome_of(device, job, "failed"))
    await registry.job_when(job, lambda each: each.status == "failed")
    (row,) = await registry.rows("select sealed, action ->> 'password' as p from operations")
    assert (row.sealed, row.p) == ("", "**********")


async def test_no_leave_is_given_for_what_is_not_there(
    registry: Running, agent: Agent, bus_of: MakeBus
) -> None:
    device = await registry.register()
    job = await asked(registry, device)
    assert await fails(agent.begins(new_id())) is Code.NOT_FOUND
    elsewhere = Agent(await bus_of("agent-annex"), "annex")
    assert await fails(elsewhere.begins(job.operation_id)) is Code.NOT_FOUND
    mine = subjects.rpc_of_site("devices", "start", "hq")
    request = Start(operation_id=job.operation_id)
    denied = rpc.ask(elsewhere.bus, catalog.START, request, Started, subject=mine)
    assert await fails(denied) is Code.SERVICE_UNAVAILABLE, "the broker refuses another site's"
    assert (await registry.job(job.job_id)).status == "queued"


@pytest.mark.parametrize("end", ["success", "failed"])
async def test_no_leave_is_given_for_what_has_ended(
    registry: Running, agent: Agent, end: OperationStatus
) -> None:
    device = await registry.register()
    job = await asked(registry, device)
    await agent.says(outcome_of(device, job, end))
    await registry.job_when(job, lambda each: each.finished_at is not None)
    assert await fails(agent.begins(job.operation_id)) is Code.CONFLICT


async def test_no_leave_is_given_for_what_was_canceled(registry: Running, agent: Agent) -> None:
    device = await registry.register()
    job = await asked(registry, device)
    await registry.ask(catalog.CANCEL_JOB, CancelJob(job_id=job.job_id), Job)
    assert await fails(agent.begins(job.operation_id)) is Code.OPERATION_CANCELED


async def test_what_begins_too_late_ends_as_expired(registry: Running, agent: Agent) -> None:
    clock = HandClock()
    ledger = Ledger(registry, clock)
    device = await registry.register()
    job = await asked(registry, device)
    clock.passes(seconds=OPERATION_LIFE.total_seconds() + 1)
    where = subjects.rpc_of_site("devices", "start", "hq")
    for _ in range(2):
        late = ledger.outcomes.start(where, Start(operation_id=job.operation_id))
        assert await fails(late) is Code.OPERATION_EXPIRED
    ended = await registry.job(job.job_id)
    assert ended.problem is not None
    assert (ended.status, ended.problem.code) == ("failed", Code.OPERATION_EXPIRED)


async def test_an_operation_of_the_first_version_is_still_done(
    registry: Running, agent: Agent
) -> None:
    device = await registry.register()
    job = await asked(registry, device)
    await registry.rows("update operations set action = default returning 1")
    assert (await agent.begins(job.operation_id)).action == ReadLog()


# ── how it goes and ends ─────────────────────────────────────────────────────


async def test_outcomes_are_followed_whatever_their_order(registry: Running, agent: Agent) -> None:
    device = await registry.register()
    job = await asked(registry, device)
    await agent.says(outcome_of(device, job, "sent", 200))
    active = await registry.job_when(job, lambda each: each.progress.read == 200)
    assert active.status == "active"
    assert active.started_at is not None
    for status, read in (("sent", 100), ("sent", 500), ("success", 500)):
        await agent.says(outcome_of(device, job, status, read))  # type: ignore[arg-type]
    done = await registry.job_when(job, lambda each: each.status == "completed")
    assert done.progress.read == 500
    assert done.finished_at is not None
    for status, read in (("sent", 900), ("failed", 0), ("success", 500)):
        await agent.says(outcome_of(device, job, status, read))  # type: ignore[arg-type]
    last = await asked(registry, device)
    await agent.says(outcome_of(device, last, "success", 1))
    await registry.job_when(last, lambda each: each.status == "completed")
    assert await registry.job(job.job_id) == done, "an ended job was reopened"


async def test_progress_and_result_are_told(registry: Running, agent: Agent) -> None:
    device = await registry.register()
    job = await asked(registry, device, ReadUsers())
    await agent.begins(job.operation_id)
    for done in (100, 60, 200):
        progress = Progress(total=250, done=done)
        await agent.says(outcome_of(device, job, "sent", progress=progress))
    await registry.job_when(job, lambda each: each.progress == Progress(total=250, done=200))
    await agent.says(outcome_of(device, job, "success", result=Count(count=250)))
    ended = await registry.job_when(job, lambda each: each.status == "completed")
    assert ended.progress == Progress(total=250, done=200), "counts never fall"
    assert (ended.result, ended.attempts) == (Count(count=250), 1)


async def test_an_ended_sync_makes_room_for_the_next(registry: Running, agent: Agent) -> None:
    device = await registry.register()
    first = await asked(registry, device)
    await agent.says(outcome_of(device, first, "failed"))
    await registry.job_when(first, lambda each: each.status == "failed")
    second = await asked(registry, device)
    assert second.job_id != first.job_id


@pytest.mark.parametrize(
    "wrong", [{"owner": OTHER_OWNER}, {"operation_id": UUID(int=7)}, {"device_id": 2**70}]
)
async def test_an_outcome_of_another_operation_is_a_dead_letter(
    registry: Running, agent: Agent, wrong: dict[str, object]
) -> None:
    device = await registry.register()
    job = await asked(registry, device)
    right = outcome_of(device, job, "success")
    await agent.says(right.model_copy(update=wrong))
    await agent.says(right)
    await registry.job_when(job, lambda each: each.status == "completed")
    letter = await registry.dead_letter()
    assert json.loads(letter)["status"] == "success"


async def test_an_outcome_from_another_sites_subject_changes_nothing(
    registry: Running, agent: Agent
) -> None:
    device = await registry.register()
    job = await asked(registry, device)
    said = outcome_of(device, job, "success")
    handler = Ledger(registry, SystemClock()).outcomes
    with pytest.raises(MusterError):
        await handler.outcome(subjects.outcome("annex", device.id), said)
    assert (await registry.job(job.job_id)).status == "queued"


async def test_a_cleared_log_is_filled_anew_and_the_agents_are_told(
    registry: Running, agent: Agent
) -> None:
    device = await registry.register()
    heard = await agent.bus.client.subscribe(subjects.roster_changed("hq"))
    await agent.bus.client.flush()
    before = (await agent.roster()).devices[0].epoch
    failed = await asked(registry, device, ClearLog())
    await agent.says(outcome_of(device, failed, "failed"))
    await registry.job_when(failed, lambda each: each.status == "failed")
    assert (await agent.roster()).devices[0].epoch == before
    job = await asked(registry, device, ClearLog())
    cleared = outcome_of(device, job, "success", result=Cleared(records=5, noted=True))
    for _ in range(2):
        await agent.says(cleared)
    message = await heard.next_msg(timeout=5)
    assert RosterChanged.model_validate_json(message.data).site == "hq"
    last = await asked(registry, device)
    await agent.says(outcome_of(device, last, "success"))
    await registry.job_when(last, lambda each: each.status == "completed")
    assert (await agent.roster()).devices[0].epoch == before + 1, "once, however often it is said"


# ── what is never heard of ───────────────────────────────────────────────────


async def test_what_is_never_heard_of_fails_and_what_goes_on_lives(
    registry: Running, agent: Agent
) -> None:
    clock = HandClock()
    ledger = Ledger(registry, clock)
    lost, alive = await registry.register("10.0.0.1"), await registry.register("10.0.0.2")
    lost_job, alive_job = [
        await ledger.operations.operate(Operate(device_id=each.id, action=ReadLog()), caller())
        for each in (lost, alive)
    ]
    clock.passes(minutes=9)
    await ledger.ends(outcome_of(alive, alive_job, "sent", 10))
    clock.passes(minutes=1)
    await ledger.worker.sweep()
    assert (await registry.job(lost_job.job_id)).status == "queued", "its word may be late"
    clock.passes(seconds=GRACE.total_seconds() + 1)
    await ledger.worker.sweep()
    expired = await registry.job(lost_job.job_id)
    assert expired.status == "failed"
    assert expired.problem is not None
    assert expired.problem.code is Code.OPERATION_EXPIRED
    assert (await registry.job(alive_job.job_id)).status == "active"
    await ledger.ends(outcome_of(lost, lost_job, "sent", 10))
    assert (await registry.job(lost_job.job_id)).status == "failed"


async def test_what_was_begun_and_is_not_the_same_twice_ends_as_unknown(
    registry: Running, agent: Agent
) -> None:
    clock = HandClock()
    device = await registry.register()
    jobs = {kind: await asked(registry, device, kind) for kind in (Restart(), ReadUsers())}
    for job in jobs.values():
        await agent.begins(job.operation_id)
    clock.passes(seconds=(OPERATION_LIFE + GRACE).total_seconds() + 5)
    await Ledger(registry, clock).worker.sweep()
    ends = [(await registry.job(each.operation_id)).problem for each in jobs.values()]
    assert [each.code for each in ends if each] == [Code.OUTCOME_UNKNOWN, Code.OPERATION_EXPIRED]
