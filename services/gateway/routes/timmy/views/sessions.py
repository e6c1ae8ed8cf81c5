"""Users, and the one token they get."""

from typing import Annotated, Final, Literal, Self

from pydantic import Field

from services.gateway.routes.examples import example
from services.gateway.routes.timmy.views.base import Success, View
from shared.contracts import auth

TOKEN: Final = "eyJ0eXAiOiJKV1QiLCJhbGciOiJFZERTQSJ9..."  # noqa: S105 - the head of any token


class TimmyUser(View):
    """A user."""

    email: str
    name: str
    role: Literal["ADMIN", "USER"]


class TimmySession(Success):
    """The one token of /api."""

    model_config = example(
        success=True,
        token=TOKEN,
        user={"email": "admin@timmy.local", "name": "Admin", "role": "ADMIN"},
    )

    token: str
    user: TimmyUser
    password_change_advised: Annotated[bool, Field(exclude_if=lambda advised: not advised)] = False

    @classmethod
    def opened(cls, made: auth.Session) -> Self:
        """Return the token of a new session, as text."""
        user = made.user
        return cls(
            token=made.access_token.get_secret_value(),
            user=TimmyUser(
                email=user.email,
                name=user.username,
                role="ADMIN" if user.role == "admin" else "USER",
            ),
            password_change_advised=made.password_change_advised,
        )
