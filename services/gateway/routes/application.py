"""The application: every dialect's routes behind the edge, none without a permission."""

from collections.abc import Iterable, Mapping

from fastapi import FastAPI

from services.gateway.routes import errors
from services.gateway.routes.documents import Documents
from services.gateway.routes.edge import Edge
from services.gateway.routes.envelopes import TIMMY
from services.gateway.routes.table import Route, refuse_undeclared, serve
from shared.kit.clock import Clock
from shared.kit.security import TokenVerifier


def application(
    dialects: Mapping[str, Iterable[Route]], verifier: TokenVerifier, clock: Clock
) -> FastAPI:
    """Return the application; ``dialects`` are routes by prefix, the longest prefix first.

    Raises TypeError when a route declares no permission.
    """
    # Its own documentation routes are off: they would be public without saying so.
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False)
    for prefix, routes in dialects.items():
        serve(app, prefix, verifier, tuple(routes))
    serve(app, TIMMY, verifier, Documents(app).routes())
    refuse_undeclared(app)
    errors.install(app)
    app.add_middleware(Edge, clock=clock)
    return app
