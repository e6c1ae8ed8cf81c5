"""A service refuses to run on a broker or a database that breaks custody, and says why."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import nats.js.errors
import pytest
import pytest_asyncio

from deploy.local.ports import free_port
from shared.contracts.streams import PUNCH
from shared.kit.bus import Bus
from tests.conftest import SERVICES, Platform
from tests.integration.processes import environment, started

MakeBus = Callable[[str], Awaitable[Bus]]
EX_CONFIG = 78
ALWAYS = '"sync_interval": "always"'


async def refusal(service: str, env: dict[str, str]) -> str:
    """Start a service that must not run; return what it said."""
    async with started(service, env) as (process, log):
        status = await asyncio.wait_for(process.wait(), 30)
    assert status == EX_CONFIG, log.read_text()
    return log.read_text()


@pytest_asyncio.fixture(loop_scope="session")
async def mended(clean: Platform, bus_of: MakeBus) -> AsyncIterator[Bus]:
    """The provisioner's bus; the stream of punches is made anew when the test has broken it."""
    provisioner = await bus_of("provisioner")
    yield provisioner
    with contextlib.suppress(nats.js.errors.NotFoundError):
        await provisioner.js.delete_stream(PUNCH.name)
    await clean.servers.provision()


BROKEN: list[tuple[str, dict[str, Any], bool]] = [
    ("retention", {"retention": "limits"}, True),
    ("discard", {"discard": "old"}, False),
    ("max_age", {"max_age": 3600.0}, False),
    ("max_bytes", {"max_bytes": 4096}, False),
    ("max_msgs", {"max_msgs": 10}, False),
    ("duplicate_window", {"duplicate_window": 1.0}, False),
    ("allow_msg_ttl", {"allow_msg_ttl": True}, False),
]


@pytest.mark.parametrize(("setting", "change", "anew"), BROKEN, ids=[each[0] for each in BROKEN])
async def test_a_stream_with_a_wrong_setting_is_named(
    clean: Platform, mended: Bus, setting: str, change: dict[str, Any], anew: bool
) -> None:
    config = (await mended.js.stream_info(PUNCH.name)).config.evolve(**change)
    if anew:
        await mended.js.delete_stream(PUNCH.name)
        await mended.js.add_stream(config)
    else:
        await mended.js.update_stream(config)
    said = await refusal("attendance", environment(clean, "attendance"))
    assert f"stream PUNCH: {setting} " in said


async def test_a_consumer_with_a_wrong_setting_is_named(clean: Platform, mended: Bus) -> None:
    info = await mended.js.consumer_info(PUNCH.name, "attendance")
    await mended.js.add_consumer(PUNCH.name, info.config.evolve(max_ack_pending=1))
    said = await refusal("attendance", environment(clean, "attendance"))
    assert "consumer PUNCH/attendance: max_ack_pending is 1" in said


async def test_a_server_that_does_not_sync_is_refused_by_all(
    clean: Platform, unsynced: None
) -> None:
    everybody = (*SERVICES, "agent")
    said = await asyncio.gather(*(refusal(each, environment(clean, each)) for each in everybody))
    assert all("sync_interval must be always" in each for each in said)


@pytest_asyncio.fixture(loop_scope="session")
async def unsynced(clean: Platform) -> AsyncIterator[None]:
    """The same broker with the default interval between writing and syncing."""
    (config,) = clean.servers.directory.rglob("nats-server.conf")
    good = config.read_text(encoding="utf-8")
    assert ALWAYS in good
    await clean.servers.nats.stop()
    config.write_text(good.replace(ALWAYS, '"sync_interval": "2m"'))
    await clean.servers.nats.start()
    yield
    await clean.servers.nats.stop()
    config.write_text(good, encoding="utf-8")
    await clean.servers.nats.start()


async def test_a_stream_that_is_missing_is_waited_for_then_named(
    clean: Platform, mended: Bus
) -> None:
    assert await mended.js.delete_stream(PUNCH.name)
    env = environment(clean, "attendance", MUSTER_STARTUP_SECONDS="2")
    assert "not there after 2 s" in await refusal("attendance", env)


async def test_a_role_that_may_do_too_much_is_refused(clean: Platform) -> None:
    async with await clean.superuser() as connection:
        await connection.execute("alter role muster_attendance createrole")
        try:
            said = await refusal("attendance", environment(clean, "attendance"))
        finally:
            await connection.execute("alter role muster_attendance nocreaterole")
    assert "may do more than a service must" in said


async def test_a_role_without_its_password_is_refused(clean: Platform, tmp_path: Path) -> None:
    empty, wrong = tmp_path / "empty", tmp_path / "wrong"
    empty.write_text("")
    wrong.write_text("guess")
    for file, words in ((empty, "is empty"), (wrong, "refuses this role")):
        env = environment(clean, "attendance", MUSTER_DATABASE_PASSWORD_FILE=str(file))
        assert words in await refusal("attendance", env)


@pytest.mark.parametrize("broken", [True, False], ids=["broken", "control"])
async def test_a_stream_broken_while_it_runs_is_refused_at_the_next_reconnect(
    clean: Platform, mended: Bus, broken: bool
) -> None:
    port = free_port()
    env = environment(clean, "attendance", MUSTER_HTTP_PORT=str(port))
    async with started("attendance", env) as (process, log), httpx.AsyncClient() as http:
        await ready(http, port)
        if broken:
            config = (await mended.js.stream_info(PUNCH.name)).config.evolve(max_age=3600.0)
            await mended.js.update_stream(config)
        await clean.servers.nats.stop()
        await clean.servers.nats.start()
        if broken:
            assert await asyncio.wait_for(process.wait(), 30) == EX_CONFIG
            assert "stream PUNCH: max_age is" in log.read_text()
        else:
            await ready(http, port, since="reconnected", log=log)
            assert process.returncode is None
        async with asyncio.timeout(30):
            while not mended.connected:
                await asyncio.sleep(0.05)


async def ready(
    http: httpx.AsyncClient, port: int, since: str = "", log: Path | None = None
) -> None:
    """Wait until a service says that it can do its work, and its log that something happened."""
    async with asyncio.timeout(30):
        while True:
            with contextlib.suppress(httpx.HTTPError):
                answer = await http.get(f"http://127.0.0.1:{port}/readyz")
                if answer.is_success and (log is None or since in log.read_text()):
                    return
            await asyncio.sleep(0.05)
