"""Custody of all that devices know people by: told, listed, revealed, and of use to whom."""

from __future__ import annotations

from shared.contracts import catalog, streams
from shared.contracts.actions import Count, PutUser, UserDone, WriteTemplates
from shared.contracts.devices import (
    Device,
    ListTemplates,
    ListUsers,
    ReadTemplatesKept,
    TemplatesKept,
    TemplatesRead,
    UserPage,
)
from shared.contracts.errors import Code
from shared.contracts.operations import CopyTemplates, Job
from shared.contracts.readings import Person, Template
from shared.kit.buckets import Bucket
from tests.component.devices.conftest import Agent, MakeBus, Running, fails, outcome_of
from tests.component.devices.terminals import UNASKED, connect, deposit
from tests.conftest import OTHER_OWNER, OWNER

SARA = Person(user_id="7", name="Sara", credentials=(0, 10, 50), alias="S-7", privilege="admin")


def template(finger: int, data: bytes = b"fresh", algorithm: str = "thbio3.0") -> Template:
    return Template(user_id="7", finger=finger, algorithm=algorithm, data=data)


async def reveal(
    registry: Running, device: Device, owner: str = OWNER, **asked: int
) -> TemplatesRead:
    request = ReadTemplatesKept(device_id=device.id, **asked)
    return await registry.ask(catalog.READ_TEMPLATES_KEPT, request, TemplatesRead, owner=owner)


async def written(agent: Agent, job: Job) -> dict[int, bytes]:
    action = (await agent.begins(job.operation_id)).action
    assert isinstance(action, WriteTemplates)
    return {each.finger: each.data.get_secret_value() for each in action.templates}


async def version(registry: Running) -> int:
    bucket = Bucket(registry.service.bus, streams.PEOPLE_VERSION)
    return int(await bucket.get(f"people.{OWNER}") or b"0")


# ── told ─────────────────────────────────────────────────────────────────────


async def test_what_a_device_tells_unasked_is_kept(
    registry: Running, agent: Agent, bus_of: MakeBus
) -> None:
    device = await registry.register_terminal()
    before = await version(registry)
    told = await deposit(
        agent, device, UNASKED, template(0), template(50, b"jpeg", ""), people=(SARA,)
    )
    assert told.count == 1
    assert await version(registry) > before
    rows = await registry.rows("select n, finger, algorithm from templates order by finger")
    assert [tuple(each) for each in rows] == [(0, 0, "thbio3.0"), (0, 50, "")]
    (user,) = (await registry.ask(catalog.LIST_USERS, ListUsers(), UserPage)).items
    assert (user.name, user.alias, user.credentials) == ("Sara", "S-7", (0, 10, 50))
    assert (user.privilege, user.fingers) == ("admin", (0,))
    stranger = Agent(await bus_of("agent-annex"), "annex")
    assert (await deposit(stranger, device, UNASKED, template(1))).count == 0
    assert len(await registry.rows("select finger from templates")) == 2


async def test_what_is_told_unasked_does_not_pass_for_what_was_read(
    registry: Running, agent: Agent
) -> None:
    source, target = await registry.register("10.0.0.1"), await registry.register("10.0.0.2")
    request = CopyTemplates(device_id=source.id, target_id=target.id, user_id="7")
    job = await registry.ask(catalog.COPY_TEMPLATES, request, Job)
    said = await agent.takes(source)
    await agent.begins(said.operation_id)
    await deposit(agent, source, said.operation_id, template(1, algorithm="zk"))
    for finger in (1, 2):
        await deposit(agent, source, UNASKED, template(finger, b"told", "zk"))
    first = await registry.job(said.operation_id)
    await agent.says(outcome_of(source, first, "success", result=Count(count=1)))
    await agent.takes(target)
    assert await written(agent, job) == {1: b"told"}


async def test_numbers_and_texts_no_column_holds_are_left_out(
    registry: Running, agent: Agent
) -> None:
    device = await registry.register_terminal()
    odd = SARA.model_copy(
        update={"credentials": (50, -1, 2**40, 0, 50), "alias": "a\0", "name": "S\0"}
    )
    for give in (
        deposit(agent, device, UNASKED, people=(odd,)),
        agent.gives_people(device, odd),
    ):
        await give
        (user,) = (await registry.ask(catalog.LIST_USERS, ListUsers(), UserPage)).items
        assert (user.name, user.alias, user.credentials) == ("S", "a", (0, 50))


async def test_a_list_that_names_nobody_takes_no_name_away(registry: Running, agent: Agent) -> None:
    device = await registry.register_terminal()
    told = SARA.model_copy(update={"card": 77})
    await deposit(agent, device, UNASKED, people=(told,))
    row = SARA.model_copy(
        update={
            "name": "",
            "alias": None,
            "card": None,
            "credentials": (0, 11),
            "privilege": "user",
        }
    )
    await agent.gives_people(device, row)
    (user,) = (await registry.ask(catalog.LIST_USERS, ListUsers(), UserPage)).items
    assert (user.name, user.alias, user.card) == ("Sara", "S-7", 77)
    assert (user.credentials, user.privilege) == ((0, 11), "user")
    zk = await registry.register("10.0.0.1")
    await agent.gives_people(zk, told)
    await agent.gives_people(zk, row)
    users = (await registry.ask(catalog.LIST_USERS, ListUsers(device_id=zk.id), UserPage)).items
    assert [(each.name, each.card) for each in users] == [("", None)]


# ── listed and revealed ──────────────────────────────────────────────────────


async def test_fingers_are_listed_and_nothing_else(registry: Running, agent: Agent) -> None:
    device = await registry.register_terminal()
    slots = (0, 9, 10, 11, 20, 37, 50)
    await deposit(agent, device, UNASKED, *(template(each) for each in slots), people=(SARA,))
    asked = ListTemplates(device_id=device.id, user_id="7")
    kept = await registry.ask(catalog.LIST_TEMPLATES, asked, TemplatesKept)
    assert [each.finger for each in kept.items] == [0, 9]
    (user,) = (await registry.ask(catalog.LIST_USERS, ListUsers(), UserPage)).items
    assert user.fingers == (0, 9)


async def test_they_are_revealed_page_by_page_to_who_may_see_them(
    registry: Running, agent: Agent
) -> None:
    device = await registry.register_terminal()
    data = bytes(range(256)) * 3
    slots = (50, 0, 10, 3, 20)
    await deposit(agent, device, UNASKED, *(template(each, data) for each in slots))
    pages = [await reveal(registry, device, page=n, limit=2) for n in (1, 2, 3, 4)]
    assert [each.total for each in pages] == [5] * 4
    found = [each for page in pages for each in page.items]
    assert [each.finger for each in found] == sorted(slots)
    assert {each.data.get_secret_value() for each in found} == {data}
    assert {(each.user_id, each.algorithm) for each in found} == {("7", "thbio3.0")}
    assert await fails(reveal(registry, device, OTHER_OWNER)) is Code.NOT_FOUND
    asked = ReadTemplatesKept(device_id=device.id)
    by_user = registry.ask(catalog.READ_TEMPLATES_KEPT, asked, TemplatesRead, role="user")
    assert await fails(by_user) is Code.FORBIDDEN


# ── of use to whom ───────────────────────────────────────────────────────────


async def test_only_what_a_device_can_use_is_written_to_it(registry: Running, agent: Agent) -> None:
    zk, source, target = [
        await registry.register(),
        await registry.register_terminal("SERIAL-1"),
        await registry.register_terminal("SERIAL-2"),
    ]
    await connect(registry, agent, target, "thbio3.0")
    await deposit(agent, source, UNASKED, template(0, b"good"), template(1, b"old", "thbio1.0"))
    await deposit(agent, zk, UNASKED, template(0, b"zk", "zk"), template(2, b"zk", "zk"))
    job = await registry.operate(target, WriteTemplates(user_id="7"))
    assert await written(agent, job) == {0: b"good"}
    job = await registry.operate(zk, WriteTemplates(user_id="7"))
    assert await written(agent, job) == {0: b"zk", 2: b"zk"}


async def test_templates_are_not_copied_between_dialects(registry: Running, agent: Agent) -> None:
    zk, terminal = await registry.register(), await registry.register_terminal()
    request = CopyTemplates(device_id=zk.id, target_id=terminal.id, user_id="7")
    copy = registry.ask(catalog.COPY_TEMPLATES, request, Job)
    assert await fails(copy) is Code.INCOMPATIBLE
    assert await registry.rows("select 1 from operations") == []


async def test_a_person_who_was_only_written_keeps_what_they_are_known_by(
    registry: Running, agent: Agent
) -> None:
    device = await registry.register_terminal()
    await connect(registry, agent, device)
    await agent.gives_people(device, SARA)
    job = await registry.operate(device, PutUser(user_id="7", create=False, name="Sarah"))
    done = UserDone(
        user_id="7",
        name="Sarah",
        privilege="user",
        disabled=False,
        card=None,
        group=None,
        has_password=True,
    )
    await agent.says(outcome_of(device, job, "success", result=done))
    await registry.job_when(job, lambda each: each.status == "completed")
    (user,) = (await registry.ask(catalog.LIST_USERS, ListUsers(), UserPage)).items
    assert (user.name, user.alias, user.credentials) == ("Sarah", "S-7", (0, 10, 50))
