"""The table of routes: what every route must say of itself before it may be served."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Any, Final, Literal, NamedTuple

from fastapi import Depends, FastAPI, Request
from fastapi.routing import APIRoute
from starlette.responses import Response

from shared.contracts.auth import Caller, Permission
from shared.contracts.errors import Code
from shared.kit.errors import MusterError
from shared.kit.security import TokenVerifier

Origin = Literal["S", "P", "I"]
"""Where a route comes from: the stored document, public APIs like it, or inference."""

_ORIGIN: Final = "x-origin"
_ALIASES: Final = "x-aliases"
_PERMISSION: Final = "x-permission"


class Route(NamedTuple):
    """One thing to ask for; ``paths`` are the documented one, then its aliases."""

    method: str
    paths: tuple[str, ...]
    endpoint: Callable[..., Awaitable[Response]]
    permission: Permission
    origin: Origin
    summary: str
    example: dict[str, Any]
    """An answer, as the document shows it."""
    status: int = 200


class Visitor(NamedTuple):
    """A verified caller, with the token to ask other services with."""

    caller: Caller
    token: str


class Demand:
    """The dependency that lets a request in, or does not."""

    def __init__(self, permission: Permission, verifier: TokenVerifier) -> None:
        self.permission = permission
        self._verifier = verifier

    async def __call__(self, request: Request) -> None:
        """Verify the token and its role; raise UNAUTHORIZED or FORBIDDEN."""
        if self.permission is Permission.PUBLIC:
            return
        token = _bearer(request.headers.get("authorization", ""))
        caller = await self._verifier.verify(token)
        if not caller.may(self.permission):
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
                status_code=route.status,
                include_in_schema=path == route.paths[0],
                dependencies=[Depends(Demand(route.permission, verifier))],
                responses={route.status: content(route.example)},
                openapi_extra={
                    _ORIGIN: route.origin,
                    _PERMISSION: route.permission,
                    _ALIASES: [f"{prefix}{alias}" for alias in route.paths[1:]],
                },
            )


def content(example: dict[str, Any]) -> dict[str, Any]:
    """Return a JSON answer as an OpenAPI document describes it."""
    return {"content": {"application/json": {"example": example}}}


def permission_of(route: object) -> Permission | None:
    """Return the permission a route declares, None when it declares none."""
    if isinstance(route, APIRoute):
        for dependency in route.dependencies:
            if isinstance(dependency.dependency, Demand):
                return dependency.dependency.permission
    return None


def refuse_undeclared(app: FastAPI) -> None:
    """Raise TypeError when a route declares no permission, so that the gateway does not start."""
    for route in app.routes:
        if permission_of(route) is None:
            msg = f"{getattr(route, 'path', route)} declares no permission"
            raise TypeError(msg)
