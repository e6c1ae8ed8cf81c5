"""What the gateway refuses to be."""

from __future__ import annotations

import pytest

from services.gateway.app import build
from services.gateway.settings import GatewaySettings
from shared.kit.errors import StartupError


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.test"])  # noqa: S104 - refused
def test_a_demo_is_for_this_machine_only(host: str) -> None:
    with pytest.raises(StartupError, match="loopback"):
        build(GatewaySettings(demo=True, http_host=host))
