"""Tokens and users."""

import operator
from typing import Annotated, Final, Literal, Self

from pydantic import Field

from services.gateway.routes.examples import example
from services.gateway.routes.views.base import View
from shared.contracts import auth
from shared.contracts.auth import Role

_TOKEN: Final = "eyJ0eXAiOiJKV1QiLCJhbGciOiJFZERTQSJ9..."  # noqa: S105 - the head of any token


class User(View):
    """A user; e-mails in examples are made up."""

    model_config = example(id=1, username="john_doe", email="john@example.com", role="user")

    id: int
    username: str
    email: str
    role: Role


class Session(View):
    """A pair of tokens."""

    model_config = example(
        access_token=_TOKEN,
        refresh_token=_TOKEN,
        token_type="Bearer",  # noqa: S106 - a kind, no secret
        expires_in=3600,
        user={"id": 1, "username": "danish", "email": "danish@example.com", "role": "admin"},
    )

    access_token: str
    refresh_token: str
    token_type: Literal["Bearer"]
    expires_in: int
    user: User
    password_change_advised: Annotated[bool, Field(exclude_if=operator.not_)] = False

    @classmethod
    def opened(cls, made: auth.Session) -> Self:
        """Return the tokens of a new session, as text."""
        return cls(
            access_token=made.access_token.get_secret_value(),
            refresh_token=made.refresh_token.get_secret_value(),
            token_type="Bearer",  # noqa: S106 - a kind, no secret
            expires_in=made.expires_in,
            user=User.of(made.user),
            password_change_advised=made.password_change_advised,
        )
