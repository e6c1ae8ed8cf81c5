"""A link to simulated terminals of every family: two readings of one protocol that must agree."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from services.devices.agent.links.reception import strangers, visit
from services.devices.agent.links.timmy import TimmyLink
from services.devices.drivers.catalog import DRIVERS
from services.devices.simulators.faults import Fault
from services.devices.simulators.fleet import Fleet
from services.devices.simulators.spec import DeviceSpec
from services.devices.simulators.timmy.terminal import TimmyTerminal
from shared.contracts.errors import Code
from tests.component.links.conftest import CLOCK, ZONE, read, soon, until
from tests.component.links.dialling import SERIAL, House, a_device, receiving

USERS, RECORDS = 70, 130
"""More than a page of either."""


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is waited for for long here."""
    monkeypatch.setattr(strangers, "_SHOW_SECONDS", 0.01)
    monkeypatch.setattr(visit, "_SIGN_SECONDS", 0.3)


@contextmanager
def dialling(house: House, directory: Path, **fields: Any) -> Iterator[TimmyTerminal]:
    """A simulated terminal that dials in, and does so again at once."""
    told = {
        "serial": SERIAL,
        "dialect": "timmy",
        "server": f"ws://127.0.0.1:{house.reception.port}",
        "zone": ZONE,
        "heartbeat": 0.05,
        "users": 3,
        **fields,
    }
    fleet = Fleet([DeviceSpec.model_validate(told)], directory, CLOCK.now)
    terminal = fleet.terminals[SERIAL]
    terminal.start()
    try:
        yield terminal
    finally:
        fleet.stop()


async def opened(house: House) -> TimmyLink:
    link = house.link()
    await soon(link.open())
    return link


async def taken(link: TimmyLink, *, kept: bool = True) -> dict[str, Any]:
    """Take what the terminal hands over next, and say whether it is kept."""
    body = await soon(link.event())
    await link.settle(kept=kept)
    said = json.loads(body)
    assert isinstance(said, dict)
    return said


@pytest.mark.parametrize("paging", ["p1", "p2", "p3"])
@pytest.mark.parametrize("family", ["a", "b", "c", "d"])
async def test_every_family_is_read_whole(tmp_path: Path, family: str, paging: str) -> None:
    many = {"family": family, "paging": paging, "users": USERS, "records": RECORDS}
    async with receiving([a_device()]) as house:
        with dialling(house, tmp_path, **many) as terminal:
            link = await opened(house)
            _, rows = await read(link)
            entries = list(DRIVERS["timmy"].log([rows], "json", {}))
            truth = terminal.device.truth.punches
            assert [each.person for each in entries] == [each.person for each in truth]
            people = await link.people()
            assert len(people) == USERS
            assert link.said is not None
            assert len(link.said["pages"]) > 1
            assert await link.clock() is not None


@pytest.mark.parametrize("quirks", [[], [Fault.NO_INDEX], [Fault.PADDED], [Fault.FRAGMENTED]])
async def test_a_backlog_is_handed_over_until_it_is_kept(
    tmp_path: Path, quirks: list[Fault]
) -> None:
    async with receiving([a_device()]) as house:
        with dialling(house, tmp_path, family="b", backlog=60, quirks=quirks) as terminal:
            link = await opened(house)
            first = await taken(link, kept=False)
            await until(lambda: terminal.told.rejected == 1)
            assert len(terminal.device.unsent) == 60, "nothing is lost"
            terminal.dialing.cut()
            await until(lambda: link.dead)
            link = await opened(house)
            again = await taken(link)
            assert again["record"] == first["record"]
            left = 60 - len(again["record"])
            while left:
                left -= len((await taken(link))["record"])
            await until(lambda: not terminal.device.unsent)
            assert terminal.told.wrong_answers == terminal.told.stray == 0
            assert terminal.told.access in {None, 0}


@pytest.mark.parametrize(
    "fault", [Fault.DUPLICATE_RET, Fault.NO_SN, Fault.STRING_NUMBERS, Fault.TRAILING_COMMAS]
)
async def test_what_firmware_does_wrong_is_put_up_with(tmp_path: Path, fault: Fault) -> None:
    async with receiving([a_device()]) as house:
        with dialling(house, tmp_path, family="b", records=3, quirks=[fault]) as terminal:
            link = await opened(house)
            for _ in range(3):
                assert await link.clock() is not None
            assert (await read(link))[1].count(b"\n") == 3
            await link.unlock(5, CLOCK.boottime() + 5.0)
            assert len(terminal.device.unlocks) == 1


async def test_a_half_open_connection_makes_place(tmp_path: Path) -> None:
    async with receiving([a_device()]) as house:
        with dialling(house, tmp_path, family="b") as terminal:
            link = await opened(house)
            await terminal.set_fault(Fault.HALF_OPEN)
            await until(lambda: link.dead)
            link = await opened(house)
            assert await link.clock() is not None
            assert house.troubles == []


async def test_a_clone_never_takes_the_place_of_a_terminal_that_is_there(tmp_path: Path) -> None:
    async with receiving([a_device()]) as house:
        with dialling(house, tmp_path, family="b", heartbeat=0.01) as terminal:
            link = await opened(house)
            await terminal.set_fault(Fault.CLONE)
            await until(lambda: bool(house.troubles))
            assert set(house.troubles) == {(SERIAL, Code.SERIAL_CLONED)}
            assert link.dead, "nobody knows which of them it is"


async def test_another_body_waits_for_approval(tmp_path: Path) -> None:
    async with receiving([a_device()]) as house:
        with dialling(house, tmp_path, family="b") as terminal:
            greeting = await soon(house.link().open())
            house.reception.expect([a_device(hardware=greeting.hardware)])
            await terminal.set_fault(Fault.OTHER_HARDWARE)
            await until(lambda: bool(house.sightings))
            assert house.sightings[0].reason == "hardware_changed"
            assert house.troubles == [(SERIAL, Code.HARDWARE_CHANGED)]


async def test_a_terminal_that_speaks_as_another_is_not_believed(tmp_path: Path) -> None:
    async with receiving([a_device()]) as house:
        with dialling(house, tmp_path, family="b", backlog=1, quirks=["wrong_sn"]) as terminal:
            await opened(house)
            await until(lambda: terminal.told.rejected > 0)
            assert len(terminal.device.unsent) == 1


async def test_a_terminal_that_storms_is_served_as_soon_as_it_is_calm(tmp_path: Path) -> None:
    async with receiving([a_device()]) as house:
        with dialling(house, tmp_path, family="b") as terminal:
            await opened(house)
            await terminal.set_fault(Fault.STORM)
            await until(lambda: terminal.told.dials > 30)
            await terminal.set_fault(Fault.NONE)
            await until(terminal.connected.is_set)
            assert terminal.told.refusals == 0
