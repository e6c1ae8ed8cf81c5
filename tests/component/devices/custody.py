"""Templates read into custody, listed and given back, as tests need them."""

from __future__ import annotations

from shared.contracts import catalog
from shared.contracts.actions import (
    Count,
    ReadTemplates,
    WriteTemplates,
)
from shared.contracts.devices import Device, ListTemplates, TemplatesKept
from shared.contracts.operations import CopyTemplates, Job
from shared.contracts.readings import Template
from tests.component.devices.conftest import (
    Agent,
    Running,
    outcome_of,
)
from tests.conftest import OWNER


def template(finger: int, data: bytes = b"fresh", user_id: str = "7") -> Template:
    return Template(user_id=user_id, finger=finger, flag=3, data=data)


async def reading(
    registry: Running, agent: Agent, device: Device, *templates: Template, ends: bool = True
) -> Job:
    """Read templates from a device into custody."""
    job = await registry.operate(device, ReadTemplates(user_id="7"))
    await agent.begins(job.operation_id)
    await agent.gives_templates(device, job.operation_id, *templates)
    if ends:
        await agent.says(outcome_of(device, job, "success", result=Count(count=len(templates))))
        await registry.job_when(job, lambda each: each.status == "completed")
    return job


async def kept(
    registry: Running, device: Device, user_id: str = "7", owner: str = OWNER
) -> list[int]:
    asked = ListTemplates(device_id=device.id, user_id=user_id)
    found = await registry.ask(
        catalog.LIST_TEMPLATES, asked, TemplatesKept, owner=owner, role="user"
    )
    assert all(each.device_id == device.id and each.flag == 3 for each in found.items)
    return [each.finger for each in found.items]


async def written(agent: Agent, job: Job) -> dict[int, bytes]:
    """What the agent is given to write."""
    started = await agent.begins(job.operation_id)
    assert isinstance(started.action, WriteTemplates)
    return {each.finger: each.data.get_secret_value() for each in started.action.templates}


async def copied(registry: Running, source: Device, target: Device, owner: str = OWNER) -> Job:
    asked = CopyTemplates(device_id=source.id, target_id=target.id, user_id="7")
    return await registry.ask(catalog.COPY_TEMPLATES, asked, Job, owner=owner)


async def first_of(registry: Running, job: Job) -> Job:
    (row,) = await registry.rows(
        'select "after" as first from operations where id = :i', i=job.operation_id
    )
    return await registry.job(row.first)
