"""People brought from one terminal to another: read, pushed, and only then deleted."""

from __future__ import annotations

import asyncio

from services.devices.rules.transfers import PEOPLE_LIMIT
from shared.contracts.actions import (
    Count,
    DeleteUser,
    Done,
    Pushed,
    PushUser,
    ReadTemplates,
)
from shared.contracts.errors import Code
from shared.contracts.readings import Person
from tests.component.devices.conftest import Agent, MakeBus, Running, fails
from tests.component.devices.terminals import (
    connect,
    deposit,
    entry,
    listed,
    transferred,
)
from tests.component.devices.transfers import (
    SARA,
    SOURCE,
    TARGET,
    both,
    ends,
    given,
    of,
    one,
    people,
    template,
)
from tests.conftest import OTHER_OWNER

# ── step by step ─────────────────────────────────────────────────────────────


async def test_a_move_goes_step_by_step(registry: Running, agent: Agent) -> None:
    source, target = await both(registry)
    item = await one(registry, move=True, overwrite=True)
    steps = [item.fetch, item.push, item.delete]
    assert [(each.kind, each.status, each.serial_number) for each in steps if each] == [
        ("read_templates", "pending", SOURCE),
        ("push_user", "pending", TARGET),
        ("delete_user", "pending", SOURCE),
    ]
    assert [each.after for each in steps if each] == [None, of(item.fetch), of(item.push)]
    said = await agent.takes(source)
    assert (said.operation_id, said.lasting) == (of(item.fetch), True)
    assert await given(agent, item.fetch) == ReadTemplates(user_id="7")
    await deposit(agent, source, of(item.fetch), template(50), template(0), people=(SARA,))
    await ends(registry, agent, source, item.fetch, result=Count(count=2, slots=(0, 50)))
    assert await people(registry, source) == [("Sara", "S-7", (0, 50))]

    said = await agent.takes(target)
    assert (said.operation_id, said.lasting) == (of(item.push), True)
    push = await given(agent, item.push)
    assert isinstance(push, PushUser)
    assert (push.user_id, push.overwrite) == ("7", True)
    assert push.person == SARA.model_copy(update={"uid": None}), "slots mean nothing elsewhere"
    data = {each.finger: (each.algorithm, each.data.get_secret_value()) for each in push.templates}
    assert data == {0: ("thbio3.0", b"fresh"), 50: ("", b"fresh")}
    stored = await entry(registry, of(item.push))
    assert (stored.action["person"], stored.action["templates"]) == (None, [])
    await ends(registry, agent, target, item.push, result=Pushed(user_id="7", slots=(0, 50)))
    assert await people(registry, target) == [("Sara", "S-7", (0, 50))]

    assert (await agent.takes(source)).operation_id == of(item.delete)
    assert await given(agent, item.delete) == DeleteUser(user_id="7", may_be_absent=True)
    await ends(registry, agent, source, item.delete, result=Done())
    assert await people(registry, source) == []
    assert (await listed(registry, status="success")).total == 3


async def test_a_copy_deletes_nothing(registry: Running, agent: Agent) -> None:
    await both(registry)
    assert (await one(registry)).delete is None
    assert {each.kind for each in (await listed(registry)).items} == {"read_templates", "push_user"}


async def test_who_waits_sees_everybody_read(registry: Running, agent: Agent) -> None:
    source, _ = await both(registry)
    asking = asyncio.ensure_future(transferred(registry, SOURCE, TARGET, "7", "8", wait=10))
    for _ in range(2):
        said = await agent.takes(source)
        assert not asking.done()
        step = await entry(registry, said.operation_id)
        await agent.begins(said.operation_id)
        await ends(registry, agent, source, step, result=Count(count=0))
    async with asyncio.timeout(5):
        items = (await asking).items
    assert [each.user_id for each in items] == ["7", "8"]
    assert [(each.fetch and each.fetch.status) for each in items] == ["success", "success"]
    assert {each.push.status for each in items if each.push} == {"pending"}


async def test_nobody_waits_longer_than_asked(registry: Running, agent: Agent) -> None:
    await both(registry)
    async with asyncio.timeout(3):
        item = await one(registry, wait=0.3)
    assert item.fetch is not None
    assert item.fetch.status == "pending"


# ── who, and from where to where ─────────────────────────────────────────────


async def test_everybody_means_the_copy_and_nobody_nobody(registry: Running, agent: Agent) -> None:
    source, _ = await both(registry)
    ben = Person(user_id="12", name="Ben")
    odd = Person(user_id="no id", name="Odd")
    await agent.gives_people(source, SARA, ben, odd)
    found = (await transferred(registry, SOURCE, TARGET)).items
    assert [(each.user_id, each.fetch is None) for each in found] == [
        ("12", False),
        ("7", False),
        ("no id", True),
    ]
    assert found[2].problem is not None
    assert found[2].problem.code is Code.NOT_SUPPORTED
    before = (await listed(registry)).total
    nobody = await transferred(registry, SOURCE, TARGET, user_ids=())
    assert (nobody.items, (await listed(registry)).total) == ((), before)
    named = await transferred(registry, SOURCE.lower(), TARGET.lower(), "9", "7", "9")
    assert [each.user_id for each in named.items] == ["9", "7"]


async def test_serials_are_the_owners_own(registry: Running, agent: Agent, bus_of: MakeBus) -> None:
    await both(registry)
    await registry.register_terminal("OTHER-00001", owner=OTHER_OWNER)
    for pair in ((SOURCE, "NOBODY-0001"), ("NOBODY-0001", TARGET), (SOURCE, "OTHER-00001")):
        assert await fails(transferred(registry, *pair, "7")) is Code.DEVICE_OFFLINE
    assert await fails(transferred(registry, SOURCE, "a\x00b", "7")) is Code.DEVICE_OFFLINE
    theirs = transferred(registry, SOURCE, TARGET, "7", owner=OTHER_OWNER)
    assert await fails(theirs) is Code.DEVICE_OFFLINE
    same = transferred(registry, SOURCE, SOURCE.lower(), "7")
    assert await fails(same) is Code.VALIDATION_ERROR
    assert (await listed(registry)).total == 0


async def test_another_dialect_is_incompatible_and_nothing_is_asked(
    registry: Running, agent: Agent
) -> None:
    await registry.register_terminal(SOURCE)
    await registry.register(serial_number="ZK-1")
    for pair in ((SOURCE, "ZK-1"), ("ZK-1", SOURCE)):
        for item in (await transferred(registry, *pair, "7", "8", move=True)).items:
            assert item.problem is not None
            assert item.problem.code is Code.INCOMPATIBLE
            assert (item.fetch, item.push, item.delete) == (None, None, None)
    assert (await listed(registry)).total == 0


async def test_another_algorithm_concerns_those_who_have_templates_of_it(
    registry: Running, agent: Agent
) -> None:
    source, target = await both(registry)
    await connect(registry, agent, source, "thbio3.0")
    await connect(registry, agent, target, "thbio1.0")
    people_there = {"1": (0, 50), "2": (10, 11, 50), "3": (27,), "4": (30,), "5": ()}
    for user_id, slots in people_there.items():
        person = Person(user_id=user_id, name=user_id, credentials=slots)
        await agent.gives_people(source, person, last=False)
    asked = (await transferred(registry, SOURCE, TARGET, *people_there, "6", move=True)).items
    refused = {each.user_id for each in asked if each.problem}
    assert refused == {"1", "3", "4"}
    kinds = [each.kind for each in (await listed(registry)).items]
    assert len(kinds) == 3 * 3


async def test_a_thousand_go_at_once_and_no_more(registry: Running, agent: Agent) -> None:
    source, _ = await both(registry)
    names = [str(n) for n in range(1, PEOPLE_LIMIT + 2)]
    async with asyncio.timeout(10):
        found = await transferred(registry, SOURCE, TARGET, *names[:-1], move=True)
    assert len(found.items) == PEOPLE_LIMIT
    first, last = found.items[0], found.items[-1]
    rows = await registry.rows("select n from operations where id = :i", i=of(last.delete))
    assert ([each.n for each in rows], first.user_id) == ([2 * PEOPLE_LIMIT], "1")
    assert (await agent.takes(source)).operation_id == of(first.fetch)
    # More, too, than one statement can name.
    for too_many in (names, [str(n) for n in range(70_000)]):
        refused = transferred(registry, SOURCE, TARGET, *too_many)
        assert await fails(refused) is Code.VALIDATION_ERROR


async def test_transfers_back_and_forth_at_once_do_not_lock_each_other(
    registry: Running, agent: Agent
) -> None:
    await both(registry)
    ways = [(SOURCE, TARGET), (TARGET, SOURCE)] * 6
    found = await asyncio.gather(
        *(transferred(registry, *way, "7", "8", move=True) for way in ways)
    )
    assert sum(len(each.items) for each in found) == 2 * len(ways)
