"""Run auth: ``python -m services.auth``."""

from services.auth.app import build
from services.auth.settings import AuthSettings
from shared.kit.service import main

if __name__ == "__main__":
    main("auth", AuthSettings, build)
