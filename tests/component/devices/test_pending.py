"""Terminals that nobody registered: seen, and listed to the site's owner only."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from services.devices.handlers.approving import Approving
from services.devices.handlers.parts import Parts
from services.devices.handlers.seals import Seals
from services.devices.rules import admission
from services.devices.store import devices as store
from services.devices.store import pending
from services.devices.worker import Worker
from shared.contracts import subjects
from shared.contracts.agents import Sighted
from shared.contracts.devices import PendingDevice
from shared.contracts.errors import Code
from shared.contracts.readings import Hardware
from shared.kit.db import transaction
from tests.component.devices.conftest import Agent, HandClock, MakeBus, Running, eventually, fails
from tests.component.devices.house import SERIAL
from tests.conftest import OTHER_OWNER, OWNER

BODY = Hardware(
    processor="4410029",
    mac="00-01-F5-00-00-01",
    model="AiFace",
    firmware="ai518_v1.29",
    algorithm="thbio3.0",
)


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def replica(registry: Running, clock: HandClock) -> Approving:
    """The handlers by themselves, with a clock of the test's: one replica more."""
    parts = Parts(registry.service.bus, registry.engine, clock)
    return Approving(parts, Seals(registry.settings.seal()), Worker(*parts))


def sighted(serial: str, **more: Any) -> Sighted:
    said = {"agent": "hq-1", "dialect": "timmy", "address": "203.0.113.7", "path": "/"}
    return Sighted.model_validate(
        {**said, "serial": serial, "hardware": BODY, "reason": "unknown", **more}
    )


AT_HQ = subjects.rpc_of_site("devices", "sighted", "hq")


# ── seen ─────────────────────────────────────────────────────────────────────


async def test_what_was_seen_is_listed_with_all_that_is_known(
    registry: Running, replica: Approving, clock: HandClock
) -> None:
    first = clock.moment
    await replica.sighted(AT_HQ, sighted("zxre25000001", hardware=Hardware()))
    clock.passes(seconds=30)
    noted = await replica.sighted(AT_HQ, sighted(SERIAL, path="/ws", address="203.0.113.8"))
    assert noted.serial == SERIAL
    (found,) = (await registry.pending()).items
    assert found == PendingDevice(
        serial_number=SERIAL,
        site="hq",
        dialect="timmy",
        reason="unknown",
        address="203.0.113.8",
        path="/ws",
        hardware=BODY,
        times=2,
        first_seen_at=first,
        last_seen_at=clock.moment,
    )


async def test_the_newest_come_first_a_page_at_a_time(
    registry: Running, replica: Approving, clock: HandClock
) -> None:
    for n in range(5):
        await replica.sighted(AT_HQ, sighted(f"SERIAL-{n}"))
        clock.passes(seconds=1)
    pages = [await registry.pending(page=n, limit=2) for n in (1, 2, 3, 10**30)]
    seen = [each.serial_number for found in pages for each in found.items]
    assert seen == [f"SERIAL-{n}" for n in (4, 3, 2, 1, 0)]
    assert {found.total for found in pages} == {5}


async def test_only_the_sites_owner_sees_and_approves(
    registry: Running, agent: Agent, bus_of: MakeBus
) -> None:
    theirs = Agent(await bus_of("agent-other"), "other")
    await theirs.start()
    await agent.sights(SERIAL)
    await theirs.sights("TYSG18086518")
    assert await registry.waiting() == [SERIAL]
    assert await registry.waiting(OTHER_OWNER) == ["TYSG18086518"]
    assert await fails(registry.approve(owner=OTHER_OWNER)) is Code.NOT_FOUND
    assert await fails(registry.approve("TYSG18086518")) is Code.NOT_FOUND
    assert await registry.rows("select 1 from devices") == []
    device = await registry.approve("TYSG18086518", owner=OTHER_OWNER)
    assert (device.site, await registry.waiting()) == ("other", [SERIAL])


@pytest.mark.parametrize("serial", ["", "ABCD", "../../etc", "A" * 51])
async def test_what_is_no_serial_is_not_noted(registry: Running, agent: Agent, serial: str) -> None:
    assert await fails(agent.sights(serial)) is Code.VALIDATION_ERROR
    assert await registry.waiting() == []


async def test_what_a_terminal_tells_is_kept_within_bounds(registry: Running, agent: Agent) -> None:
    told = Hardware(model="M\x00" * 300_000, firmware="\u202e\x07")
    await agent.sights(SERIAL, told, path="/" * 9000, address="a" * 9000)
    (found,) = (await registry.pending()).items
    assert (found.hardware.model, len(found.path), len(found.address)) == ("M" * 256, 256, 256)
    device = await registry.approve()
    assert (len(device.name), device.name[-13:]) == (128, f" {SERIAL}")


async def test_of_a_site_only_so_many_wait_and_the_longest_unseen_goes(
    registry: Running, replica: Approving, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert admission.PENDING_LIMIT == 200
    monkeypatch.setattr(admission, "PENDING_LIMIT", 3)
    annex = subjects.rpc_of_site("devices", "sighted", "annex")
    await replica.sighted(annex, sighted("AT-ANNEX"))
    for serial in ("FIRST", "SECOND", "THIRD", "FIRST", "FOURTH"):
        clock.passes(seconds=1)
        await replica.sighted(AT_HQ, sighted(serial))
    assert await registry.waiting() == ["FOURTH", "FIRST", "THIRD", "AT-ANNEX"]


async def test_a_flood_of_sightings_never_waits_for_itself(
    registry: Running, replica: Approving, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(admission, "PENDING_LIMIT", 2)
    flood = [replica.sighted(AT_HQ, sighted(f"SERIAL-{n % 7}")) for n in range(60)]
    await asyncio.gather(*flood)
    assert len(await registry.waiting()) == 2


# ── registered ───────────────────────────────────────────────────────────────


async def test_what_is_registered_waits_no_longer(registry: Running, agent: Agent) -> None:
    await agent.sights(SERIAL)
    await registry.register_terminal(SERIAL.lower())
    assert await registry.waiting() == []
    await agent.sights(SERIAL)
    assert await registry.waiting() == [], "the agent's list is a moment older"


async def test_it_waits_where_it_is_not_registered(
    registry: Running, agent: Agent, bus_of: MakeBus
) -> None:
    await registry.register_terminal(site="annex")
    await agent.sights(SERIAL)
    assert await registry.waiting() == [SERIAL]
    assert await fails(registry.approve()) is Code.SERIAL_TAKEN
    assert await registry.waiting() == [SERIAL], "what is refused changes nothing"


async def test_no_sighting_slips_past_a_registration(registry: Running, agent: Agent) -> None:
    """One that is seen while it is being registered: its sighting waits for the commit."""
    other = await registry.register_terminal("TYSG18086518")
    (row,) = await registry.rows("select * from devices where id = :id", id=other.id)
    known = {name: getattr(row, name) for name in store.NewDevice._fields}
    async with transaction(registry.engine, "test") as connection:
        await store.add(connection, store.NewDevice(**{**known, "serial_number": SERIAL}))
        await pending.forget(connection, OWNER, SERIAL)
        seeing = asyncio.ensure_future(agent.sights(SERIAL))

        async def waits() -> bool:
            held = "select 1 from pg_stat_activity where wait_event_type = 'Lock'"
            return seeing.done() or bool(await registry.rows(held))

        await eventually(waits)
    await seeing
    assert await registry.waiting() == []


async def test_a_removed_one_is_unknown_again(registry: Running, agent: Agent) -> None:
    await registry.remove(await registry.register_terminal())
    await agent.sights(SERIAL, reason="hardware_changed")
    assert [each.reason for each in (await registry.pending()).items] == ["unknown"]
