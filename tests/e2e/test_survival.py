"""Any process may die at the worst moment: in the middle of a sync, nothing is lost or doubled."""

from __future__ import annotations

import pytest

from tests.e2e.demo import Demo, until
from tests.e2e.test_punch import assert_all_there_once, finished, sync

RECORDS = 5_000
PROCESSES = (
    *("agent-hq", "attendance", "devices", "forwarder", "gateway", "auth", "provisioner"),
    *("nats", "postgres"),
)
KEEPERS = {"agent-hq", "attendance", "devices", "nats", "postgres"}


@pytest.mark.timeout(180)
@pytest.mark.parametrize(
    "name",
    # Those that hold no punch while it travels are killed in the campaign.
    [
        name if name in KEEPERS else pytest.param(name, marks=pytest.mark.campaign)
        for name in PROCESSES
    ],
)
async def test_a_kill_in_the_middle_of_a_sync_loses_and_doubles_nothing(
    demo: Demo, name: str
) -> None:
    serial = demo.serials[PROCESSES.index(name) % len(demo.serials)]
    device = (await demo.devices())[serial]
    # What is said live meanwhile must not be taken for the sync's first batch.
    await sync(demo, serial)
    before, restarts = await demo.recorded(device), demo.restarts(name)
    await demo.backlog(serial, RECORDS)
    answer = await demo.api.post(f"/api/v1/attendance/sync/{device}")
    assert answer.status_code == 202, answer.text
    job = answer.json()["data"]["job_id"]

    seen = before

    async def under_way() -> bool:
        nonlocal seen
        seen = await demo.recorded(device)
        return seen >= before + 250

    await until(under_way, "the first batch is committed", 30, pause=0.0)
    demo.kill(name)
    assert seen < before + RECORDS, "the kill came after the last batch"
    if name != "postgres":
        assert await demo.recorded(device) < before + RECORDS, "the sync was not cut short"

    async def restarted() -> bool:
        return demo.restarts(name) == restarts + 1

    await until(restarted, f"{name} is started again", 30)
    await until(demo.log_in_again, "the gateway answers", 30)
    ended = await finished(demo, job, 90)
    assert ended["status"] == "completed", ended
    assert await demo.recorded(device) >= before + RECORDS
    await assert_all_there_once(demo, 60)
