"""Logs that were POSTed in a device's name."""

from pydantic import Field

from services.gateway.routes.examples import example
from services.gateway.routes.timmy.views.base import Success


class Taken(Success):
    """Records that are stored, and whether they were forwarded by now."""

    model_config = example(success=True, forwarded=False, retryLater=True)

    forwarded: bool
    retry_later: bool = Field(alias="retryLater")
