"""What auth is told by its environment."""

from pathlib import Path
from typing import Annotated

from pydantic import Field

from shared.kit.settings import DatabaseSettings


class AuthSettings(DatabaseSettings):
    """Settings of auth, prefix ``MUSTER_``."""

    signing_key_file: Path = Path(".muster/secrets/signing.pem")
    """The Ed25519 private key, PEM, that signs every token."""
    bootstrap_file: Path | None = None
    """Owners and their first administrators, JSON; made when they are not there yet."""
    demo: bool = False
    """Allow the documents' example credentials, on loopback only."""
    refresh_days: Annotated[int, Field(ge=1, le=365)] = 30
    """How long a session lives without being used."""
