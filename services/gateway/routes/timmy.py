"""The "Timmy Device Manager API" under /api: its paths and shapes, nothing else."""

from typing import Annotated

from fastapi import Depends
from starlette.responses import Response

from services.gateway.routes.answers import Answer, TimmySession, TimmyUser
from services.gateway.routes.bodies import Sent
from services.gateway.routes.envelopes import plain
from services.gateway.routes.shapes.sessions import Credentials
from services.gateway.routes.table import ASKING, Route
from shared.contracts import auth, catalog
from shared.contracts.auth import Permission
from shared.contracts.errors import Code
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
        user = TimmyUser(
            email=made.user.email,
            name=made.user.username,
            role=TimmyUser.role_of(made.user.role),
        )
        return plain(
            TimmySession(
                success=True,
                token=made.access_token.get_secret_value(),
                user=user,
                password_change_advised=made.password_change_advised,
            )
        )

    def routes(self) -> tuple[Route, ...]:
        """Return the table of the dialect."""
        example = TimmySession(
            success=True,
            token="eyJ0eXAiOiJKV1QiLCJhbGciOiJFZERTQSJ9...",  # noqa: S106 - the head of any token
            user=TimmyUser(email="admin@timmy.local", name="Admin", role="ADMIN"),
        )
        return (
            Route(
                "POST",
                ("/auth/login",),
                self.login,
                Permission.PUBLIC,
                "S",
                "Get a token",
                (Answer(200, TimmySession, example.model_dump()),),
                (*ASKING, Code.INVALID_CREDENTIALS, Code.TOO_MANY_REQUESTS),
            ),
        )
