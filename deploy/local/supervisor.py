"""Keeps processes running: starts them, starts them again when they end, stops them in order."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NoReturn, Protocol

from deploy.local.child import Child, NotReadyError

if TYPE_CHECKING:
    from pathlib import Path

    from deploy.local.process import Process
    from shared.kit.clock import Clock

_READY_SECONDS: Final = 60.0
_FIRST_TRIES: Final = 3
"""A process that never was ready and ended this often will not be by trying once more."""
_FIRST_PAUSE: Final = 0.2
_LONGEST_PAUSE: Final = 10.0
_HEALTHY_SECONDS: Final = 30.0
"""After so long a life the next end is a new misfortune, not the same one."""


class Listener(Protocol):
    """Whoever wants to know how the processes fare."""

    def ready(self, name: str, seconds: float) -> None:
        """Hear that a process is ready, so long after it was started."""
        ...

    def ended(self, reason: str, pause: float) -> None:
        """Hear that a process ended, why, and when it is started again."""
        ...


@dataclass
class _Kept:
    process: Process
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    child: Child | None = None
    restarts: int = 0


class Supervisor:
    """Keeps processes running in a task group; after the group has ended, ``stop`` ends them."""

    def __init__(
        self, group: asyncio.TaskGroup, logs: Path, run_file: Path, listener: Listener, clock: Clock
    ) -> None:
        self._group = group
        self._logs = logs
        self._run_file = run_file
        self._listener = listener
        self._clock = clock
        self._kept: list[_Kept] = []

    async def start(self, *processes: Process) -> None:
        """Start processes at once and return when all are ready.

        One that cannot become ready ends the task group with NotReadyError.
        """
        new = [_Kept(process) for process in processes]
        self._kept += new
        for kept in new:
            self._group.create_task(self._keep(kept))
        for kept in new:
            await kept.ready.wait()

    async def stop(self) -> None:
        """Stop every process, those first that need others."""
        for layer in sorted({kept.process.layer for kept in self._kept}, reverse=True):
            await asyncio.gather(
                *(
                    kept.child.stop()
                    for kept in self._kept
                    if kept.child and kept.process.layer == layer
                )
            )
        self._run_file.unlink(missing_ok=True)

    async def _keep(self, kept: _Kept) -> NoReturn:
        pause = _FIRST_PAUSE
        while True:
            began = self._clock.monotonic()
            reason = await self._live(kept)
            if self._clock.monotonic() - began > _HEALTHY_SECONDS:
                pause = _FIRST_PAUSE
            self._listener.ended(reason, pause)
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)
            kept.restarts += 1

    async def _live(self, kept: _Kept) -> str:
        """Run the process once; return why it ended."""
        began = self._clock.monotonic()
        kept.child = await Child.spawn(kept.process, self._logs / f"{kept.process.name}.log")
        self._write()
        try:
            await kept.child.wait_ready(_READY_SECONDS)
        except NotReadyError as error:
            await kept.child.stop()
            if not kept.ready.is_set() and kept.restarts + 1 >= _FIRST_TRIES:
                raise
            return str(error)
        kept.ready.set()
        self._listener.ready(kept.process.name, self._clock.monotonic() - began)
        return await kept.child.wait()

    def _write(self) -> None:
        """Say what runs now, whole or not at all: others read it while it changes."""
        running = {
            kept.process.name: {"pid": kept.child.pid, "restarts": kept.restarts}
            for kept in self._kept
            if kept.child
        }
        unfinished = self._run_file.with_suffix(".new")
        unfinished.write_text(json.dumps(running, indent=2))
        unfinished.replace(self._run_file)
