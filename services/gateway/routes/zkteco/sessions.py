"""/api/v1: logging in and out, and making users."""

from typing import Annotated, Final

from fastapi import Depends, Request
from starlette.responses import Response

from services.gateway.routes import words
from services.gateway.routes.answers import one
from services.gateway.routes.bodies import Sent
from services.gateway.routes.envelopes import success
from services.gateway.routes.shapes.sessions import Credentials, NewAccount, Renewal
from services.gateway.routes.table import ASKING, Route, Visiting
from services.gateway.routes.views import sessions as views
from services.gateway.routes.views.base import Nothing
from shared.contracts import auth, catalog
from shared.contracts.auth import Permission
from shared.contracts.errors import Code
from shared.kit.bus import Bus
from shared.kit.rpc import ask

_ACCESS_SECONDS: Final = 3600
"""The document's promise: ``expires_in`` 3600."""


class Sessions:
    """Endpoints of /api/v1."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    async def login(
        self, request: Request, body: Annotated[Credentials, Depends(Sent(Credentials))]
    ) -> Response:
        """Exchange e-mail and password for tokens."""
        login = auth.Login(email=body.email, password=body.password, access_seconds=_ACCESS_SECONDS)
        made = await ask(self._bus, catalog.LOGIN, login, auth.Session)
        return success(request, words.LOGGED_IN, views.Session.opened(made))

    async def refresh(
        self, request: Request, body: Annotated[Renewal, Depends(Sent(Renewal))]
    ) -> Response:
        """Exchange a refresh token for new tokens; each is good once."""
        made = await ask(self._bus, catalog.REFRESH, body, auth.Session)
        return success(request, words.REFRESHED, views.Session.opened(made))

    async def logout(self, request: Request, who: Visiting) -> Response:
        """End the session everywhere."""
        await ask(self._bus, catalog.LOGOUT, auth.Logout(), auth.LoggedOut, token=who.token)
        return success(request, words.LOGGED_OUT, Nothing())

    async def register_user(
        self,
        request: Request,
        who: Visiting,
        body: Annotated[NewAccount, Depends(Sent(NewAccount))],
    ) -> Response:
        """Make a user, who can log in at once."""
        user = await ask(self._bus, catalog.REGISTER_USER, body, auth.User, token=who.token)
        return success(request, words.REGISTERED, views.User.of(user), 201)

    def routes(self) -> tuple[Route, ...]:
        """Return the table of these routes."""
        return (
            Route(
                "POST",
                ("/auth/login", "/login", "/users/login"),
                self.login,
                Permission.PUBLIC,
                "S",
                "Authenticate user and get JWT tokens",
                (one(words.LOGGED_IN, views.Session),),
                (*ASKING, Code.INVALID_CREDENTIALS, Code.TOO_MANY_REQUESTS),
            ),
            Route(
                "POST",
                ("/auth/register", "/register", "/users/register"),
                self.register_user,
                Permission.USERS_WRITE,
                "S",
                "Register new user (Admin only)",
                (one(words.REGISTERED, views.User, 201),),
                (*ASKING, Code.EMAIL_TAKEN, Code.USERNAME_TAKEN),
            ),
            Route(
                "POST",
                ("/auth/refresh",),
                self.refresh,
                Permission.PUBLIC,
                "I",
                "Exchange a refresh token for new tokens",
                (one(words.REFRESHED, views.Session),),
                (*ASKING, Code.UNAUTHORIZED),
            ),
            Route(
                "POST",
                ("/auth/logout",),
                self.logout,
                Permission.SESSION,
                "I",
                "End the session",
                (one(words.LOGGED_OUT, Nothing),),
            ),
        )
