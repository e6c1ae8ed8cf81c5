"""What is not kept for ever: alarms and events, by their age and by their number."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from services.devices.worker import KEPT, KEPT_MOST
from shared.contracts.devices import Device
from tests.component.devices.conftest import HandClock, Ledger, Running

NEW = (
    (
        "insert into alarms (id, owner, site, device_id, at, code, details, size, digest) values"
        " (:id, 'o', 'hq', :device, :at, 'UNKNOWN_FORM', '', 0, '') returning 1"
    ),
    (
        "insert into device_events (event_id, owner, site, device_id, kind, device_time, read_at)"
        " values (:id, 'o', 'hq', :device, 'door', '', :at) returning 1"
    ),
)
NEWEST_FIRST = (
    "select id from alarms where device_id = :device order by at desc",
    "select event_id from device_events where device_id = :device order by read_at desc",
)


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


async def add(registry: Running, clock: HandClock, device: Device, *ages: timedelta) -> None:
    for new in NEW:
        for n, age in enumerate(ages):
            values = {"id": UUID(int=device.id * 1000 + n), "device": device.id}
            await registry.rows(new, at=clock.now() - age, **values)


async def kept(registry: Running, device: Device) -> list[list[int]]:
    """Which alarms and which events of a device there are, as they were added."""
    found = []
    for query in NEWEST_FIRST:
        rows = await registry.rows(query, device=device.id)
        found.append([row[0].int - device.id * 1000 for row in rows])
    return found


async def test_what_is_old_goes_and_the_rest_stays(registry: Running, clock: HandClock) -> None:
    device, gone = [await registry.register_terminal(f"SERIAL-{n}") for n in (1, 2)]
    second = timedelta(seconds=1)
    for each in (device, gone):
        await add(registry, clock, each, timedelta(), KEPT - second, KEPT + second)
    await registry.remove(gone)
    await Ledger(registry, clock).worker.tidy()
    assert await kept(registry, device) == await kept(registry, gone) == [[0, 1], [0, 1]]


async def test_of_too_many_the_newest_stay(registry: Running, clock: HandClock) -> None:
    busy, quiet = [await registry.register_terminal(f"SERIAL-{n}") for n in (1, 2)]
    ages = [timedelta(hours=n) for n in (2, 0, 3, 1)]
    await add(registry, clock, busy, *ages)
    await add(registry, clock, quiet, timedelta(hours=4))
    worker = Ledger(registry, clock).worker
    await worker.tidy()
    assert await kept(registry, busy) == [[1, 3, 0, 2]] * 2, f"fewer than {KEPT_MOST}"
    await worker.tidy(newest=2)
    assert await kept(registry, busy) == [[1, 3]] * 2
    assert await kept(registry, quiet) == [[0]] * 2
