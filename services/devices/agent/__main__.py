"""Run one agent: ``python -m services.devices.agent``."""

from services.devices.agent.app import build
from services.devices.agent.settings import AgentSettings
from shared.kit.service import main

if __name__ == "__main__":
    main("agent", AgentSettings, build)
