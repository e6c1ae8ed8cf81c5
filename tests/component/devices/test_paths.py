"""Secret paths: told once, kept as digests, and the one before good for a day."""

from __future__ import annotations

import base64

import pytest

from services.devices.handlers.parts import Parts
from services.devices.handlers.paths import Paths
from services.devices.handlers.presence import Agents
from services.devices.handlers.seals import Seals
from services.devices.rules import admission
from services.devices.worker import Worker
from shared.contracts import catalog, subjects
from shared.contracts.agents import AskRoster, RosterChanged
from shared.contracts.devices import Device, MakePath, PathMade
from shared.contracts.errors import Code
from tests.component.devices.conftest import Agent, HandClock, Running, caller, fails
from tests.conftest import OTHER_OWNER, OWNER


async def make(running: Running, device: Device, owner: str = OWNER) -> str:
    asked = MakePath(device_id=device.id)
    made = await running.ask(catalog.MAKE_PATH, asked, PathMade, owner=owner)
    return made.token.get_secret_value()


class Replica:
    """The handlers by themselves, with a clock of the test's: one replica more."""

    def __init__(self, running: Running) -> None:
        self.clock = HandClock()
        parts = Parts(running.service.bus, running.engine, self.clock)
        self._paths = Paths(parts, Worker(*parts))
        self._agents = Agents(parts, Seals(running.settings.seal()))

    async def make(self, device: Device) -> str:
        made = await self._paths.make(MakePath(device_id=device.id), caller())
        return admission.digest_of(made.token.get_secret_value())

    async def good(self) -> set[str]:
        at = subjects.rpc_of_site("devices", "roster", "hq")
        (device, *_) = (await self._agents.roster(at, AskRoster(agent="hq-1"))).devices
        assert len(device.path_digests) == len(set(device.path_digests))
        return set(device.path_digests)


async def test_a_path_is_told_once_and_known_by_its_digest(registry: Running, agent: Agent) -> None:
    device, plain = [await registry.register_terminal(f"SERIAL-{n}") for n in (1, 2)]
    heard = await agent.bus.client.subscribe(subjects.roster_changed("hq"))
    await agent.bus.client.flush()
    token = await make(registry, device)
    assert len(base64.urlsafe_b64decode(token + "==")) == 16
    message = await heard.next_msg(timeout=5)
    assert RosterChanged.model_validate_json(message.data).site == "hq"
    told = {each.device_id: each.path_digests for each in (await agent.roster()).devices}
    assert told == {device.id: (admission.digest_of(token),), plain.id: ()}
    assert (await registry.get(device)).has_path_token
    assert not (await registry.get(plain)).has_path_token
    kept = await registry.rows(
        "select t::text from paths t union all select t::text from devices t"
    )
    assert not any(token in row[0] for row in kept)


async def test_the_one_before_is_good_for_a_day(registry: Running) -> None:
    device, replica = await registry.register_terminal(), Replica(registry)
    first = await replica.make(device)
    replica.clock.passes(days=30)
    second = await replica.make(device)
    assert await replica.good() == {first, second}
    replica.clock.passes(hours=23)
    third = await replica.make(device)
    assert await replica.good() == {first, second, third}
    replica.clock.passes(hours=1)
    assert await replica.good() == {second, third}
    replica.clock.passes(hours=23)
    assert await replica.good() == {third}
    fourth = await replica.make(device)
    assert await replica.good() == {third, fourth}
    assert len(await registry.rows("select 1 from paths")) == 2, "what is no longer good goes"


async def test_no_device_gathers_paths(registry: Running) -> None:
    device, replica = await registry.register_terminal(), Replica(registry)
    made = []
    for _ in range(admission.PATHS_LIMIT + 3):
        made.append(await replica.make(device))
        replica.clock.passes(seconds=1)
    assert await replica.good() == set(made[-admission.PATHS_LIMIT :])


async def test_only_ones_own_that_dials_in_has_a_path(registry: Running, agent: Agent) -> None:
    dialled, terminal = await registry.register(), await registry.register_terminal()
    assert await fails(make(registry, dialled)) is Code.NOT_SUPPORTED
    assert await fails(make(registry, terminal, OTHER_OWNER)) is Code.NOT_FOUND
    gone = terminal.model_copy(update={"id": 2**70})
    assert await fails(make(registry, gone)) is Code.NOT_FOUND
    asked = MakePath(device_id=terminal.id)
    with_less = registry.ask(catalog.MAKE_PATH, asked, PathMade, role="user")
    assert await fails(with_less) is Code.FORBIDDEN


async def test_the_token_is_in_no_text_form(
    registry: Running, capfd: pytest.CaptureFixture[str]
) -> None:
    device = await registry.register_terminal()
    made = await registry.ask(catalog.MAKE_PATH, MakePath(device_id=device.id), PathMade)
    token = made.token.get_secret_value()
    said = capfd.readouterr()
    assert token not in repr(made) + made.model_dump_json() + said.out + said.err
