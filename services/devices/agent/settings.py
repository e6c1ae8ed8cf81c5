"""What an agent is told; the only place of the agent that reads the environment."""

from pathlib import Path

from shared.kit.settings import Settings


class AgentSettings(Settings):
    """The settings of one agent."""

    site: str = "hq"
    agent: str = "hq-1"
    """This agent's name; unique within its site."""

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
