"""Ports: free ones for tests, and who holds the one that is taken."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    from shared.kit.clock import Clock

LOOPBACK: Final = "127.0.0.1"
_LISTEN: Final = "0A"
_POLL_SECONDS: Final = 0.1
_PATIENCE_SECONDS: Final = 3.0
"""After a runner was killed its processes need a moment to be gone from their ports."""


class PortTakenError(Exception):
    """Another program listens where muster wants to; the sentence says what to change."""


class Listening(NamedTuple):
    """A port that muster listens on, and the environment variable that changes it."""

    setting: str
    port: int
    host: str = LOOPBACK


def free_port() -> int:
    """Return a port of the loopback address that nobody listens on now."""
    with socket.create_server((LOOPBACK, 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


async def require_free(wanted: Iterable[Listening], clock: Clock) -> None:
    """Raise PortTakenError for the first port that somebody else listens on."""
    deadline = clock.monotonic() + _PATIENCE_SECONDS
    for listening in wanted:
        while (error := _taken(listening)) is not None:
            if clock.monotonic() > deadline:
                raise PortTakenError(_sentence(listening, error)) from error
            await asyncio.sleep(_POLL_SECONDS)


def _taken(listening: Listening) -> OSError | None:
    try:
        socket.create_server((listening.host, listening.port)).close()
    except OSError as error:
        return error
    return None


def _sentence(listening: Listening, error: OSError) -> str:
    holder = _holder(listening.port)
    return (
        f"port {listening.port} is taken{f' by {holder}' if holder else ''} ({error.strerror}):"
        f" stop that program or set {listening.setting} to another port"
    )


def _holder(port: int) -> str | None:
    """Return the program that listens on a port, as far as this user may see."""
    sockets = {f"socket:[{inode}]" for inode in _listening(port)}
    for entry in Path("/proc").glob("[0-9]*/fd/*") if sockets else ():
        try:
            if str(entry.readlink()) in sockets:
                pid = entry.parts[2]
                return f"{Path('/proc', pid, 'comm').read_text().strip()} (process {pid})"
        except OSError:
            continue  # it ended meanwhile, or is another user's
    return None


def _listening(port: int) -> set[str]:
    """Return the inodes of sockets that listen on a port (proc(5), /proc/net/tcp)."""
    inodes = set()
    for table in ("tcp", "tcp6"):
        path = Path("/proc/net", table)
        for line in path.read_text().splitlines()[1:] if path.exists() else ():
            _, local, _, state, *rest = line.split()
            if state == _LISTEN and int(local.rpartition(":")[2], 16) == port:
                inodes.add(rest[5])
    return inodes
