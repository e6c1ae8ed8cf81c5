"""Two terminals, one person, and the steps by which they are brought from one to the other."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from shared.contracts import catalog
from shared.contracts.actions import (
    Action,
    Count,
)
from shared.contracts.devices import Device, ListUsers, UserPage
from shared.contracts.errors import Code
from shared.contracts.operations import Job, LedgerEntry, RetryJob, Transfer
from shared.contracts.readings import Person, Template
from shared.kit.errors import MusterError
from tests.component.devices.conftest import Agent, Running, outcome_of
from tests.component.devices.terminals import (
    deposit,
    entry,
    transferred,
)

SOURCE, TARGET = "ZXRE25000001", "TYSG25000002"
SARA = Person(user_id="7", name="Sara", credentials=(0, 50), alias="S-7", uid=3)
FULL = MusterError(Code.DEVICE_FULL).problem


def template(finger: int, data: bytes = b"fresh", algorithm: str = "thbio3.0") -> Template:
    made_by = algorithm if finger != 50 else ""
    return Template(user_id="7", finger=finger, algorithm=made_by, data=data)


async def both(registry: Running) -> tuple[Device, Device]:
    return await registry.register_terminal(SOURCE), await registry.register_terminal(TARGET)


def of(step: LedgerEntry | None) -> UUID:
    assert step is not None
    return step.operation_id


async def ends(
    registry: Running, agent: Agent, device: Device, step: LedgerEntry | None, **said: Any
) -> LedgerEntry:
    job = await registry.job(of(step))
    await agent.says(outcome_of(device, job, **{"status": "success", **said}))
    await registry.job_when(job, lambda each: each.finished_at is not None)
    return await entry(registry, of(step))


async def fetched(
    registry: Running, agent: Agent, source: Device, item: Transfer, *slots: int, **more: Any
) -> None:
    """Let the person be read from the source."""
    await agent.begins(of(item.fetch))
    templates = [template(each, **more) for each in slots]
    await deposit(agent, source, of(item.fetch), *templates, people=(SARA,))
    result = Count(count=len(slots), slots=slots)
    await ends(registry, agent, source, item.fetch, result=result)


async def one(registry: Running, **more: Any) -> Transfer:
    (item,) = (await transferred(registry, SOURCE, TARGET, "7", **more)).items
    return item


async def retry(registry: Running, step: LedgerEntry | None) -> Job:
    return await registry.ask(catalog.RETRY_JOB, RetryJob(job_id=str(of(step))), Job)


async def given(agent: Agent, step: LedgerEntry | None) -> Action:
    return (await agent.begins(of(step))).action


async def people(registry: Running, device: Device) -> list[tuple[str, str, tuple[int, ...]]]:
    asked = ListUsers(device_id=device.id)
    found = await registry.ask(catalog.LIST_USERS, asked, UserPage)
    return [(each.name, each.alias or "", each.credentials) for each in found.items]
