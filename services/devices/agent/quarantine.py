"""Quarantine: bytes of a form that nobody knows, kept on the agent's disk for people to look at."""

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path
from threading import Lock
from typing import Final, NamedTuple

from shared.kit.clock import new_id
from shared.kit.logging import get_logger

log = get_logger(__name__)

LIMIT: Final = 256 * 1024 * 1024
"""Bytes that the quarantine of one agent holds at most."""
_LEAST: Final = 4096
"""What a file takes of a disk, however small it is."""


class Kept(NamedTuple):
    """What is kept of some bytes: all of them, or nothing; size and SHA-256."""

    size: int
    digest: str


_NOTHING: Final = Kept(0, "")


class Quarantine:
    """One file for each different content, named by its SHA-256.

    A full quarantine takes nothing more until a person moves files away: the first bytes of an
    unknown form tell as much as the last, and evidence must not push other evidence out.
    """

    def __init__(self, directory: Path, limit: int = LIMIT) -> None:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        for unfinished in directory.glob("*.draft"):
            unfinished.unlink()
        self._directory = directory
        self._limit = limit
        self._lock = Lock()  # a log is kept in a thread of its own
        self._used = self._measure()

    def keep(self, pieces: Iterable[bytes]) -> Kept:
        """Keep the bytes that ``pieces`` give, each time anew; one copy of the same bytes.

        What cannot be kept, or is nothing at all, has neither size nor name.
        """
        digest, size = hashlib.sha256(), 0
        for piece in pieces:
            digest.update(piece)
            size += len(piece)
        if not size:
            return _NOTHING
        kept = Kept(size, digest.hexdigest())
        with self._lock:
            if (self._directory / kept.digest).exists():
                return kept
            if self._used + _room(size) > self._limit:
                self._used = self._measure()  # somebody may have moved files away
            if self._used + _room(size) > self._limit:
                log.error("quarantine is full; move its files away", size=size)
                return _NOTHING
            return self._write(pieces, kept)

    def _write(self, pieces: Iterable[bytes], kept: Kept) -> Kept:
        draft = self._directory / f"{new_id()}.draft"
        try:
            with draft.open("xb") as file:
                file.writelines(pieces)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(self._directory / kept.digest)
        except OSError:
            log.exception("not kept in quarantine", size=kept.size)
            draft.unlink(missing_ok=True)
            return _NOTHING
        self._used += _room(kept.size)
        return kept

    def _measure(self) -> int:
        return sum(_room(file.stat().st_size) for file in self._directory.iterdir())


def _room(size: int) -> int:
    return max(size, _LEAST)
