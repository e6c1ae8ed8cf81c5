"""Nothing is deleted before it is elsewhere, whatever fails, is lost or comes in between."""

from __future__ import annotations

import pytest

from services.devices.handlers import filling
from services.devices.rules import operations as rules
from shared.contracts.actions import (
    DeleteUser,
    Pushed,
    PushUser,
)
from shared.contracts.errors import Code
from tests.component.devices.conftest import Agent, Running, fails
from tests.component.devices.terminals import (
    UNASKED,
    connect,
    deposit,
    entry,
)
from tests.component.devices.transfers import (
    FULL,
    both,
    ends,
    fetched,
    given,
    of,
    one,
    retry,
    template,
)


async def test_a_deletion_gets_no_leave_before_the_push_succeeded(
    registry: Running, agent: Agent
) -> None:
    source, target = await both(registry)
    item = await one(registry, move=True)

    async def refused() -> bool:
        return await fails(agent.begins(of(item.delete))) is Code.CONFLICT

    assert await refused()
    assert await fails(agent.begins(of(item.push))) is Code.CONFLICT
    await fetched(registry, agent, source, item, 0)
    assert await refused()
    await agent.begins(of(item.push))
    assert await refused()
    await ends(registry, agent, target, item.push, status="failed", problem=FULL)
    assert await refused()
    info = await registry.service.bus.js.stream_info("OPERATION_hq")
    assert info.state.messages == 2, "the deletion was never said"
    await registry.job_when(await registry.job(of(item.delete)), lambda job: job.status == "failed")
    deletion = await entry(registry, of(item.delete))
    assert (deletion.status, deletion.attempts) == ("canceled", 0)


async def test_the_guard_is_what_keeps_the_deletion_back(
    registry: Running, agent: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: with the guards off, a deletion begins that nothing came before."""
    await both(registry)
    item = await one(registry, move=True)
    assert await fails(agent.begins(of(item.delete))) is Code.CONFLICT

    async def whatever(*_: object) -> None:
        return

    monkeypatch.setattr(rules, "may_follow", lambda first: True)
    monkeypatch.setattr(filling, "_nothing_left", whatever)
    assert await given(agent, item.delete) == DeleteUser(user_id="7", may_be_absent=True)


@pytest.mark.parametrize("lost", ["templates", "device_users"])
async def test_a_part_of_a_person_is_never_pushed(
    registry: Running, agent: Agent, lost: str
) -> None:
    source, _ = await both(registry)
    item = await one(registry, move=True)
    await fetched(registry, agent, source, item, 0, 50)
    where = " where finger = 0" if lost == "templates" else ""
    await registry.rows(f"delete from {lost}{where} returning 1")  # noqa: S608 - a table's name
    assert await fails(agent.begins(of(item.push))) is Code.CONFLICT
    push = await entry(registry, of(item.push))
    assert push.problem is not None
    assert (push.status, push.problem.code) == ("failed", Code.DEVICE_NO_DATA)
    await registry.job_when(await registry.job(of(item.delete)), lambda job: job.status == "failed")


async def test_what_the_target_cannot_use_is_found_at_the_last(
    registry: Running, agent: Agent
) -> None:
    """What makes templates was not known when the transfer was asked for."""
    source, target = await both(registry)
    item = await one(registry, move=True)
    await connect(registry, agent, target, "thbio1.0")
    await fetched(registry, agent, source, item, 0, 50)
    assert await fails(agent.begins(of(item.push))) is Code.CONFLICT
    push = await entry(registry, of(item.push))
    assert push.problem is not None
    assert push.problem.code is Code.INCOMPATIBLE


@pytest.mark.parametrize("case", ["enrolled since", "not pushed"])
async def test_who_has_more_than_was_brought_over_is_not_deleted(
    registry: Running, agent: Agent, case: str
) -> None:
    source, target = await both(registry)
    item = await one(registry, move=True)
    await fetched(registry, agent, source, item, 0, 50)
    await agent.begins(of(item.push))
    pushed = (0, 50) if case == "enrolled since" else (0,)
    await ends(registry, agent, target, item.push, result=Pushed(user_id="7", slots=pushed))
    if case == "enrolled since":
        await deposit(agent, source, UNASKED, template(50), template(5))
    assert await fails(agent.begins(of(item.delete))) is Code.CONFLICT
    deletion = await entry(registry, of(item.delete))
    assert deletion.problem is not None
    assert (deletion.status, deletion.problem.code) == ("failed", Code.CONFLICT)
    assert ("5" if case == "enrolled since" else "50") in deletion.problem.details


async def test_what_was_brought_over_and_is_told_again_does_not_keep_a_person(
    registry: Running, agent: Agent
) -> None:
    source, target = await both(registry)
    item = await one(registry, move=True)
    await fetched(registry, agent, source, item, 0, 50)
    await agent.begins(of(item.push))
    await ends(registry, agent, target, item.push, result=Pushed(user_id="7", slots=(0, 50)))
    await deposit(agent, source, UNASKED, template(50))
    assert isinstance(await given(agent, item.delete), DeleteUser)


# ── trying again ─────────────────────────────────────────────────────────────


async def test_a_push_is_tried_again_with_what_was_read(registry: Running, agent: Agent) -> None:
    source, target = await both(registry)
    item = await one(registry)
    await fetched(registry, agent, source, item, 0, 50)
    await agent.takes(target)
    await agent.begins(of(item.push))
    await ends(registry, agent, target, item.push, status="failed", problem=FULL, attempt=1)
    assert (await retry(registry, item.push)).attempts == 2
    assert (await agent.takes(target)).operation_id == of(item.push)
    push = await given(agent, item.push)
    assert isinstance(push, PushUser)
    assert ([each.finger for each in push.templates], push.person is None) == ([0, 50], False)


async def test_a_deletion_tried_again_begins_where_the_move_failed(
    registry: Running, agent: Agent
) -> None:
    source, target = await both(registry)
    item = await one(registry, move=True)
    await agent.takes(source)
    await ends(registry, agent, source, item.fetch, status="failed", problem=FULL)
    await registry.job_when(await registry.job(of(item.delete)), lambda job: job.status == "failed")
    await retry(registry, item.delete)
    steps = [await entry(registry, of(each)) for each in (item.fetch, item.push, item.delete)]
    assert {each.status for each in steps} == {"pending"}
    assert (await agent.takes(source)).operation_id == of(item.fetch)
    for waits in (item.push, item.delete):
        assert await fails(agent.begins(of(waits))) is Code.CONFLICT
    await fetched(registry, agent, source, item, 0)
    assert (await agent.takes(target)).operation_id == of(item.push)
    await ends(registry, agent, target, item.push, result=Pushed(user_id="7", slots=(0,)))
    assert (await agent.takes(source)).operation_id == of(item.delete)
