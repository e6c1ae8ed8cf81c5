"""The settings every process has; each service adds its own in its settings.py."""

from pathlib import Path
from typing import Annotated

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """What every process is told: read from the environment, prefix ``MUSTER_``."""

    model_config = SettingsConfigDict(
        env_prefix="MUSTER_", extra="ignore", use_attribute_docstrings=True
    )

    data_dir: Path = Path(".muster")
    """Where the process may keep files of its own."""
    nats_url: str = "nats://127.0.0.1:4222"
    nats_seed_file: Path = Path(".muster/secrets/nats.seed")
    """The nkey seed of this process's own user on the broker."""
    http_host: str = "127.0.0.1"
    http_port: Annotated[int, Field(ge=0, le=65_535)] = 0
    """Where /healthz and /readyz answer; 0 takes any free port."""
    log_level: str = "INFO"
    trace_file: Path | None = None
    """Spans are appended here as JSON lines."""
    otlp_endpoint: Annotated[str | None, Field(validation_alias="OTEL_EXPORTER_OTLP_ENDPOINT")] = (
        None
    )
    """OpenTelemetry's own variable: spans go there as well."""
    startup_seconds: float = 60.0
    """How long to wait for the broker and the database before giving up."""


class DatabaseSettings(Settings):
    """What a process with a schema of its own is told besides."""

    database_url: str = "postgresql+psycopg://127.0.0.1:5432/muster"
    """Without a password: that comes from a file, never from a URL that may be logged."""
    database_password_file: Path = Path(".muster/secrets/database.password")
