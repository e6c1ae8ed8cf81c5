"""Asks for what a row of the table describes, of one terminal, by any of its paths."""

from __future__ import annotations

from typing import Any, Final

import httpx

from services.gateway.routes.table import Route
from tests.component.gateway.calls import ROUTES
from tests.integration.zkteco.house import House
from tests.integration.zkteco.rows import ROWS, Row

_FILLED: Final = {"1001", "1002", "1003", "1004", "1005", "~Platform", "WorkCode"}


def shape(path: str) -> str:
    """A path without the names of its parameters."""
    parts = path.split("/")
    return "/".join("*" if part.startswith("{") or part in _FILLED else part for part in parts)


_BY_SHAPE: Final = {
    (route.method, shape(path)): (route, route.paths.index(path))
    for route in ROUTES.values()
    for path in route.paths
}


def route_of(row: Row) -> Route:
    """The route that a row is about."""
    return _BY_SHAPE[row.method, shape(row.path)][0]


def by_aliases() -> list[Row]:
    """Every row once more for every alias of its route."""
    return [
        row._replace(path=alias.replace("{device_id}", "{id}").replace("{user_id}", "1001"))
        for row in ROWS
        for alias in route_of(row).paths[1:]
    ]


def filled(home: House, serial: str, sent: Any) -> Any:
    """Put ids where a body has places for them."""
    if isinstance(sent, dict):
        if "whole" in sent:
            return home.described(serial)
        return {name: filled(home, serial, value) for name, value in sent.items()}
    if sent == "{id}":
        return home.ids[serial]
    return home.ids["TARGET"] if sent == "{target}" else sent


async def asked(
    home: House, row: Row, serial: str, who: dict[str, str] | None = None
) -> httpx.Response:
    """Ask for what a row describes, after whatever must have happened before."""
    path = row.path.replace("{id}", str(home.ids[serial]))
    if "{job}" in path:
        path = path.replace("{job}", await a_job(home, serial))
    return await home.ask(row.method, path, filled(home, serial, row.body), who)


async def a_job(home: House, serial: str) -> str:
    """The id of a sync that has ended."""
    job = await home.data("POST", f"/attendance/sync/{home.ids[serial]}")
    ended = await home.ended(job["job_id"])
    found: str = ended["job_id"]
    return found
