"""The table of routes: what every route must say of itself before it may be served."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Final, Literal, NamedTuple

from fastapi import Depends, FastAPI, Request
from fastapi.routing import APIRoute
from starlette.responses import Response

from services.gateway.routes.answers import Answer
from shared.contracts.auth import Caller, Permission
from shared.contracts.errors import Code
from shared.kit.errors import MusterError
from shared.kit.security import TokenVerifier

Origin = Literal["S", "P", "I"]
"""Where a route comes from: the stored document, public APIs like it, or inference."""

ASKING: Final = (Code.SERVICE_UNAVAILABLE, Code.TIMEOUT)
"""How asking another service can fail, whatever is asked."""
QUEUING: Final = (
    *ASKING,
    Code.NOT_FOUND,
    Code.CONFLICT,
    Code.NOT_SUPPORTED,
    Code.DEVICE_OFFLINE,
)
"""How it can fail to queue something for a device."""
REACHING: Final = (
    *QUEUING,
    Code.OPERATION_CANCELED,
    Code.DEVICE_ERROR,
    Code.DEVICE_NO_DATA,
    Code.UNKNOWN_FORM,
    Code.PULL_INCOMPLETE,
    Code.DEVICE_UNREACHABLE,
    Code.DEVICE_WRONG_KEY,
    Code.DEVICE_REFUSED,
    Code.DEVICE_WRONG_PROTOCOL,
    Code.DEVICE_BUSY,
    Code.DRIVER_MISSING,
    Code.NO_AGENT,
    Code.DEVICE_NO_ANSWER,
    Code.OUTCOME_UNKNOWN,
    Code.OPERATION_EXPIRED,
)
"""How waiting for a device can fail, whatever it is to do."""


class Route(NamedTuple):
    """One thing to ask for; ``paths`` are the documented one, then its aliases."""

    method: str
    paths: tuple[str, ...]
    endpoint: Callable[..., Awaitable[Response]]
    permission: Permission
    origin: Origin
    summary: str
    answers: tuple[Answer, ...]
    """What it says when all went well."""
    fails: tuple[Code, ...] = ASKING
    """How it can fail, apart from what follows from its parameters and its permission."""


class Visitor(NamedTuple):
    """A verified caller, with the token to ask other services with."""

    caller: Caller
    token: str


class Demand:
    """The dependency that lets a request in, or does not."""

    def __init__(self, route: Route, verifier: TokenVerifier) -> None:
        self.route = route
        self._verifier = verifier

    async def __call__(self, request: Request) -> None:
        """Verify the token and its role; raise UNAUTHORIZED or FORBIDDEN."""
        permission = self.route.permission
        if permission is Permission.PUBLIC:
            return
        token = _bearer(request.headers.get("authorization", ""))
        caller = await self._verifier.verify(token)
        if not caller.may(permission):
            raise MusterError(Code.FORBIDDEN)
        request.state.visitor = Visitor(caller, token)


def visitor(request: Request) -> Visitor:
    """Return who asks; only for routes that demand a token."""
    found: Visitor = request.state.visitor
    return found


Visiting = Annotated[Visitor, Depends(visitor)]
"""The parameter of an endpoint that is told who asks."""


def _bearer(header: str) -> str:
    scheme, _, token = header.strip().partition(" ")
    if scheme and scheme.lower() != "bearer":
        raise MusterError(Code.UNAUTHORIZED)
    return token.strip()


def serve(app: FastAPI, prefix: str, verifier: TokenVerifier, routes: Sequence[Route]) -> None:
    """Add a dialect's routes to the application."""
    for route in routes:
        for path in route.paths:
            app.add_api_route(
                f"{prefix}{path}",
                route.endpoint,
                methods=[route.method],
                summary=route.summary,
                include_in_schema=path == route.paths[0],
                dependencies=[Depends(Demand(route, verifier))],
                openapi_extra={
                    "x-origin": route.origin,
                    "x-permission": route.permission,
                    "x-aliases": [f"{prefix}{alias}" for alias in route.paths[1:]],
                },
            )


def declared(served: object) -> Route | None:
    """Return what a served route says of itself, None when it says nothing."""
    if isinstance(served, APIRoute):
        for dependency in served.dependencies:
            if isinstance(dependency.dependency, Demand):
                return dependency.dependency.route
    return None


def refuse_undeclared(app: FastAPI) -> None:
    """Raise TypeError when a route declares no permission, so that the gateway does not start."""
    for served in app.routes:
        if declared(served) is None:
            msg = f"{getattr(served, 'path', served)} declares no permission"
            raise TypeError(msg)
