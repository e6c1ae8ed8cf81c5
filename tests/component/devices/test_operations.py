"""Operations as they are asked: committed, and said to the device's agent."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import get_args

import pytest

from services.devices.rules.operations import OPERATION_LIFE
from shared.contracts.actions import (
    Action,
    ClearLog,
    DeleteUser,
    Enroll,
    PowerOff,
    PushUser,
    PutUser,
    ReadInfo,
    ReadLog,
    ReadOption,
    ReadTemplates,
    ReadTime,
    ReadUsers,
    Restart,
    SetTime,
    WriteOption,
    WriteTemplates,
)
from shared.contracts.auth import GRANTS
from shared.contracts.errors import Code
from shared.contracts.operations import SPECS, Operate
from shared.contracts.readings import Template
from shared.kit.clock import SystemClock
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
from tests.conftest import OTHER_OWNER, OWNER

ACTIONS: list[Action] = [
    ReadLog(),
    ClearLog(),
    ReadUsers(),
    ReadInfo(),
    ReadTime(),
    SetTime(),
    Restart(),
    PowerOff(),
    PutUser(user_id="7", create=True),
    DeleteUser(user_id="7"),
    ReadTemplates(),
    WriteTemplates(user_id="7"),
    Enroll(user_id="7", finger=1),
    ReadOption(name="IPAddress"),
    WriteOption(name="VOLUME", value="5"),
]
SINGLE: list[Action] = [ReadLog(), ClearLog(), ReadUsers()]


async def test_every_action_reaches_its_devices_consumer(registry: Running, agent: Agent) -> None:
    assert {each.kind for each in ACTIONS} == set(SPECS) - {"push_user"}
    device = await registry.register()
    jobs = [await registry.operate(device, each) for each in ACTIONS]
    for job, action in zip(jobs, ACTIONS, strict=True):
        said = await agent.takes(device)
        assert (said.operation_id, said.kind) == (job.operation_id, action.kind)
        assert (said.owner, said.site, said.device_id) == (OWNER, "hq", device.id)
        assert timedelta(minutes=9) < said.expires_at - SystemClock().now() <= OPERATION_LIFE
        started = await agent.begins(said.operation_id)
        assert (started.action, started.again) == (action, False)


async def test_jobs_have_their_documented_ids(registry: Running, agent: Agent) -> None:
    device = await registry.register()
    for action, name, queue in (
        (ReadLog(), "sync-device", "attendance-sync"),
        (ReadUsers(), "sync-users", "user-sync"),
    ):
        job = await registry.operate(device, action)
        assert job.job_id == f"{name}-{device.id}-{job.queued_at:%Y%m%d%H%M%S}"
        assert (job.type, job.status, job.queued_at.microsecond) == (queue, "queued", 0)
        assert await registry.job(job.job_id) == await registry.job(job.operation_id) == job
    other = await registry.operate(device, Restart())
    assert other.job_id == str(other.operation_id)
    assert await registry.job(other.job_id) == other


async def test_a_single_kind_is_returned_and_not_doubled(registry: Running, agent: Agent) -> None:
    device = await registry.register()
    for action in SINGLE:
        jobs = await asyncio.gather(*(registry.operate(device, action) for _ in range(8)))
        assert len({each.operation_id for each in jobs}) == 1
    rows = await registry.rows("select kind from operations order by kind")
    assert [row.kind for row in rows] == ["clear_log", "read_log", "read_users"]


async def test_the_database_alone_refuses_a_second_open_one(
    registry: Running, agent: Agent
) -> None:
    """The guard beneath the lock: without the check there is still one."""
    device = await registry.register()
    double = (
        "insert into operations select gen_random_uuid(), owner, site, device_id, n + 9, kind,"
        " status, job_id || '-2', created_at, sent_at, finished_at, expires_at, attempts, read,"
        " receipted, recorded, problem, requested_by from operations where id = :i returning 1"
    )
    for action in SINGLE:
        job = await registry.operate(device, action)
        with pytest.raises(Exception, match="operations_one_open"):
            await registry.rows(double, i=job.operation_id)
    other = await registry.operate(device, Restart())
    assert await registry.rows(double, i=other.operation_id), "the statement itself is good"


async def test_the_index_of_single_kinds_names_those_of_the_contract(registry: Running) -> None:
    (row,) = await registry.rows(
        "select indexdef from pg_indexes where indexname = 'operations_one_open'"
    )
    for kind, spec in SPECS.items():
        assert (f"'{kind}'" in row.indexdef) is spec.single


async def test_other_kinds_wait_in_line(registry: Running, agent: Agent) -> None:
    device = await registry.register()
    jobs = [await registry.operate(device, ReadInfo()) for _ in range(3)]
    assert [(await agent.takes(device)).operation_id for _ in jobs] == [
        each.operation_id for each in jobs
    ]
    rows = await registry.rows("select n, requested_by from operations order by n")
    assert [tuple(each) for each in rows] == [(n, "a@example.test") for n in (1, 2, 3)]


async def test_syncs_within_one_second_have_different_ids(registry: Running, agent: Agent) -> None:
    device, ledger = await registry.register(), Ledger(registry, HandClock())
    seen = []
    for _ in range(3):
        asked = Operate(device_id=device.id, action=ReadLog())
        job = await ledger.operations.operate(asked, caller())
        await ledger.ends(outcome_of(device, job, "success"))
        assert job.job_id == f"sync-device-{device.id}-{job.queued_at:%Y%m%d%H%M%S}"
        seen.append(job.queued_at)
    assert [each - seen[0] for each in seen] == [timedelta(seconds=n) for n in range(3)]


# ── who may ──────────────────────────────────────────────────────────────────


async def test_each_action_asks_for_its_own_permission(registry: Running, agent: Agent) -> None:
    device, granted = await registry.register(), set()
    for action in ACTIONS:
        ask = registry.operate(device, action, role="user")
        if SPECS[action.kind].permission in GRANTS["user"]:
            granted.add((await ask).kind)
        else:
            assert await fails(ask) is Code.FORBIDDEN
    assert granted == {"read_log", "read_users", "read_info", "read_time"}
    rows = await registry.rows("select kind from operations")
    assert {row.kind for row in rows} == granted


async def test_another_owners_device_is_not_there(registry: Running, present: Agent) -> None:
    device = await registry.register()
    theirs = registry.operate(device, ReadInfo(), owner=OTHER_OWNER, wait=1)
    assert await fails(theirs) is Code.NOT_FOUND
    nowhere = device.model_copy(update={"id": 2**70})
    assert await fails(registry.operate(nowhere, ReadInfo())) is Code.NOT_FOUND


async def test_templates_come_from_custody_only(registry: Running, agent: Agent) -> None:
    device = await registry.register()
    smuggled = WriteTemplates(
        user_id="7", templates=(Template(user_id="7", finger=1, data=b"from outside"),)
    )
    assert await fails(registry.operate(device, smuggled)) is Code.VALIDATION_ERROR


@pytest.mark.parametrize("field", ["name", "alias"])
async def test_what_the_ledger_cannot_hold_is_refused_by_name(
    registry: Running, agent: Agent, field: str
) -> None:
    device = await registry.register()
    action = Enroll.model_validate({"user_id": "7", "finger": 1, field: "a\0b"})
    with pytest.raises(MusterError) as caught:
        await registry.operate(device, action)
    assert caught.value.problem.code is Code.VALIDATION_ERROR
    assert [each.field for each in caught.value.problem.fields] == [f"action.{field}"]


async def test_a_person_is_pushed_by_a_transfer_only(registry: Running, agent: Agent) -> None:
    device = await registry.register()
    push = registry.operate(device, PushUser(user_id="7"))
    assert await fails(push) is Code.VALIDATION_ERROR


def test_no_kind_is_forgotten() -> None:
    kinds = {each.model_fields["kind"].default for each in get_args(get_args(Action)[0])}
    assert kinds == set(SPECS)
