"""One run of one process: started, awaited, stopped, and asked why it ended."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import SplitResult, urlsplit

from psycopg import pq

if TYPE_CHECKING:
    from collections.abc import Callable

    from deploy.local.process import Process

_HOME: Final = Path(__file__).resolve().parents[2]
_PR_SET_PDEATHSIG: Final = 1
_POLL_SECONDS: Final = 0.05
_TAIL_LINES: Final = 5
_TAIL_BYTES: Final = 8192
_REFUSED: Final = 78
_PING_SECONDS: Final = 2.0
_LIBC: Final = ctypes.CDLL(None, use_errno=True)


class NotReadyError(Exception):
    """A process ended, or was not ready in time; the sentence holds its last words."""


class Child:
    """One run of a process. Its output is appended to ``log``."""

    def __init__(
        self, process: Process, run: asyncio.subprocess.Process, log: Path, log_start: int
    ) -> None:
        self.process = process
        self._run = run
        self._log = log
        self._log_start = log_start

    @classmethod
    async def spawn(cls, process: Process, log: Path) -> Child:
        """Start the process; it dies with this one, however this one dies."""
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as output:
            log_start = output.tell()
            run = await asyncio.create_subprocess_exec(
                *process.command,
                env=dict(process.env),
                cwd=_HOME,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                # Ctrl-C is for the runner, which stops everything in order.
                start_new_session=True,
                preexec_fn=_die_with_parent(os.getpid(), process.death_signal),
            )
            return cls(process, run, log, log_start)

    @property
    def pid(self) -> int:
        """The process id."""
        return self._run.pid

    async def wait(self) -> str:
        """Return, when the process has ended, why it did."""
        code = await self._run.wait()
        self._kill_group()
        return self._reason(code)

    async def wait_ready(self, seconds: float) -> None:
        """Return when the process is ready; raise NotReadyError when it ends first or is late."""
        try:
            async with asyncio.timeout(seconds):
                while not await _answers(self.process.ready):
                    if self._run.returncode is not None:
                        raise NotReadyError(self._reason(self._run.returncode))
                    await asyncio.sleep(_POLL_SECONDS)
        except TimeoutError as error:
            msg = f"{self.process.name} was not ready after {seconds:.0f} s{self._last_words()}"
            raise NotReadyError(msg) from error

    async def stop(self) -> None:
        """Ask it to stop; kill it, and what it started, when it takes too long."""
        if self._run.returncode is None:
            self._run.send_signal(self.process.stop_signal)
            try:
                async with asyncio.timeout(self.process.stop_seconds):
                    await self._run.wait()
            except TimeoutError:
                pass
        self._kill_group()
        await self._run.wait()

    async def kill(self) -> None:
        """Kill it at once, as a crash would."""
        with contextlib.suppress(ProcessLookupError):
            self._run.kill()
        await self._run.wait()

    def _kill_group(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)

    def _reason(self, code: int) -> str:
        if code < 0:
            end = f"was killed by {signal.Signals(-code).name}"
        else:
            end = f"{'refuses to run' if code == _REFUSED else 'ended'} (exit status {code})"
        return f"{self.process.name} {end}{self._last_words()}"

    def _last_words(self) -> str:
        with self._log.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(self._log_start, size - _TAIL_BYTES))
            lines = file.read().decode(errors="replace").splitlines()[-_TAIL_LINES:]
        return "".join(f"\n    {line}" for line in lines)


def _die_with_parent(parent: int, number: signal.Signals) -> Callable[[], None]:
    def prepare() -> None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, int(number))
        if os.getppid() != parent:
            # The parent was gone before the kernel knew whom to tell.
            os._exit(1)

    return prepare


async def _answers(where: str) -> bool:
    parts = urlsplit(where)
    try:
        if parts.scheme == "postgresql":
            # It listens while it still recovers: only the protocol tells.
            return await asyncio.to_thread(pq.PGconn.ping, where.encode()) == pq.Ping.OK
        async with asyncio.timeout(_PING_SECONDS):
            reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
            try:
                return parts.scheme == "tcp" or await _get(parts, reader, writer)
            finally:
                writer.close()
    except OSError:  # a timeout is one, too
        return False


async def _get(
    parts: SplitResult, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> bool:
    # By hand: this is asked often while everything starts, and an HTTP client costs ten times more.
    writer.write(f"GET {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\n\r\n".encode())
    status = await reader.readline()
    return status.split(b" ")[1:2] == [b"200"]
