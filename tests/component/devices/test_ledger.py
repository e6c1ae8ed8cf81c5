"""The ledger: every operation as callers list and look at it, and how it counts attempts."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from shared.contracts import catalog
from shared.contracts.actions import (
    Count,
    Enroll,
    Enrolment,
    EnrolmentBegun,
    PutUser,
    ReadInfo,
    ReadLog,
    ReadUsers,
    Restart,
)
from shared.contracts.devices import Device
from shared.contracts.doors import DoorPermit, PermitDoor
from shared.contracts.errors import Code
from shared.contracts.identity import object_id
from shared.contracts.operations import (
    AskOperationStats,
    CancelJob,
    Job,
    OperationStats,
    OperationStatus,
    RetryJob,
)
from shared.kit.clock import SystemClock, new_id
from shared.kit.errors import MusterError
from tests.component.devices.conftest import Agent, Running, eventually, fails, outcome_of
from tests.component.devices.terminals import connect, entry, listed
from tests.conftest import OTHER_OWNER, OWNER

AWAY = MusterError(Code.DEVICE_UNREACHABLE).problem


async def cancel(registry: Running, name: object) -> Job:
    return await registry.ask(catalog.CANCEL_JOB, CancelJob(job_id=str(name)), Job)


async def retry(registry: Running, name: object) -> Job:
    return await registry.ask(catalog.RETRY_JOB, RetryJob(job_id=str(name)), Job)


async def ends(registry: Running, agent: Agent, device: Device, job: Job, **said: Any) -> Job:
    await agent.says(outcome_of(device, job, **said))
    return await registry.job_when(job, lambda each: each.finished_at is not None)


# ── looking ──────────────────────────────────────────────────────────────────


async def test_every_operation_is_listed_newest_first(registry: Running, agent: Agent) -> None:
    device = await registry.register(serial_number="ab-1")
    jobs = [await registry.operate(device, ReadInfo()) for _ in range(3)]
    leave = await registry.ask(catalog.PERMIT_DOOR, PermitDoor(device_id=device.id), DoorPermit)
    ids = [*(each.operation_id for each in jobs), leave.operation_id]
    found = await listed(registry)
    assert ([each.operation_id for each in found.items], found.total) == (ids[::-1], 4)
    unlock = found.items[0]
    assert (unlock.kind, unlock.action, unlock.serial_number) == ("unlock", {}, "ab-1")
    assert unlock.requested_by == "a@example.test"
    second = await listed(registry, page=2, limit=3)
    assert ([each.operation_id for each in second.items], second.total) == (ids[:1], 4)
    assert (await listed(registry, OTHER_OWNER)).total == 0


async def test_of_one_moment_the_id_decides(registry: Running, agent: Agent) -> None:
    device = await registry.register()
    for _ in range(5):
        await registry.operate(device, ReadInfo())
    await registry.rows("update operations set created_at = '2026-01-01Z' returning 1")
    pages = [(await listed(registry, page=n, limit=2)).items for n in (1, 2, 3)]
    ids = [str(each.operation_id) for page in pages for each in page]
    assert ids == sorted(ids, reverse=True)
    assert len(ids) == 5


async def test_every_filter(registry: Running, agent: Agent) -> None:
    one = await registry.register("10.0.0.1", serial_number="Ab-1")
    other = await registry.register("10.0.0.2", serial_number="Ab-2")
    first = await registry.operate(one, ReadInfo())
    await registry.operate(other, Restart())
    await cancel(registry, first.job_id)
    at = first.queued_at

    async def kinds(**asked: Any) -> list[str]:
        return [each.kind for each in (await listed(registry, **asked)).items]

    assert await kinds(serial="aB-1") == ["read_info"]
    assert await kinds(serial="b-1") == await kinds(serial="Ab-1\x00") == []
    assert await kinds(kinds=("restart", "unlock")) == ["restart"]
    assert await kinds(kinds=()) == []
    assert await kinds(status="canceled") == ["read_info"]
    assert await kinds(status="pending") == ["restart"]
    assert await kinds(start=at, end=at + timedelta(microseconds=1)) == ["read_info"]
    assert await kinds(end=at) == []
    naive = at.replace(tzinfo=None)
    assert await kinds(start=naive + timedelta(microseconds=1)) == ["restart"], "UTC"
    assert await kinds(serial="Ab-2", kinds=("restart",), status="pending", start=at) == ["restart"]


async def test_one_is_known_by_three_names_to_its_owner(registry: Running, agent: Agent) -> None:
    device = await registry.register()
    job = await registry.operate(device, ReadLog())
    names = [job.job_id, job.operation_id, object_id(job.operation_id)]
    names.append(object_id(job.operation_id).upper())
    for name in names:
        assert (await entry(registry, name)).operation_id == job.operation_id
        assert (await registry.job(name)) == job
        for stranger in (entry(registry, name, OTHER_OWNER), registry.job(name, OTHER_OWNER)):
            assert await fails(stranger) is Code.NOT_FOUND
    short = object_id(job.operation_id)
    assert (await cancel(registry, short)).status == "failed"
    assert (await retry(registry, short)).status == "queued"
    for wrong in (object_id(new_id()), short[:-1], short + "0", "z" * 24, short + "\x00", ""):
        assert await fails(entry(registry, wrong)) is Code.NOT_FOUND


async def test_secrets_are_masked(registry: Running, agent: Agent) -> None:
    device = await registry.register()
    action = PutUser.model_validate({"user_id": "7", "create": True, "password": "86420135"})
    job = await registry.operate(device, action)
    found = await entry(registry, job.operation_id)
    assert (found.action["user_id"], found.action["password"]) == ("7", "**********")
    assert "86420135" not in (await listed(registry)).model_dump_json()


async def test_they_are_counted_by_kind_and_status(registry: Running, agent: Agent) -> None:
    device = await registry.register()
    for _ in range(2):
        await registry.operate(device, ReadInfo())
    await cancel(registry, (await registry.operate(device, ReadInfo())).job_id)
    await registry.ask(catalog.PERMIT_DOOR, PermitDoor(device_id=device.id), DoorPermit)

    async def counted(owner: str) -> list[tuple[str, str, int]]:
        asked = AskOperationStats()
        found = await registry.ask(catalog.OPERATION_STATS, asked, OperationStats, owner=owner)
        return [(each.kind, each.status, each.count) for each in found.counts]

    expected = [("read_info", "canceled", 1), ("read_info", "pending", 2), ("unlock", "pending", 1)]
    assert await counted(OWNER) == expected
    assert await counted(OTHER_OWNER) == []


# ── what devices say ─────────────────────────────────────────────────────────


async def test_the_devices_own_answer_is_kept(registry: Running, agent: Agent) -> None:
    device = await registry.register()
    job = await registry.operate(device, Restart())
    await agent.begins(job.operation_id)
    said = {"ret": "re\0boot", "result": False, "msg": ["a\0", {"b\0": 1}]}
    await ends(registry, agent, device, job, status="failed", problem=AWAY, said=said, attempt=1)
    found = await entry(registry, job.operation_id)
    assert found.said == {"ret": "reboot", "result": False, "msg": ["a", {"b": 1}]}
    assert found.problem is not None
    assert (found.problem.code, found.sent_at is not None) == (Code.DEVICE_UNREACHABLE, True)
    await retry(registry, job.job_id)
    again = await entry(registry, job.operation_id)
    assert (again.said, again.problem, again.sent_at) == (None, None, None)


async def test_an_enrolment_goes_on_after_its_operation(registry: Running, agent: Agent) -> None:
    device = await registry.register()
    job = await registry.operate(device, Enroll(user_id="7", finger=50, follow=False))
    await agent.begins(job.operation_id)
    begun = EnrolmentBegun(user_id="7", finger=50)
    await ends(registry, agent, device, job, status="success", result=begun, attempt=1)
    now = SystemClock().now()

    async def goes_on(state: str, seconds: int, **more: Any) -> None:
        at = now + timedelta(seconds=seconds)
        news = Enrolment.model_validate({"state": state, "at": at})
        said = {"status": "success", "enrolment": news, "attempt": 1, **more}
        await agent.says(outcome_of(device, job, **said))

    for state, seconds in (("started", 1), ("captured", 5), ("started", 3)):
        await goes_on(state, seconds)
    await goes_on("failed", 9, attempt=0)
    await told_everything(registry, agent, device)
    found = await entry(registry, job.operation_id)
    assert found.enrolment is not None
    assert (found.enrolment.state, found.status, found.result) == ("captured", "success", begun)
    await goes_on("timeout", 9)
    await told_everything(registry, agent, device)
    newest = (await entry(registry, job.operation_id)).enrolment
    assert newest is not None
    assert newest.state == "timeout"


async def test_only_an_enrolment_has_one(registry: Running, agent: Agent) -> None:
    device = await registry.register()
    job = await registry.operate(device, Restart())
    news = Enrolment(state="captured", at=SystemClock().now())
    await ends(registry, agent, device, job, status="success", enrolment=news)
    assert (await entry(registry, job.operation_id)).enrolment is None


async def told_everything(registry: Running, agent: Agent, device: Device) -> None:
    """Wait until the registry has heard all that was said before."""
    last = await registry.operate(device, ReadInfo())
    await ends(registry, agent, device, last, status="success")


# ── counting attempts ────────────────────────────────────────────────────────


async def test_attempts_are_counted_when_they_are_sent_or_asked_for_again(
    registry: Running, agent: Agent
) -> None:
    device = await registry.register()
    job = await registry.operate(device, ReadUsers())

    async def attempts() -> int:
        return (await entry(registry, job.operation_id)).attempts

    assert await attempts() == 0
    for attempt in (1, 2, 3):
        assert (await agent.begins(job.operation_id)).attempt == attempt
        assert (await agent.begins(job.operation_id)).attempt == attempt, "begun by another agent"
        assert await attempts() == attempt
        await ends(registry, agent, device, job, status="failed", problem=AWAY, attempt=attempt)
        assert (await retry(registry, job.job_id)).attempts == attempt + 1, "at once"


async def test_what_was_canceled_before_it_was_sent_counts_its_next_attempt_once(
    registry: Running, agent: Agent
) -> None:
    device = await registry.register()
    job = await registry.operate(device, Restart())
    for _ in range(2):
        assert (await cancel(registry, job.job_id)).status == "failed"
        assert (await retry(registry, job.job_id)).attempts == 1
    assert (await agent.begins(job.operation_id)).attempt == 1


async def test_a_former_attempts_word_is_none_while_the_next_waits(
    registry: Running, agent: Agent
) -> None:
    device = await registry.register()
    job = await registry.operate(device, ReadUsers())
    await agent.begins(job.operation_id)
    await ends(registry, agent, device, job, status="failed", problem=AWAY, attempt=1)
    await retry(registry, job.job_id)
    late: list[OperationStatus] = ["failed", "pending", "success"]
    for each in late:
        await agent.says(outcome_of(device, job, each, attempt=1))
    await told_everything(registry, agent, device)
    assert (await entry(registry, job.operation_id)).status == "pending"
    assert (await agent.begins(job.operation_id)).attempt == 2
    done = {"status": "success", "result": Count(count=1), "attempt": 2}
    assert (await ends(registry, agent, device, job, **done)).status == "completed"


@pytest.mark.parametrize("status", ["sent", "success"])
async def test_an_agent_that_asks_no_leave_uses_the_counted_attempt_up(
    registry: Running, agent: Agent, status: OperationStatus
) -> None:
    device = await registry.register()
    job = await registry.operate(device, ReadUsers())
    await ends(registry, agent, device, job, status="failed", problem=AWAY)
    assert (await retry(registry, job.job_id)).attempts == 1
    await agent.says(outcome_of(device, job, status))

    async def heard() -> bool:
        return (await entry(registry, job.operation_id)).status == status

    await eventually(heard)
    if status == "sent":
        await ends(registry, agent, device, job, status="failed", problem=AWAY)
        assert (await retry(registry, job.job_id)).attempts == 2


async def test_a_terminal_is_in_the_ledger_by_its_serial(registry: Running, agent: Agent) -> None:
    device = await registry.register_terminal("ZXRE25000001")
    await connect(registry, agent, device)
    await registry.operate(device, ReadInfo())
    (found,) = (await listed(registry, serial="zxre25000001")).items
    assert found.serial_number == "ZXRE25000001"
