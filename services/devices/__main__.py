"""Run the registry of devices: python -m services.devices."""

from services.devices.app import build
from services.devices.settings import DevicesSettings
from shared.kit.service import main

if __name__ == "__main__":
    main("devices", DevicesSettings, build)
