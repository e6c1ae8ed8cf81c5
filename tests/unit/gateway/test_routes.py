"""The table of routes: none without a permission, the public ones a fixed list."""

from __future__ import annotations

from typing import Any, cast

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.responses import Response

from services.gateway.routes import timmy, zkteco
from services.gateway.routes.application import application
from services.gateway.routes.table import Route, declared, refuse_undeclared
from shared.kit.clock import SystemClock
from tests.unit.gateway.permissions import PERMISSIONS

NOTHING = cast("Any", None)
"""Stands for what a route would ask; these tests call none."""


def the_application() -> FastAPI:
    dialects = {
        "/api/v1": zkteco.routes(NOTHING, NOTHING, NOTHING),
        "/api": timmy.routes(NOTHING, NOTHING, SystemClock(), timmy.Lives(3600, 86_400)),
    }
    return application(dialects, NOTHING, SystemClock())


def served() -> dict[str, Route]:
    """Every route by its first path; aliases share its entry."""
    found: dict[str, Route] = {}
    for each in the_application().routes:
        route = declared(each)
        if route and isinstance(each, APIRoute) and each.path.endswith(route.paths[0]):
            found[f"{route.method} {each.path}"] = route
    return found


def test_every_route_demands_what_is_written_down() -> None:
    assert {name: route.permission for name, route in served().items()} == PERMISSIONS


def test_every_path_and_method_is_there_once() -> None:
    routes = [
        f"{method} {route.path}"
        for route in the_application().routes
        if isinstance(route, APIRoute)
        for method in route.methods or ()
    ]
    assert len(routes) == len(set(routes))


async def _endpoint() -> Response:
    return Response()


def test_a_route_without_a_permission_is_refused() -> None:
    app = the_application()
    refuse_undeclared(app)
    app.add_api_route("/api/v1/forgotten", _endpoint)
    with pytest.raises(TypeError, match="/api/v1/forgotten declares no permission"):
        refuse_undeclared(app)


def test_a_route_around_the_table_is_refused() -> None:
    app = the_application()
    app.add_route("/api/v1/raw", cast("Any", _endpoint))
    with pytest.raises(TypeError, match="/api/v1/raw"):
        refuse_undeclared(app)
