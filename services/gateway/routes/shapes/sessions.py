"""What whoever logs in sends."""

from typing import Annotated, Any, Final

from pydantic import BaseModel, Field

from services.gateway.routes.examples import example
from services.gateway.routes.shapes.fields import Username
from shared.contracts.auth import Email, Password, Refresh, RegisterUser
from shared.contracts.message import Secret

_NO_NUL: Final[Any] = Field(json_schema_extra={"pattern": r"^[^\x00]*$"})


class Credentials(BaseModel):
    """An e-mail and its password."""

    model_config = example(email="danish@example.com", password="danish123")  # noqa: S106 - the document's

    email: Email
    password: Annotated[Password, _NO_NUL]


class NewAccount(RegisterUser):
    """A user to be."""

    model_config = example(
        username="john_doe",
        email="john@example.com",
        password="password123",  # noqa: S106 - the document's
        role="user",
    )

    username: Username
    password: Annotated[Secret, Field(min_length=8, max_length=256), _NO_NUL]


class Renewal(Refresh):
    """The refresh token of a session."""

    refresh_token: Annotated[Secret, Field(min_length=1, max_length=4096), _NO_NUL]
