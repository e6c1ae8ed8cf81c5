"""What the runner is told; the only place of this package that reads the environment."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Final

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

Port = Annotated[int, Field(ge=1, le=65_535)]
_FORWARD: Final = "FORWARD_"


class LocalSettings(BaseSettings):
    """Where the runner keeps its data and which ports everything listens on."""

    model_config = SettingsConfigDict(env_prefix="MUSTER_", extra="ignore")

    data_dir: Path = Path(".muster")
    bootstrap_file: Path | None = None
    """JSON with owners, their administrators and sites; without one, a small one is made."""
    port_gateway: Port = 9090
    port_nats: Port = 4222
    port_postgres: Port = 5433
    port_provisioner: Port = 9190
    port_auth: Port = 9191
    port_devices: Port = 9192
    port_attendance: Port = 9193
    port_forwarder: Port = 9194
    port_agent: Port = 9200
    """Of the first site's agent; those of other sites follow."""
    port_timmy: Port = 9091
    """Where the terminals of the first site dial in; of other sites, on the ports after it."""
    port_fleet: Port = 9095
    port_receiver: Port = 9096
    port_terminal: Port = 4370
    """Of every simulated terminal: each has an address of its own."""


def port_setting(name: str) -> str:
    """Return the environment variable that changes the port of something."""
    return f"MUSTER_PORT_{name.upper()}"


def inherited() -> dict[str, str]:
    """Return the environment for every process: ours, without what only the forwarder may see."""
    return {name: value for name, value in os.environ.items() if not name.startswith(_FORWARD)}


def forwarding() -> dict[str, str]:
    """Return the part of the environment that tells the forwarder its target."""
    return {name: value for name, value in os.environ.items() if name.startswith(_FORWARD)}
