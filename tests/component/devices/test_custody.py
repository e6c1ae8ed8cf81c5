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
    DeleteUser,
    Done,
    ReadTemplates,
    ReadUsers,
    WriteTemplates,
)
from shared.contracts.devices import ListUsers, UserPage
from shared.contracts.errors import Code
from shared.contracts.readings import Person
from shared.kit.clock import new_id
from shared.kit.db import transaction
from shared.kit.errors import StartupError
from tests.component.devices.conftest import (
    Agent,
    MakeBus,
    Running,
    fails,
    outcome_of,
    running,
    settings_of,
)
from tests.component.devices.custody import kept, reading, template, written
from tests.conftest import OTHER_OWNER, OWNER, Platform

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
