"""What is read of a device is what it holds: every model seen, every way to speak to it."""

from __future__ import annotations

import hashlib
from typing import Any, Final

import pytest

from services.devices.agent.links.base import Link
from services.devices.drivers.base import IMPOSSIBLE_TIME
from services.devices.drivers.catalog import DRIVERS
from services.devices.simulators.profiles import PROFILES
from services.devices.simulators.quirks import Sizes, Transport
from services.devices.simulators.zk.server import ZkServer
from shared.contracts.errors import Code
from tests.component.links.conftest import Site, Way, entries, failure_of, read, soon

_NAME_BYTES: Final = {28: 8, 72: 23}
Punched = tuple[str, str, int | None]


async def model(site: Site, way: Way, profile: str, **fields: Any) -> ZkServer:
    """Start a terminal of a model; skip the test where the model has no such transport."""
    server = await site.terminal(profile=profile, **fields)
    if server.device.spec.transport not in {Transport.BOTH, Transport(way.transport)}:
        pytest.skip(f"a {profile} has no {way.transport.upper()}")
    return server


def truth(server: ZkServer) -> list[Punched]:
    return [
        (punch.person, punch.device_time.isoformat(timespec="seconds"), punch.state)
        for punch in server.device.truth.log
    ]


@pytest.mark.parametrize("profile", PROFILES)
async def test_every_model_is_read_whole_and_heard(site: Site, way: Way, profile: str) -> None:
    server = await model(site, way, profile, records=2500, users=40, templates=6)
    link = await site.opened(server, way, encoding=server.device.spec.encoding)
    await same_log(server, link)
    await same_people(server, link)
    await same_templates(server, link)
    await same_punch(server, link)


async def same_log(server: ZkServer, link: Link) -> None:
    table, rows = await read(link)
    said: list[Punched] = [
        (entry.person, entry.device_time, entry.state) for entry in entries(server, table, rows)
    ]
    assert said == truth(server)
    assert (table.size, table.digest) == (len(rows), hashlib.sha256(rows).hexdigest())
    told = None if server.device.spec.sizes == Sizes.PER_INDEX else 2500
    assert (table.before, table.after) == (told, told)


async def same_people(server: ZkServer, link: Link) -> None:
    people = [(each.uid, each.user_id, each.name, each.card) for each in await link.people()]
    width = _NAME_BYTES[server.device.spec.user_width]
    assert people == [
        (user.uid, user.user_id, user.name[:width].strip(), user.card or None)
        for user in server.device.users
    ]


async def same_templates(server: ZkServer, link: Link) -> None:
    device = server.device
    pins = {user.uid: user.user_id for user in device.users}
    held = [(pins[each.uid], *each[1:]) for each in device.fingers.all()]
    templates = (await link.templates(None)).templates
    assert [(t.user_id, t.finger, t.flag, t.data.get_secret_value()) for t in templates] == held
    (one,) = (await link.templates(device.users[0].user_id)).templates
    assert one.data.get_secret_value().rstrip(b"\0") == device.fingers.all()[0].content


async def same_punch(server: ZkServer, link: Link) -> None:
    await link.listen()
    punch = server.punch(server.device.users[3].user_id, 1)
    slots = {uid: user_id for user_id, uid in server.device.people.slots.items()}
    (entry,) = DRIVERS["zk"].live(await soon(link.event()), slots).entries
    time = punch.device_time.isoformat(timespec="seconds")
    assert (entry.person, entry.device_time, entry.state) == (punch.person, time, 1)


async def test_it_greets_with_serial_and_firmware(site: Site, way: Way) -> None:
    server = await site.terminal()
    greeting = await site.link(server, way).open()
    spec = server.device.spec
    assert (greeting.serial, greeting.firmware) == (spec.serial, spec.firmware)


@pytest.mark.parametrize("empty", ["zero", "error", "no_data"])
async def test_an_empty_log_is_empty_however_the_device_says_so(
    site: Site, way: Way, empty: str
) -> None:
    link = await site.opened(await site.terminal(records=0, empty=empty), way)
    table, rows = await read(link)
    assert (rows, table.size, table.before, table.after) == (b"", 0, 0, 0)


async def test_a_log_small_enough_comes_at_once(site: Site, way: Way) -> None:
    server = await site.terminal(records=3)
    table, rows = await read(await site.opened(server, way))
    assert [entry.person for entry in entries(server, table, rows)] == [
        punch.person for punch in server.device.truth.log
    ]


@pytest.mark.parametrize("rows", [1636, 1637, 3273])
async def test_a_log_may_end_anywhere_in_a_chunk(site: Site, way: Way, rows: int) -> None:
    """Of 65,472 bytes with the size word, 16 belong to a record that straddles two chunks."""
    server = await site.terminal(records=rows)
    table, kept = await read(await site.opened(server, way))
    assert (table.size, len(kept)) == (rows * 40, rows * 40)


async def test_an_impossible_date_is_kept_and_flagged(site: Site, way: Way) -> None:
    server = await site.terminal(records=100)
    server.device.record("1001", "2024-02-31T08:00:00", 0)
    table, rows = await read(await site.opened(server, way))
    last = entries(server, table, rows)[-1]
    assert (last.device_time, last.flags) == ("2024-02-31T08:00:00", (IMPOSSIBLE_TIME,))


async def test_the_clock_is_the_devices_own(site: Site, way: Way) -> None:
    server = await site.terminal(drift=3600)
    link = await site.opened(server, way)
    shown = server.device.wall_clock.shown().isoformat()
    assert shown <= (await link.clock() or "") <= server.device.wall_clock.shown().isoformat()


async def test_templates_of_a_stranger_are_not_found(site: Site, way: Way) -> None:
    link = await site.opened(await site.terminal(), way)
    assert (await failure_of(link.templates("999"))).code == Code.NOT_FOUND
