"""Whatever fits the OpenAPI document is answered as it says, and what does not is refused.

Schemathesis sends thousands of requests, valid and invalid, to the whole system: every service, an
agent, and terminals that are switched off and restarted, emptied and removed by what it sends.
"""

from __future__ import annotations

import asyncio
import multiprocessing
from collections import Counter
from collections.abc import AsyncIterator
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import pytest
import pytest_asyncio

from services.devices.agent import connection
from services.devices.agent import operations as agent_operations
from services.devices.simulators.faults import Fault
from services.devices.simulators.quirks import Enrols
from services.gateway.handlers import operations
from tests.component.gateway.conftest import bearer
from tests.conftest import ADMIN, Platform
from tests.integration.zkteco.fuzzing import Found, fuzz
from tests.integration.zkteco.house import House, house, spec

SERIALS = tuple(f"FUZZ{number}" for number in range(1, 13))
PROCESSES = 4
PARTS = 12
"""Into how many the document is cut: enough that no process is left with all that is slow."""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def home(
    platform: Platform, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[House]:
    specs = [spec(serial, number, enrols=Enrols.OK) for number, serial in enumerate(SERIALS, 1)]
    async with house(platform, tmp_path_factory.mktemp("schema"), specs) as running:
        await asyncio.gather(*(running.register(serial) for serial in SERIALS))
        yield running


async def keep_alive(home: House) -> None:
    """Switch on what was switched off and take in what was removed, until canceled."""
    while True:
        listed = await home.data("GET", "/devices?limit=200")
        there = {each["ip"] for each in listed}
        for serial in SERIALS:
            if not home.device(serial).powered:
                await home.fault(serial, Fault.NONE)
            elif home.device(serial).spec.host not in there:
                # One that is just starting is taken in the next time.
                await home.ask("POST", "/devices", home.described(serial))
        await asyncio.sleep(0.5)


@pytest.mark.campaign
@pytest.mark.timeout(600)
async def test_every_answer_is_as_the_document_says(
    home: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Terminals are lost and busy all the time here; how long anybody waits then, others test.
    monkeypatch.setattr(connection, "_RETRY_SECONDS", (0.05, 0.2))
    monkeypatch.setattr(agent_operations, "_CONNECT_SECONDS", 0.2)
    monkeypatch.setattr(operations, "WAIT", 1.0)
    document = (await home.http.get("/api/openapi.json")).json()
    keeping = asyncio.ensure_future(keep_alive(home))
    try:
        found = await fuzzed(home, document)
        assert not keeping.done(), keeping.exception()
    finally:
        keeping.cancel()
    wrong = [each for part in found for each in part.wrong]
    assert not wrong, "\n\n".join(wrong)
    every = {
        f"{verb.upper()} {path}" for path, verbs in document["paths"].items() for verb in verbs
    }
    tried = sum((part.tried for part in found), Counter[str]())
    assert every <= set(tried)


async def fuzzed(home: House, document: dict[str, Any]) -> list[Found]:
    """Try the whole document; what ends a session comes last, in a session of its own."""
    url = str(home.http.base_url)
    spent = await bearer(home.http, *ADMIN)
    paths = document["paths"]
    last = {path: paths[path] for path in paths if path.endswith("/logout")}
    shared = [each for each in paths.items() if each[0] not in last]
    parts = [dict(shared[number::PARTS]) for number in range(PARTS)]
    asked = [*((part, home.admin) for part in parts), (last, spent)]
    loop = asyncio.get_running_loop()
    # Forked, a process would hold this one's sockets.
    with ProcessPoolExecutor(PROCESSES, multiprocessing.get_context("spawn")) as pool:
        return await asyncio.gather(
            *(
                loop.run_in_executor(pool, fuzz, {**document, "paths": part}, url, who)
                for part, who in asked
            )
        )
