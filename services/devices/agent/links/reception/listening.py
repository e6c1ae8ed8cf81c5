"""Where an agent listens for terminals that dial in, and what it tells of those it turns away."""

import ssl
from pathlib import Path
from typing import Literal, NamedTuple

from shared.contracts.readings import Hardware

Reason = Literal["unknown", "hardware_changed"]
"""Why a terminal waits for approval; see contracts' Sighted."""


class Listening(NamedTuple):
    """Where to listen; with a certificate and its key, both PEM files, under TLS only."""

    host: str
    port: int
    """0: any that is free."""
    cert_file: Path | None = None
    key_file: Path | None = None

    def tls(self) -> ssl.SSLContext | None:
        """Return how to speak TLS, or None to speak without."""
        if self.cert_file is None:
            return None
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(self.cert_file, self.key_file)
        return context


class Sighting(NamedTuple):
    """A terminal that dialled in and is not served; for contracts' Sighted."""

    serial: str
    address: str
    path: str
    """A token in it is masked."""
    hardware: Hardware
    reason: Reason
