"""Templates in custody: sealed for their owner, given to agents that write them, never shown."""

from __future__ import annotations

import asyncio

import pytest
from cryptography.fernet import Fernet, InvalidToken

from services.devices.app import build
from services.devices.handlers.seals import Seals
from services.devices.store import custody
from shared.contracts import catalog
from shared.contracts.actions import (
    Count,
    DeleteUser,
    Done,
    ReadTemplates,
    ReadUsers,
    WriteTemplates,
)
from shared.contracts.devices import Device, ListTemplates, ListUsers, TemplatesKept, UserPage
from shared.contracts.errors import Code
from shared.contracts.operations import CancelJob, CopyTemplates, Job, Progress, RetryJob
from shared.contracts.readings import Person, Template
from shared.kit.clock import new_id
from shared.kit.db import transaction
from shared.kit.errors import StartupError
from tests.component.devices.conftest import (
    Agent,
    HandClock,
    Ledger,
    MakeBus,
    Running,
    eventually,
    fails,
    outcome_of,
    running,
    settings_of,
)
from tests.conftest import OTHER_OWNER, OWNER, Platform


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


# ── into custody ─────────────────────────────────────────────────────────────


async def test_a_person_who_is_taken_off_leaves_no_template_for_the_next(
    registry: Running, agent: Agent
) -> None:
    device, other = await registry.register(), await registry.register("10.0.0.2")
    await reading(registry, agent, device, template(1))
    await reading(registry, agent, other, template(2))
    job = await registry.operate(device, DeleteUser(user_id="7"))
    await agent.says(outcome_of(device, job, "success", result=Done()))
    await registry.job_when(job, lambda each: each.status == "completed")
    assert await kept(registry, device) == []
    assert await kept(registry, other) == [2], "what another device holds stays"


async def test_what_is_read_is_sealed_listed_and_given_back_whole(
    registry: Running, agent: Agent
) -> None:
    device = await registry.register()
    await agent.gives_people(device, Person(user_id="7", name="Ana"))
    data = bytes(range(256)) * 6
    await reading(registry, agent, device, template(6, data), template(2))
    assert await kept(registry, device) == [2, 6]
    assert await kept(registry, device, "8") == await kept(registry, device, "7\x00") == []
    (listed,) = (await registry.ask(catalog.LIST_USERS, ListUsers(), UserPage)).items
    assert listed.fingers == (2, 6)
    (row,) = await registry.rows("select size, sealed from templates where finger = 6")
    assert row.size == len(data)
    assert data not in row.sealed.encode()
    job = await registry.operate(device, WriteTemplates(user_id="7"))
    assert await written(agent, job) == {2: b"fresh", 6: data}


async def test_a_part_that_comes_again_changes_nothing(registry: Running, agent: Agent) -> None:
    device = await registry.register()
    job = await reading(registry, agent, device, template(1), ends=False)
    for _ in range(2):
        await agent.gives_templates(device, job.operation_id, template(1), template(2))
    assert await kept(registry, device) == [1, 2]


async def test_templates_come_in_only_while_they_are_read(
    registry: Running, agent: Agent, bus_of: MakeBus
) -> None:
    device, other = await registry.register("10.0.0.1"), await registry.register("10.0.0.2")
    job = await registry.operate(device, ReadTemplates(user_id="7"))
    early = agent.gives_templates(device, job.operation_id, template(1))
    assert await fails(early) is Code.CONFLICT
    await agent.begins(job.operation_id)
    people = await registry.operate(device, ReadUsers())
    await agent.begins(people.operation_id)
    stranger = Agent(await bus_of("agent-annex"), "annex")
    for wrong in (
        agent.gives_templates(device, new_id(), template(1)),
        agent.gives_templates(other, job.operation_id, template(1)),
        agent.gives_templates(device, people.operation_id, template(1)),
        stranger.gives_templates(device, job.operation_id, template(1)),
    ):
        assert await fails(wrong) is Code.NOT_FOUND
    await agent.says(outcome_of(device, job, "failed"))
    await registry.job_when(job, lambda each: each.status == "failed")
    late = agent.gives_templates(device, job.operation_id, template(1))
    assert await fails(late) is Code.CONFLICT
    assert await registry.rows("select 1 from templates") == []


async def test_custody_is_not_there_for_another_owner(registry: Running, agent: Agent) -> None:
    device = await registry.register()
    await reading(registry, agent, device, template(1))
    assert await fails(kept(registry, device, owner=OTHER_OWNER)) is Code.NOT_FOUND


# ── keys ─────────────────────────────────────────────────────────────────────


async def test_an_owner_has_one_data_key_however_many_ask_first(registry: Running) -> None:
    seals = Seals(registry.settings.seal())
    opened = asyncio.Event()

    async def seal() -> bytes:
        async with transaction(registry.engine, "test") as connection:
            key = await seals.of(connection, OWNER)
            opened.set()
            await asyncio.sleep(0.1)  # the others ask before this one is committed
            return key.encrypt(b"secret")

    first = asyncio.ensure_future(seal())
    await opened.wait()
    sealed = await asyncio.gather(first, *(seal() for _ in range(5)))
    async with transaction(registry.engine, "test") as connection:
        key = await seals.of(connection, OWNER)
        other = await seals.of(connection, OTHER_OWNER)
        (wrapped, _) = await custody.every_data_key(connection)
    assert {key.decrypt(each) for each in sealed} == {b"secret"}
    with pytest.raises(InvalidToken):
        other.decrypt(sealed[0])
    assert Fernet(registry.settings.seal().decrypt(wrapped)).decrypt(sealed[0]) == b"secret"


async def test_a_data_key_that_cannot_be_opened_is_refused_at_the_start(
    registry: Running, clean: Platform, tmp_path_factory: pytest.TempPathFactory
) -> None:
    async with transaction(registry.engine, "test") as connection:
        await Seals(registry.settings.seal()).of(connection, OWNER)
    another = settings_of(clean, tmp_path_factory.mktemp("other"))
    with pytest.raises(StartupError, match="sealed with another key"):
        async with running(build(another)):
            pytest.fail("it runs")


# ── copying ──────────────────────────────────────────────────────────────────


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
