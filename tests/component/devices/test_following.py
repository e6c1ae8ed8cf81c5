"""Callers who wait for operations: told in time, waiting for nobody else."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from services.devices.app import build
from services.devices.handlers import waiting
from services.devices.rules.devices import CONNECTED
from shared.contracts import catalog
from shared.contracts.actions import (
    Count,
    Info,
    ReadInfo,
    ReadLog,
    ReadUsers,
    Restart,
    SetTime,
)
from shared.contracts.devices import Device, RemoveDevice
from shared.contracts.errors import Code
from shared.contracts.operations import Operate, Progress
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
from tests.conftest import Platform


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
    monkeypatch.setattr(waiting, "POLL_SECONDS", 60.0)
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
