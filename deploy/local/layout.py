"""Where everything is under the data directory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Layout:
    """Paths under one data directory, ``.muster`` unless told otherwise."""

    root: Path

    @property
    def lock(self) -> Path:
        """Held by the one runner of this directory."""
        return self.root / "lock"

    @property
    def run(self) -> Path:
        """What runs now: ``{name: {pid, restarts}}``."""
        return self.root / "run.json"

    @property
    def demo(self) -> Path:
        """Where everything of the demo is, once it is ready."""
        return self.root / "demo.json"

    @property
    def logs(self) -> Path:
        """One log a process."""
        return self.root / "logs"

    @property
    def traces(self) -> Path:
        """One file of spans a process."""
        return self.root / "traces"

    @property
    def nats(self) -> Path:
        """The broker's configuration and store."""
        return self.root / "nats"

    @property
    def postgres(self) -> Path:
        """The database's cluster."""
        return self.root / "postgres"

    @property
    def fleet(self) -> Path:
        """The simulated terminals: what they are and what they remember."""
        return self.root / "fleet"

    @property
    def receiver_log(self) -> Path:
        """What arrived at the webhook receiver, a JSON line each."""
        return self.root / "receiver.jsonl"

    @property
    def secrets(self) -> Path:
        """Everything secret, a file each, mode 0600."""
        return self.root / "secrets"

    @property
    def signing_key(self) -> Path:
        """Auth's Ed25519 key, PEM: signs tokens."""
        return self.secrets / "signing.pem"

    @property
    def device_key(self) -> Path:
        """The registry's Fernet key: seals comm keys."""
        return self.secrets / "devices.key"

    @property
    def forward_token(self) -> Path:
        """What the forwarder shows to the demo's receiver."""
        return self.secrets / "forward.token"

    def bootstrap(self, mode: str) -> Path:
        """Return the file with the first owner, its administrator and its sites."""
        return self.secrets / f"bootstrap-{mode}.json"

    def password(self, role: str) -> Path:
        """Return the file with the password of a role of the database."""
        return self.secrets / f"{role}.password"

    def seed(self, user: str) -> Path:
        """Return the file with the nkey seed of a user of the broker."""
        return self.secrets / f"{user}.seed"
