"""The table of routes: none without a permission, the public ones a fixed list."""

from __future__ import annotations

from typing import Any, cast

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.responses import Response

from services.gateway.routes import zkteco
from services.gateway.routes.application import application
from services.gateway.routes.table import permission_of, refuse_undeclared
from services.gateway.routes.timmy import Timmy
from shared.contracts.auth import Permission
from shared.kit.clock import SystemClock

PUBLIC = {
    "POST /api/v1/auth/login",
    "POST /api/v1/login",
    "POST /api/v1/users/login",
    "POST /api/v1/auth/refresh",
    "POST /api/auth/login",
    "GET /api/openapi.json",
}
ADMIN_ONLY = {
    "POST /api/v1/auth/register": Permission.USERS_WRITE,
    "POST /api/v1/register": Permission.USERS_WRITE,
    "POST /api/v1/users/register": Permission.USERS_WRITE,
    "POST /api/v1/devices": Permission.DEVICES_WRITE,
    "POST /api/v1/device": Permission.DEVICES_WRITE,
    "DELETE /api/v1/cache": Permission.CACHE_CLEAR,
    "DELETE /api/v1/cache/clear": Permission.CACHE_CLEAR,
    "POST /api/v1/cache/clear": Permission.CACHE_CLEAR,
}
NOTHING = cast("Any", None)
"""Stands for what a route would ask; these tests call none."""


def the_application() -> FastAPI:
    dialects = {
        "/api/v1": zkteco.routes(NOTHING, NOTHING, NOTHING),
        "/api": Timmy(NOTHING, 3600).routes(),
    }
    return application(dialects, NOTHING, SystemClock())


def declared() -> dict[str, Permission | None]:
    return {
        f"{method} {route.path}": permission_of(route)
        for route in the_application().routes
        if isinstance(route, APIRoute)
        for method in route.methods or ()
    }


def test_the_public_routes_are_these() -> None:
    found = {name for name, permission in declared().items() if permission is Permission.PUBLIC}
    assert found == PUBLIC


def test_what_only_admins_may() -> None:
    assert {name: declared()[name] for name in ADMIN_ONLY} == ADMIN_ONLY


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
