"""Run the gateway: ``python -m services.gateway``."""

from services.gateway.app import build
from services.gateway.settings import GatewaySettings
from shared.kit.service import main

if __name__ == "__main__":
    main("gateway", GatewaySettings, build)
