"""Every endpoint in five cases: it works, it is another owner's, bad input, offline, hanging."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio
from fastapi.routing import APIRoute
from pydantic import TypeAdapter

from services.devices.agent import operations
from services.devices.simulators.faults import Fault
from services.gateway.app import build
from services.gateway.settings import GatewaySettings
from shared.contracts.auth import GRANTS
from tests.component.gateway.conftest import error_of
from tests.conftest import Platform
from tests.integration.zkteco.asking import a_job, asked, by_aliases, route_of, shape
from tests.integration.zkteco.house import API, House, Json, house, spec
from tests.integration.zkteco.rows import ELSEWHERE, NO_BAD_INPUT, NONSENSE, ROWS, Row

TERMINALS = ("WELL", "TARGET", "CLEARED", "REMOVED", "RESTARTED", "SWITCHED", "KEPT", "GONE")
REACHING = tuple(row for row in ROWS if row.reaches)
DEAF = {row.name: f"DEAF{number}" for number, row in enumerate(REACHING)}
AWAY = {row.name: f"AWAY{number}" for number, row in enumerate(REACHING)}
BOUND = 12.0
"""Seconds within which every answer must come, whatever the terminal does."""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def home(
    platform: Platform, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[House]:
    registered = (*TERMINALS, *DEAF.values(), *AWAY.values())
    serials = (*registered, "NEW", "NEWGONE", "NEWDEAF")
    specs = [spec(serial, number) for number, serial in enumerate(serials, 1)]
    async with house(platform, tmp_path_factory.mktemp("cases"), specs) as running:
        await asyncio.gather(*(running.register(serial) for serial in registered))
        await running.fault("GONE", Fault.UNREACHABLE)
        await running.connected("GONE", whether=False)
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def unreached(home: House) -> dict[str, httpx.Response]:
    """What each endpoint answers when its terminal is off the network."""
    for serial in AWAY.values():
        await home.fault(serial, Fault.UNREACHABLE)
    await asyncio.gather(*(home.connected(serial, whether=False) for serial in AWAY.values()))
    return await at_once(home, AWAY)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def unheard(home: House) -> dict[str, httpx.Response]:
    """What each endpoint answers when its terminal falls silent."""
    for serial in DEAF.values():
        await home.fault(serial, Fault.HANG)
    return await at_once(home, DEAF)


async def at_once(home: House, serials: dict[str, str]) -> dict[str, httpx.Response]:
    """Ask each endpoint that reaches a terminal of its own, all at the same time."""
    answers = await asyncio.gather(*(asked(home, row, serials[row.name]) for row in REACHING))
    return {row.name: answer for row, answer in zip(REACHING, answers, strict=True)}


def named(row: Row) -> str:
    return row.name


async def test_the_table_names_every_endpoint(platform: Platform) -> None:
    app = build(platform.settings(GatewaySettings, "gateway", http_port=0)).app
    served = {
        (method, route.path.removeprefix(API))
        for route in app.routes
        if isinstance(route, APIRoute) and route.include_in_schema
        for method in route.methods or ()
        if route.path.startswith(API)
    }
    tried = {(row.method, shape(row.path)) for row in ROWS}
    assert {(method, shape(path)) for method, path in served} == tried | ELSEWHERE


@pytest.mark.parametrize("row", [*ROWS, *by_aliases()], ids=named)
async def test_it_works(home: House, row: Row) -> None:
    if row.on == "KEPT":
        await home.data("POST", f"/devices/{home.ids['KEPT']}/users/1001/templates")
    if row.on == "CLEARED":
        await a_job(home, "CLEARED")
    if row.on == "RESTARTED":
        await home.connected("RESTARTED")
    answer = await asked(home, row, row.on)
    assert answer.status_code == row.status, answer.text
    if row.status < 400:
        as_documented(row, answer)
    if answer.status_code == 202:
        ended = await home.ended(answer.json()["data"]["job_id"])
        assert ended["status"] == "completed", ended


def as_documented(row: Row, answer: httpx.Response) -> None:
    """Check that nothing is left out and nothing is there that the form does not know."""
    (expected,) = (each for each in route_of(row).answers if each.status == row.status)
    form = TypeAdapter(expected.form)
    assert form.dump_python(form.validate_json(answer.content), mode="json") == answer.json()
    assert set(answer.json()) == set(expected.example)
    assert answer.json().get("message") == expected.example.get("message")


# Whoever is no administrator: the gateway lets them in, and so must every service behind it.
@pytest.mark.parametrize(
    "row", [row for row in ROWS if route_of(row).permission in GRANTS["user"]], ids=named
)
async def test_it_works_for_whoever_may(home: House, row: Row) -> None:
    answer = await asked(home, row, "WELL", home.user)
    assert answer.status_code == row.status, answer.text


@pytest.mark.parametrize("row", ROWS, ids=named)
async def test_it_is_another_owners(home: House, row: Row) -> None:
    answer = await asked(home, row, "WELL", home.other)
    assert answer.status_code == row.other, answer.text
    if row.other == 404:
        error_of(answer, 404, "NOT_FOUND")
    elif isinstance(answer.json()["data"], list):
        assert answer.json()["data"] == []


@pytest.mark.parametrize(
    "row", [row for row in ROWS if (row.method, row.path) not in NO_BAD_INPUT], ids=named
)
async def test_bad_input(home: House, row: Row) -> None:
    path = row.bad_path or row.path
    if row.bad is None and row.bad_path is None:
        path = path.replace("{id}", NONSENSE).replace("{job}", "%01")
    path = path.replace("{id}", str(home.ids["WELL"]))
    answer = await home.ask(row.method, path, row.body if row.bad is None else row.bad)
    error = error_of(answer, 400, "VALIDATION_ERROR")
    assert error["fields"]


@pytest.mark.parametrize("row", REACHING, ids=named)
async def test_the_device_is_offline(unreached: dict[str, httpx.Response], row: Row) -> None:
    error_of(unreached[row.name], 503, "DEVICE_UNREACHABLE")


# Removing the one terminal that is offline would end the other cases.
STAYING = [row for row in ROWS if not row.reaches and row.on != "REMOVED"]


@pytest.mark.parametrize("row", STAYING, ids=named)
async def test_nobody_waits_for_a_device_that_is_offline(
    home: House, row: Row, monkeypatch: pytest.MonkeyPatch
) -> None:
    # How long the agent itself waits for a device, the test above has seen.
    monkeypatch.setattr(operations, "_CONNECT_SECONDS", 0.2)
    answer = await asked(home, row, "GONE")
    if row.path == "/queue/jobs/{job}/retry":
        # Its sync failed, as it must: that one can be tried again.
        assert answer.status_code == 202, answer.text
    else:
        assert answer.status_code == row.status, answer.text
    if answer.status_code == 202:
        ended = await home.ended(answer.json()["data"]["job_id"])
        # A copy is two operations: the second is not begun when the first one fails.
        wanted = "OPERATION_CANCELED" if "copy" in row.path else "DEVICE_UNREACHABLE"
        assert ended["error"]["code"] == wanted, ended


@pytest.mark.parametrize("row", REACHING, ids=named)
async def test_the_device_hangs(unheard: dict[str, httpx.Response], row: Row) -> None:
    answer = unheard[row.name]
    error: Json = answer.json()["error"]
    if "unlock" in row.path and error["code"] == "DEVICE_BUSY":
        # The terminal fell silent over another request, so the unlock was never written.
        assert answer.status_code == 503, answer.text
    else:
        assert answer.status_code == 504, answer.text
        assert error["code"] in {"DEVICE_NO_ANSWER", "OUTCOME_UNKNOWN", "UNLOCK_UNKNOWN"}
    assert answer.elapsed.total_seconds() < BOUND


# ── registering, which needs terminals that are not registered ────────────────


async def test_a_terminal_is_registered_and_its_ip_is_taken(home: House) -> None:
    made = await home.data("POST", "/devices", home.described("NEW"))
    assert made["is_connected"] is True
    assert made["status"] == "active"
    error_of(await home.ask("POST", "/devices", home.described("NEW")), 409, "IP_TAKEN")


async def test_a_terminal_of_another_owners_site_needs_an_agent_there(home: House) -> None:
    answer = await home.ask("POST", "/devices", home.described("NEW"), home.other)
    error_of(answer, 503, "NO_AGENT")


async def test_a_terminal_without_a_name_is_refused(home: House) -> None:
    error = error_of(await home.ask("POST", "/devices", {"ip": "x"}), 400, "VALIDATION_ERROR")
    assert {each["field"] for each in error["fields"]} >= {"name"}


async def test_a_terminal_that_is_offline_is_not_registered(home: House) -> None:
    await home.fault("NEWGONE", Fault.UNREACHABLE)
    answer = await home.ask("POST", "/devices", home.described("NEWGONE"))
    error_of(answer, 400, "DEVICE_UNREACHABLE")


async def test_a_terminal_that_hangs_is_not_registered(home: House) -> None:
    await home.fault("NEWDEAF", Fault.HANG)
    answer = await home.ask("POST", "/devices", home.described("NEWDEAF"))
    error_of(answer, 400, "DEVICE_NO_ANSWER")
    assert answer.elapsed.total_seconds() < BOUND
