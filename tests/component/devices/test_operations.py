"""Operations as they are asked: committed, said to the device's agent, and waited for."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import get_args

import pytest

from services.devices.app import build
from services.devices.handlers import operations as handlers
from services.devices.rules.devices import CONNECTED
from services.devices.rules.operations import OPERATION_LIFE
from shared.contracts import catalog
from shared.contracts.actions import (
    Action,
    ClearLog,
    Count,
    DeleteUser,
    Enroll,
    Info,
    PowerOff,
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
from shared.contracts.devices import Device, RemoveDevice
from shared.contracts.errors import Code
from shared.contracts.operations import SPECS, Operate, Progress
from shared.contracts.readings import Template
from shared.kit.clock import SystemClock
from tests.component.devices.conftest import (
    Agent,
    HandClock,
    Ledger,
    Running,
    caller,
    eventually,
    fails,
    outcome_of,
    running,
)
from tests.conftest import OTHER_OWNER, OWNER, Platform

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
    assert {each.kind for each in ACTIONS} == set(SPECS)
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


# ── waiting ──────────────────────────────────────────────────────────────────


async def test_who_waits_is_told_how_it_ended(registry: Running, present: Agent) -> None:
    device = await registry.register()
    asking = asyncio.ensure_future(registry.operate(device, ReadInfo(), wait=10))
    said = await present.takes(device)
    await present.begins(said.operation_id)
    job = await registry.job(said.operation_id)
    assert (job.status, job.attempts) == ("active", 1)
    info = Info(serial="S-1", firmware="Ver 6.60")
    await present.says(outcome_of(device, job, "success", result=info))
    ended = await asking
    assert (ended.status, ended.result) == ("completed", info)
    assert ended == await registry.job(said.operation_id)


async def test_the_news_wakes_and_not_only_the_poll(
    registry: Running, present: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handlers, "POLL_SECONDS", 60.0)
    device = await registry.register()
    asking = asyncio.ensure_future(registry.operate(device, Restart(), wait=10))
    job = await registry.job((await present.takes(device)).operation_id)
    await present.says(outcome_of(device, job, "success"))
    async with asyncio.timeout(5):
        assert (await asking).status == "completed"


async def test_who_waits_in_vain_is_told_how_it_stands(registry: Running, present: Agent) -> None:
    device = await registry.register()
    job = await registry.operate(device, ReadInfo(), wait=0.3)
    assert (job.status, job.finished_at) == ("queued", None)


async def test_nobody_waits_for_more_than_they_have_patience_for(
    registry: Running, present: Agent
) -> None:
    device = await registry.register()
    ask = registry.operate(device, ReadUsers(), wait=10, patient_above=100)
    asking = asyncio.ensure_future(ask)
    job = await registry.job((await present.takes(device)).operation_id)
    for total in (100, 101):
        assert not asking.done()
        await present.says(outcome_of(device, job, "sent", progress=Progress(total=total)))
    async with asyncio.timeout(5):
        patient = await asking
    assert (patient.status, patient.progress.total) == ("active", 101)


async def test_without_an_agent_who_waits_is_told_at_once(
    registry: Running, present: Agent
) -> None:
    device = await registry.register()
    clock = HandClock()
    ledger = Ledger(registry, clock)
    clock.passes(seconds=CONNECTED.total_seconds() + 5)
    asked = Operate(device_id=device.id, action=ReadInfo(), wait=10)
    async with asyncio.timeout(3):
        assert await fails(ledger.operations.operate(asked, caller())) is Code.NO_AGENT
    assert await registry.rows("select 1 from operations") == []
    sync = Operate(device_id=device.id, action=ReadLog())
    assert (await ledger.operations.operate(sync, caller())).status == "queued"


async def test_many_wait_at_once_and_hold_no_connection(registry: Running, present: Agent) -> None:
    device = await registry.register()
    asked = 60
    asking = [
        asyncio.ensure_future(registry.operate(device, ReadInfo(), wait=8)) for _ in range(asked)
    ]

    async def all_asked() -> bool:
        return len(await registry.rows("select 1 from operations")) == asked

    await eventually(all_asked)
    assert not any(each.done() for each in asking)
    assert registry.engine.pool.checkedout() < asked / 4  # type: ignore[attr-defined]  # a QueuePool
    await registry.ask(catalog.REMOVE_DEVICE, RemoveDevice(device_id=device.id), Device)
    assert {each.status for each in await asyncio.gather(*asking)} == {"failed"}


async def test_who_waits_at_one_replica_hears_what_the_other_was_told(
    registry: Running, present: Agent
) -> None:
    """Deterministic: the replica that waits never hears the outcome itself."""
    device = await registry.register()
    waits, hears = Ledger(registry, SystemClock()), Ledger(registry, SystemClock())
    asked = Operate(device_id=device.id, action=ReadInfo(), wait=20)
    asking = asyncio.ensure_future(waits.operations.operate(asked, caller()))
    said = await present.takes(device)
    job = await registry.job(said.operation_id)
    await hears.ends(outcome_of(device, job, "success"))
    async with asyncio.timeout(5):
        assert (await asking).status == "completed"


async def test_two_replicas_share_the_work(
    registry: Running, present: Agent, clean: Platform, tmp_path: Path
) -> None:
    devices = [await registry.register(f"10.0.0.{n}") for n in range(1, 7)]
    async with running(build(registry.settings)):
        asking = [
            asyncio.ensure_future(registry.operate(each, SetTime(), wait=20)) for each in devices
        ]
        for device in devices:
            job = await registry.job((await present.takes(device)).operation_id)
            await present.says(outcome_of(device, job, "success", result=Count(count=1)))
        async with asyncio.timeout(10):
            jobs = await asyncio.gather(*asking)
    assert {each.status for each in jobs} == {"completed"}


def test_no_kind_is_forgotten() -> None:
    kinds = {each.model_fields["kind"].default for each in get_args(get_args(Action)[0])}
    assert kinds == set(SPECS)
