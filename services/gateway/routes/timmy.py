"""The "Timmy Device Manager API" under /api: its paths and shapes, nothing else."""

from typing import Annotated, Any

from fastapi import Depends
from starlette.responses import JSONResponse, Response

from services.gateway.routes import examples
from services.gateway.routes.bodies import Sent
from services.gateway.routes.shapes import Credentials
from services.gateway.routes.table import Route
from shared.contracts import auth, catalog
from shared.contracts.auth import Permission
from shared.kit.bus import Bus
from shared.kit.rpc import ask


class Timmy:
    """The endpoints of the dialect; ``token_seconds`` is how long its one token lives."""

    def __init__(self, bus: Bus, token_seconds: int) -> None:
        self._bus = bus
        self._token_seconds = token_seconds

    async def login(self, body: Annotated[Credentials, Depends(Sent(Credentials))]) -> Response:
        """Exchange e-mail and password for a token."""
        login = auth.Login(
            email=body.email, password=body.password, access_seconds=self._token_seconds
        )
        made = await ask(self._bus, catalog.LOGIN, login, auth.Session)
        content: dict[str, Any] = {
            "success": True,
            "token": made.access_token.get_secret_value(),
            "user": {
                "email": made.user.email,
                "name": made.user.username,
                "role": made.user.role.upper(),
            },
        }
        if made.password_change_advised:
            content["password_change_advised"] = True
        return JSONResponse(content)

    def routes(self) -> tuple[Route, ...]:
        """Return the table of the dialect."""
        return (
            Route(
                "POST",
                ("/auth/login",),
                self.login,
                Permission.PUBLIC,
                "S",
                "Get a token",
                examples.TIMMY_LOGIN,
            ),
        )
