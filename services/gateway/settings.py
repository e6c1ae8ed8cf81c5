"""What the gateway is told by its environment."""

from typing import Annotated

from pydantic import Field

from shared.kit.settings import DatabaseSettings


class GatewaySettings(DatabaseSettings):
    """Settings of the gateway, prefix ``MUSTER_``."""

    http_port: Annotated[int, Field(ge=0, le=65_535)] = 9090
    """Where the API answers; both documents say 9090."""
    demo: bool = False
    """The documents' example credentials are known to auth: serve nobody but this machine."""
    admin_token_hours: Annotated[int, Field(ge=1, le=24)] = 12
    """How long a token of ``/api/auth/login`` lives; that dialect has no refresh."""
    employee_token_days: Annotated[int, Field(ge=1, le=31)] = 7
    """How long a token of ``/api/employees/login`` lives."""
