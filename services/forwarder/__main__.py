"""python -m services.forwarder."""

from services.forwarder.app import build
from services.forwarder.settings import ForwarderSettings
from shared.kit.service import main

if __name__ == "__main__":
    main("forwarder", ForwarderSettings, build)
