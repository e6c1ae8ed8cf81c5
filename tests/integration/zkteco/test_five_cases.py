"""Every endpoint in five cases: it works, it is another owner's, bad input, offline, hanging."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio
from fastapi.routing import APIRoute

from services.devices.simulators.faults import Fault
from services.gateway.app import build
from services.gateway.settings import GatewaySettings
from tests.component.gateway.conftest import error_of
from tests.conftest import Platform
from tests.integration.zkteco.house import API, House, Json, house, spec
from tests.integration.zkteco.rows import ELSEWHERE, NO_BAD_INPUT, NONSENSE, ROWS, Row

TERMINALS = ("WELL", "TARGET", "CLEARED", "REMOVED", "RESTARTED", "SWITCHED", "KEPT", "GONE")
REACHING = tuple(row for row in ROWS if row.reaches)
DEAF = {row.name: f"DEAF{number}" for number, row in enumerate(REACHING)}
BOUND = 12.0
"""Seconds within which every answer must come, whatever the terminal does."""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def home(
    platform: Platform, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[House]:
    serials = (*TERMINALS, *DEAF.values(), "NEW", "NEWGONE", "NEWDEAF")
    specs = [spec(serial, number) for number, serial in enumerate(serials, 1)]
    async with house(platform, tmp_path_factory.mktemp("cases"), specs) as running:
        for serial in (*TERMINALS, *DEAF.values()):
            await running.register(serial)
        await running.fault("GONE", Fault.UNREACHABLE)
        await running.connected("GONE", whether=False)
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def unheard(home: House) -> dict[str, httpx.Response]:
    """What each endpoint answers when its terminal falls silent: all asked at once."""

    async def ask(row: Row) -> httpx.Response:
        await home.fault(DEAF[row.name], Fault.HANG)
        return await asked(home, row, DEAF[row.name])

    answers = await asyncio.gather(*(ask(row) for row in REACHING))
    return {row.name: answer for row, answer in zip(REACHING, answers, strict=True)}


def filled(home: House, row: Row, serial: str, sent: Any) -> Any:
    """Put ids where a row has places for them."""
    if isinstance(sent, dict):
        if "whole" in sent:
            return home.described(serial)
        return {name: filled(home, row, serial, value) for name, value in sent.items()}
    if sent == "{id}":
        return home.ids[serial]
    if sent == "{target}":
        return home.ids["TARGET"]
    return sent


async def asked(
    home: House, row: Row, serial: str, who: dict[str, str] | None = None
) -> httpx.Response:
    path = row.path.replace("{id}", str(home.ids[serial]))
    if "{job}" in path:
        job = await home.data("POST", f"/attendance/sync/{home.ids[serial]}")
        await home.ended(job["job_id"])
        path = path.replace("{job}", job["job_id"])
    return await home.ask(row.method, path, filled(home, row, serial, row.body), who)


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


def shape(path: str) -> str:
    """A path without the names of its parameters."""
    known = {"1001", "1002", "1003", "1004", "1005", "~Platform", "WorkCode"}
    parts = path.split("/")
    return "/".join("*" if part.startswith("{") or part in known else part for part in parts)


@pytest.mark.parametrize("row", ROWS, ids=named)
async def test_it_works(home: House, row: Row) -> None:
    if row.on == "KEPT":
        await home.data("POST", f"/devices/{home.ids['KEPT']}/users/1001/templates")
    if row.on == "CLEARED":
        job = await home.data("POST", f"/attendance/sync/{home.ids['CLEARED']}")
        assert (await home.ended(job["job_id"]))["status"] == "completed"
    answer = await asked(home, row, row.on)
    assert answer.status_code == row.status, answer.text
    body = answer.json()
    if row.status < 400:
        assert body["status"] is True
        assert "data" in body
    if answer.status_code == 202:
        ended = await home.ended(body["data"]["job_id"])
        assert ended["status"] == "completed", ended


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


# Removing the one terminal that is offline would end the other cases.
STAYING = [row for row in ROWS if row.on != "REMOVED"]


@pytest.mark.parametrize("row", STAYING, ids=named)
async def test_the_device_is_offline(home: House, row: Row) -> None:
    answer = await asked(home, row, "GONE")
    if row.reaches:
        error_of(answer, 503, "DEVICE_UNREACHABLE")
    elif row.path == "/queue/jobs/{job}/retry":
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
