"""Two thousand terminals dial in at once, and their agent dies in the middle of it."""

from __future__ import annotations

import asyncio
import json
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import nats
import pytest
from cryptography.fernet import Fernet

from deploy.nats.accounts import inbox
from shared.contracts.streams import operation_stream
from tests.conftest import ROOT
from tests.e2e.demo import Demo, running, until

TERMINALS = 2_000
EACH = 20
ZONE = "Asia/Baghdad"
Told = tuple[str, str, str]


def _serials() -> list[str]:
    return [f"CROWD{number:06}" for number in range(TERMINALS)]


async def _register(demo: Demo) -> None:
    """Put the terminals on the registry's list; one by one over HTTP would take its time."""
    key = (demo.directory / "secrets" / "devices.key").read_bytes()
    sealed = Fernet(key).encrypt(b"0").decode()
    await demo.sql(
        "insert into devices.devices (owner, site, name, ip, port, location, serial_number,"
        " dialect, zone, comm_key, epoch, status, operations, created_at)"
        " select owner, id, serial, '', 0, '', serial, 'timmy', %s, %s, 1, 'active', 0, now()"
        " from devices.sites, unnest(%s::text[]) as serial",
        *(ZONE, sealed, _serials()),
    )
    # The registry tells the agent of a change when it made one itself.
    body = {"name": "The last", "ip": "", "dialect": "timmy", "serial_number": "CROWD-LAST"}
    (await demo.api.post("/api/v1/devices", json=body)).raise_for_status()
    await _until_served(demo)


async def _until_served(demo: Demo) -> None:
    """Wait until each has its consumer of operations, as terminals that *re*connect have."""
    seed = (demo.directory / "secrets" / "devices.seed").read_text(encoding="utf-8").strip()
    client = await nats.connect(
        demo.guide["nats_url"], nkeys_seed_str=seed, inbox_prefix=inbox("devices")
    )
    stream = operation_stream("hq").name

    async def served() -> bool:
        state = (await client.jetstream().stream_info(stream)).state
        return state.consumer_count >= TERMINALS

    await until(served, "every terminal has its consumer", 90, pause=0.2)
    await client.close()


@asynccontextmanager
async def _crowd(demo: Demo, directory: Path) -> AsyncIterator[None]:
    """A process of its own with all the terminals, each with records nobody acknowledged."""
    server = f"ws://127.0.0.1:{demo.ports['TIMMY']}/pub/chat"
    same = {"dialect": "timmy", "server": server, "zone": ZONE, "backlog": EACH, "heartbeat": 1}
    same |= {"users": 1, "templates": 0, "records": 0}
    fleet = directory / "crowd.json"
    fleet.write_text(json.dumps([{"serial": serial, **same} for serial in _serials()]))
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "services.devices.simulators", "--fleet", str(fleet)),
        *("--state-dir", str(directory / "truth"), "--control", "127.0.0.1:0"),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        limit=2**20,  # it names every terminal in one line
    )
    try:
        assert process.stdout is not None
        assert await asyncio.wait_for(process.stdout.readline(), 60)
        yield
    finally:
        process.terminate()
        await asyncio.wait_for(process.wait(), 30)


async def _recorded(demo: Demo) -> int:
    query = "select count(*) from attendance.punches where serial_number like 'CROWD%%'"
    ((count,),) = await demo.sql(query)
    return int(count)


def _truth(directory: Path) -> Counter[Told]:
    told: Counter[Told] = Counter()
    for serial in _serials():
        (file,) = (directory / "truth").glob(f"{serial}.*")
        for line in file.read_text(encoding="utf-8").splitlines():
            entry = json.loads(line)
            if "person" in entry:
                told[serial, entry["person"], entry["device_time"]] += 1
    return told


@pytest.mark.timeout(240)
async def test_a_whole_crowd_reconnects_at_once_and_every_record_is_stored_once(
    tmp_path: Path,
) -> None:
    everything = TERMINALS * EACH
    async with running(tmp_path / "muster") as demo:
        await _register(demo)
        async with _crowd(demo, tmp_path):
            seen = 0

            async def under_way() -> bool:
                nonlocal seen
                seen = await _recorded(demo)
                return seen >= everything // 4

            await until(under_way, "a quarter is committed", 90, pause=0.01)
            demo.kill("agent-hq")
            assert seen < everything, "the kill came after the last record"

            async def restarted() -> bool:
                return demo.restarts("agent-hq") == 1

            await until(restarted, "the agent is started again", 30)

            async def stored() -> bool:
                return await _recorded(demo) >= everything

            await until(stored, "all of it is committed", 120, pause=0.2)
            rows = await demo.sql(
                "select serial_number, user_id, device_time from attendance.punches"
                " where serial_number like 'CROWD%%'"
            )
        truth = _truth(tmp_path)
        assert sum(truth.values()) == everything
        assert Counter((serial, user, time) for serial, user, time in rows) == truth
