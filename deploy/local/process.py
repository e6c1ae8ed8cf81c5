"""What a process is to the runner: a command, its environment, and when it is ready."""

from __future__ import annotations

import signal
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Process:
    """One process to run; never a secret in ``command``: everybody may list commands."""

    name: str
    command: tuple[str, ...]
    ready: str
    """``tcp://host:port`` that accepts, ``postgresql://host:port``, or a URL that answers 200."""
    env: Mapping[str, str] = field(default_factory=dict)
    layer: int = 2
    """Higher layers need lower ones, so they are stopped first."""
    stop_signal: signal.Signals = signal.SIGTERM
    stop_seconds: float = 30.0
    """How long it may take to stop before it is killed: longer than a bus gives its handlers."""
    death_signal: signal.Signals = signal.SIGKILL
    """What it gets from the kernel when the runner is gone."""
