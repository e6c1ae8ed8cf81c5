"""The OpenAPI document: made from the routes themselves, with the documents' own examples."""

from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from starlette.responses import JSONResponse, Response

from services.gateway.routes import examples
from services.gateway.routes.bodies import Sent
from services.gateway.routes.envelopes import V1
from services.gateway.routes.table import Route, content, permission_of
from shared.contracts.auth import Permission

_TITLE: Final = "ZKTeco Device API and Timmy Device Manager API"
_VERSION: Final = "1.0.1"
_BEARER: Final = {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}


class Documents:
    """Tells what the application answers to."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app
        self._made: dict[str, Any] | None = None

    async def openapi(self) -> Response:
        """Return the OpenAPI document."""
        if self._made is None:
            self._made = describe(self._app)
        return JSONResponse(self._made)

    def routes(self) -> tuple[Route, ...]:
        """Return the table of what is told."""
        return (
            Route(
                "GET",
                ("/openapi.json",),
                self.openapi,
                Permission.PUBLIC,
                "I",
                "This document",
                {"openapi": "3.1.0"},
            ),
        )


def describe(app: FastAPI) -> dict[str, Any]:
    """Return the OpenAPI document of an application."""
    document = get_openapi(title=_TITLE, version=_VERSION, routes=app.routes)
    document.setdefault("components", {})["securitySchemes"] = {"bearer": _BEARER}
    for route in app.routes:
        if isinstance(route, APIRoute) and route.include_in_schema:
            for method in route.methods or ():
                _complete(document["paths"][route.path_format][method.lower()], route)
    return document


def _complete(operation: dict[str, Any], route: APIRoute) -> None:
    # Bad input is 400 in both dialects; what the framework would say is never sent.
    operation["responses"].pop("422", None)
    error = examples.V1_ERROR if route.path.startswith(V1) else examples.TIMMY_ERROR
    operation["responses"]["default"] = {"description": "Any failure", **content(error)}
    if permission_of(route) is not Permission.PUBLIC:
        operation["security"] = [{"bearer": []}]
    for dependency in route.dependant.dependencies:
        if isinstance(dependency.call, Sent):
            schema = dependency.call.shape.model_json_schema()
            operation["requestBody"] = {
                "required": bool(schema.get("required")),
                "content": {"application/json": {"schema": schema}},
            }
