"""/api: logging in."""

from typing import Annotated

from fastapi import Depends
from starlette.responses import Response

from services.gateway.routes.answers import Answer
from services.gateway.routes.bodies import Sent
from services.gateway.routes.envelopes import plain
from services.gateway.routes.examples import example_of
from services.gateway.routes.shapes.sessions import Credentials
from services.gateway.routes.table import ASKING, Route
from services.gateway.routes.timmy.views import sessions as views
from shared.contracts import auth, catalog
from shared.contracts.auth import Permission
from shared.contracts.errors import Code
from shared.kit.bus import Bus
from shared.kit.rpc import ask


class Sessions:
    """Endpoints of /api; ``token_seconds`` is how long the one token of a user lives."""

    def __init__(self, bus: Bus, token_seconds: int) -> None:
        self._bus = bus
        self._token_seconds = token_seconds

    async def login(self, body: Annotated[Credentials, Depends(Sent(Credentials))]) -> Response:
        """Exchange e-mail and password for a token."""
        login = auth.Login(
            email=body.email, password=body.password, access_seconds=self._token_seconds
        )
        made = await ask(self._bus, catalog.LOGIN, login, auth.Session)
        return plain(views.TimmySession.opened(made))

    def routes(self) -> tuple[Route, ...]:
        """Return the table of these routes."""
        return (
            Route(
                "POST",
                ("/auth/login",),
                self.login,
                Permission.PUBLIC,
                "S",
                "Get a token",
                (Answer(200, views.TimmySession, example_of(views.TimmySession)),),
                (*ASKING, Code.INVALID_CREDENTIALS, Code.TOO_MANY_REQUESTS),
            ),
        )
