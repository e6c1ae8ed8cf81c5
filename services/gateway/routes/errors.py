"""Turning whatever a route raises into the dialect's own error."""

from typing import Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Match, Route

from services.gateway.routes.bodies import invalid
from services.gateway.routes.envelopes import failure
from services.gateway.routes.refusals import more_of
from shared.contracts.errors import Code, FieldProblem
from shared.kit.errors import MusterError

_CODES: Final = {404: Code.NOT_FOUND, 405: Code.METHOD_NOT_ALLOWED, 413: Code.TOO_LARGE}


def install(app: FastAPI) -> None:
    """Answer every failure of the application's routes; never with a framework's own body."""
    app.add_exception_handler(MusterError, _muster)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)


async def _muster(request: Request, error: Exception) -> Response:
    if not isinstance(error, MusterError):
        raise error
    return failure(request, error.problem, more=more_of(error))


async def _invalid(request: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        raise error
    # The first part of a location says where it was sent: path, query, header.
    fields = tuple(
        FieldProblem(field=".".join(str(part) for part in each["loc"][1:]), problem=each["msg"])
        for each in error.errors()
    )
    return failure(request, invalid(fields).problem)


async def _http(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    problem = MusterError(_CODES.get(error.status_code, Code.VALIDATION_ERROR)).problem
    allow = {"Allow": _allowed(request)} if error.status_code == 405 else None
    return failure(request, problem, allow)


def _allowed(request: Request) -> str:
    found = [
        route
        for route in request.app.routes
        if isinstance(route, Route) and route.matches(request.scope)[0] is not Match.NONE
    ]
    # A name that looks like an id of the next path is none of those.
    same = [route for route in found if route.path == found[0].path]
    return ", ".join(sorted({method for route in same for method in route.methods or ()}))
