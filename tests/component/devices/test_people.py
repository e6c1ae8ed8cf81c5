"""The copy of the people on devices: put down by agents, looked up by callers, told onward."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import nats.errors
import pytest
from nats.aio.msg import Msg

from services.devices.store import people as store
from services.devices.worker import Worker
from shared.contracts import catalog, streams, subjects
from shared.contracts.actions import DeleteUser, Done, PutUser, UserDone
from shared.contracts.agents import Deposited, DepositPeople
from shared.contracts.devices import ChangeDevice, Device, ListUsers, UserPage
from shared.contracts.errors import Code
from shared.contracts.readings import PeopleRead, Person
from shared.kit import rpc
from shared.kit.buckets import Bucket
from shared.kit.clock import SystemClock, new_id
from shared.kit.db import transaction
from tests.component.devices.conftest import (
    Agent,
    MakeBus,
    Running,
    eventually,
    fails,
    outcome_of,
)
from tests.conftest import OTHER_OWNER, OWNER

ANA = Person(user_id="1", name="Ana", privilege="admin", card=77, group=3, has_password=True, uid=4)
BEN = Person(user_id="2", name="Ben", disabled=True)
EVE = Person(user_id="3", name="Éve 100%_")


async def users(running: Running, owner: str = OWNER, **asked: Any) -> UserPage:
    return await running.ask(
        catalog.LIST_USERS, ListUsers(**asked), UserPage, owner=owner, role="user"
    )


async def names(running: Running, **asked: Any) -> list[str]:
    return [each.name for each in (await users(running, **asked)).items]


async def said(running: Running) -> list[PeopleRead]:
    """Everything on the stream, once the outbox is empty."""

    async def empty() -> bool:
        return await running.rows("select 1 from outbox") == []

    await eventually(empty)
    js = running.provisioner.js
    state = (await js.stream_info(streams.PEOPLE.name)).state
    numbers = range(state.first_seq, state.last_seq + 1)
    found = [await js.get_msg(streams.PEOPLE.name, number) for number in numbers]
    return [PeopleRead.model_validate_json(each.data or b"") for each in found]


async def version(running: Running, owner: str = OWNER) -> int:
    bucket = Bucket(running.service.bus, streams.PEOPLE_VERSION)
    return int(await bucket.get(f"people.{owner}") or b"0")


# ── putting down ─────────────────────────────────────────────────────────────


async def test_people_are_kept_and_told_to_attendance(registry: Running, agent: Agent) -> None:
    device = await registry.register("10.0.0.1", serial_number="S-1")
    deposited = await agent.gives_people(device, EVE, ANA, BEN)
    assert deposited.count == 3
    found = (await users(registry)).items
    assert [each.user_id for each in found] == ["1", "2", "3"]
    ana = found[0].model_dump(exclude={"read_at"})
    assert ana == {
        "device_id": device.id,
        "serial_number": "S-1",
        "user_id": "1",
        "name": "Ana",
        "privilege": "admin",
        "disabled": False,
        "card": 77,
        "group": 3,
        "has_password": True,
        "fingers": (),
        "alias": None,
        "credentials": (),
    }
    (read,) = await said(registry)
    assert (read.owner, read.site, read.device_id) == (OWNER, "hq", device.id)
    assert read.people == (ANA, BEN, EVE)


async def test_attendance_may_take_it_from_the_stream(
    registry: Running, agent: Agent, bus_of: MakeBus
) -> None:
    device = await registry.register()
    await agent.gives_people(device, ANA)
    attendance = await bus_of("attendance")
    bound = await attendance.js.pull_subscribe_bind(
        consumer="attendance",
        stream=streams.PEOPLE.name,
        inbox_prefix=f"{attendance.inbox}.".encode(),
    )
    (message,) = await bound.fetch(1, timeout=10)
    assert isinstance(message, Msg)
    assert message.subject == subjects.people_read("hq", device.id)
    await message.ack_sync()


async def test_the_last_part_forgets_who_is_gone(registry: Running, agent: Agent) -> None:
    one, other = await registry.register("10.0.0.1"), await registry.register("10.0.0.2")
    await agent.gives_people(other, ANA)
    await agent.gives_people(one, ANA, BEN)
    reading = {"reading_id": new_id(), "read_at": SystemClock().now()}
    await agent.gives_people(one, EVE, **reading, last=False)
    assert await names(registry, device_id=one.id) == ["Ana", "Ben", EVE.name], "not before it"
    await agent.gives_people(one, ANA, **reading)
    assert await names(registry, device_id=one.id) == ["Ana", EVE.name]
    await agent.gives_people(one)
    assert await names(registry, device_id=one.id) == []
    assert await names(registry, device_id=other.id) == ["Ana"], "another device's stay"


async def test_a_part_that_comes_again_changes_nothing(registry: Running, agent: Agent) -> None:
    device = await registry.register()
    reading = {"reading_id": new_id(), "read_at": SystemClock().now()}
    for _ in range(3):
        await agent.gives_people(device, ANA, **reading, last=False)
    for _ in range(2):
        await agent.gives_people(device, BEN, **reading)
    assert await names(registry) == ["Ana", "Ben"]
    assert [each.people for each in await said(registry)] == [(ANA,), (BEN,)]


async def test_an_older_reading_never_undoes_a_newer_one(registry: Running, agent: Agent) -> None:
    device, now = await registry.register(), SystemClock().now()
    old = {"reading_id": new_id(), "read_at": now - timedelta(seconds=30)}
    await agent.gives_people(device, ANA, BEN, **old, last=False)
    renamed = ANA.model_copy(update={"name": "Anna"})
    await agent.gives_people(device, renamed, EVE, read_at=now)
    await agent.gives_people(device, ANA, BEN, **old)
    assert await names(registry) == ["Anna", "Ben", EVE.name]


async def test_what_no_column_holds_costs_nothing(registry: Running, agent: Agent) -> None:
    device = await registry.register()
    await agent.gives_people(device, Person(user_id="7\x00\x00", name=" Z\x00oe "), ANA)
    assert await names(registry) == ["Ana", "Zoe"]


async def test_a_site_puts_down_its_own_devices_people_only(
    registry: Running, agent: Agent, bus_of: MakeBus
) -> None:
    device = await registry.register()
    stranger = Agent(await bus_of("agent-annex"), "annex")
    assert await fails(stranger.gives_people(device, ANA)) is Code.NOT_FOUND
    nowhere = device.model_copy(update={"id": 2**70})
    assert await fails(agent.gives_people(nowhere, ANA)) is Code.NOT_FOUND
    request = DepositPeople(
        device_id=device.id,
        reading_id=new_id(),
        read_at=SystemClock().now(),
        people=(ANA,),
        last=True,
    )
    where = subjects.rpc_of_site("devices", "people", "hq")
    foreign = rpc.ask(stranger.bus, catalog.DEPOSIT_PEOPLE, request, Deposited, subject=where)
    assert await fails(foreign) is Code.SERVICE_UNAVAILABLE, "the broker refuses another site's"
    assert await names(registry) == []


async def test_readings_at_once_leave_one_whole(registry: Running, agent: Agent) -> None:
    device = await registry.register()
    people = [Person(user_id=str(n), name=f"P{n}") for n in range(40)]
    await asyncio.gather(*(agent.gives_people(device, *people) for _ in range(6)))
    assert (await users(registry, limit=200)).total == 40


# ── what is done to a person on a device ─────────────────────────────────────


def done(user_id: str, name: str) -> UserDone:
    return UserDone(
        user_id=user_id,
        name=name,
        privilege="user",
        disabled=False,
        card=None,
        group=1,
        has_password=True,
    )


async def test_the_copy_follows_what_was_done_on_the_device(
    registry: Running, agent: Agent
) -> None:
    device = await registry.register()
    await agent.gives_people(device, ANA, BEN)
    before = await version(registry)
    job = await registry.operate(device, PutUser(user_id="1", create=False, name="Anna"))
    await agent.says(outcome_of(device, job, "success", result=done("1", "Anna")))
    await registry.job_when(job, lambda each: each.status == "completed")
    (anna, _) = (await users(registry)).items
    assert (anna.name, anna.card, anna.has_password) == ("Anna", None, True)
    (row,) = await registry.rows("select uid from device_users where user_id = '1'")
    assert row.uid == ANA.uid, "a slot that was not told stays"
    job = await registry.operate(device, PutUser(user_id="9", create=True, name="New"))
    await agent.says(outcome_of(device, job, "success", result=done("9", "New")))
    await registry.job_when(job, lambda each: each.status == "completed")
    job = await registry.operate(device, DeleteUser(user_id="2"))
    await agent.says(outcome_of(device, job, "success", result=Done()))
    await registry.job_when(job, lambda each: each.status == "completed")
    assert await names(registry) == ["Anna", "New"]
    await eventually(lambda: _is(registry, before + 3))


async def test_what_failed_changes_no_copy(registry: Running, agent: Agent) -> None:
    device = await registry.register()
    await agent.gives_people(device, ANA)
    job = await registry.operate(device, DeleteUser(user_id="1"))
    await agent.says(outcome_of(device, job, "failed"))
    await registry.job_when(job, lambda each: each.status == "failed")
    assert await names(registry) == ["Ana"]


# ── the version ──────────────────────────────────────────────────────────────


async def _is(running: Running, wanted: int) -> bool:
    return await version(running) == wanted


async def test_every_change_is_a_version_nobody_has_seen(registry: Running, agent: Agent) -> None:
    device = await registry.register()
    seen = [await version(registry)]
    for _ in range(3):
        await agent.gives_people(device, ANA)
        seen.append(await version(registry))
    assert seen == [0, 1, 2, 3]
    assert await version(registry, OTHER_OWNER) == 0


async def test_a_device_that_changes_is_seen_in_lists_of_people(
    registry: Running, agent: Agent
) -> None:
    """They show its serial."""
    device = await registry.register(serial_number="OLD")
    before = await version(registry)
    change = ChangeDevice(device_id=device.id, serial_number="NEW")
    await registry.ask(catalog.CHANGE_DEVICE, change, Device)
    assert await version(registry) > before


async def test_a_version_that_could_not_be_told_is_told_later(
    registry: Running, agent: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    device = await registry.register()

    async def away(*_: object, **__: object) -> None:
        raise nats.errors.TimeoutError

    with monkeypatch.context() as patched:
        patched.setattr(Bucket, "put", away)
        await agent.gives_people(device, ANA)
        assert await version(registry) == 0
    await eventually(lambda: _is(registry, 1), seconds=10)


async def test_versions_told_at_once_end_with_the_highest(registry: Running, agent: Agent) -> None:
    worker = Worker(registry.service.bus, registry.engine, SystemClock())

    async def change() -> None:
        async with transaction(registry.engine, "test") as connection:
            await store.raise_version(connection, OWNER)
        await worker.people_changed(OWNER)

    await asyncio.gather(*(change() for _ in range(20)))
    assert await version(registry) == 20


# ── looking up ───────────────────────────────────────────────────────────────


FOUND = {
    "an": ["Ana"],
    "AN": ["Ana"],
    "éVE": [EVE.name],
    "2": ["Ben"],
    "%": [EVE.name],
    "_": [EVE.name],
    "%_": [EVE.name],
    "a%a": [],
    "A_a": [],
    "/": [],
    "\\": [],
    "": ["Ana", "Ben", EVE.name],
}


async def test_a_search_is_literal_and_blind_to_case(registry: Running, agent: Agent) -> None:
    device = await registry.register()
    await agent.gives_people(device, ANA, BEN, EVE)
    assert {q: await names(registry, q=q) for q in FOUND} == FOUND


async def test_a_search_for_what_cannot_be_there_is_refused(
    registry: Running, agent: Agent
) -> None:
    assert await fails(users(registry, q="a\x00")) is Code.VALIDATION_ERROR


async def test_pages_are_ordered_and_ones_own(
    registry: Running, agent: Agent, bus_of: MakeBus
) -> None:
    stranger = Agent(await bus_of("agent-other"), "other")
    await stranger.start()
    mine = [await registry.register(f"10.0.0.{n}") for n in (1, 2)]
    theirs = await registry.register("10.0.0.1", owner=OTHER_OWNER)
    await stranger.gives_people(theirs, Person(user_id="1", name="Theirs"))
    for device in mine:
        await agent.gives_people(device, ANA, BEN, EVE)
    pages = [await users(registry, page=n, limit=4) for n in (1, 2, 3, 10**30)]
    listed = [(each.device_id, each.user_id) for page in pages for each in page.items]
    assert listed == [(device.id, each) for device in mine for each in "123"]
    assert {page.total for page in pages} == {6}
    assert await names(registry, owner=OTHER_OWNER) == ["Theirs"]
    assert await fails(users(registry, device_id=theirs.id)) is Code.NOT_FOUND
    assert await fails(users(registry, device_id=2**70)) is Code.NOT_FOUND
