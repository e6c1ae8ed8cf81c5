"""What an agent is told; the only place of the agent that reads the environment."""

from pathlib import Path
from typing import Annotated

from pydantic import Field

from shared.kit.settings import Settings


class AgentSettings(Settings):
    """The settings of one agent."""

    site: str = "hq"
    agent: str = "hq-1"
    """This agent's name; unique within its site."""
    timmy_host: str = "127.0.0.1"
    """Where Timmy terminals dial in."""
    timmy_port: Annotated[int, Field(ge=0, le=65_535)] = 9091
    """0 takes any free port."""
    timmy_cert_file: Path | None = None
    """Certificate chain in PEM; with it terminals must dial in by TLS."""
    timmy_key_file: Path | None = None

    @property
    def journal_file(self) -> Path:
        """Where the agent keeps its journal's name."""
        return self.data_dir / "agents" / f"{self.agent}.journal"

    @property
    def staging_dir(self) -> Path:
        """Where logs lie while they are read and handed on; emptied at every start."""
        return self.data_dir / "agents" / self.agent / "staging"

    @property
    def quarantine_dir(self) -> Path:
        """Where bytes of unknown form lie until a person takes them away."""
        return self.data_dir / "agents" / self.agent / "quarantine"
