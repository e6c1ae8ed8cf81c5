"""Logs on the agent's disk: kept while they come, handed on only when all of them agrees."""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Final

from services.devices.agent.effects import LogPart
from services.devices.agent.numbering import numbered, survey
from services.devices.drivers.base import DeviceError, LogEntry, Table
from shared.contracts.errors import Code
from shared.contracts.readings import BATCH_LIMIT
from shared.kit.clock import new_id

_PIECE: Final = 65_536


class Stage:
    """The records of one log in a file; iterating gives them in pieces, as often as needed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = path.open("xb")
        self._size = 0
        self._sum = hashlib.sha256()

    def keep(self, piece: bytes) -> None:
        """Take the next piece; raise DeviceError when the disk does not."""
        self._size += len(piece)
        self._sum.update(piece)
        with _disk():
            self._file.write(piece)

    def seal(self, table: Table) -> None:
        """Raise DeviceError unless every byte of the table is here."""
        with _disk():
            self._file.close()
        if (self._size, self._sum.hexdigest()) != (table.size, table.digest):
            details = f"{self._size} bytes are staged of a log of {table.size}."
            raise DeviceError(Code.PULL_INCOMPLETE, details)

    def __iter__(self) -> Iterator[bytes]:
        with self._path.open("rb") as file:
            while piece := file.read(_PIECE):
                yield piece

    def remove(self) -> None:
        """Give the room on the disk back; once is enough, more do no harm."""
        self._file.close()
        self._path.unlink(missing_ok=True)


class Staging:
    """The directory where an agent's logs are staged; there is room for one log of each device."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        for left_over in directory.iterdir():
            # Of a process that ended: its readings ended with it.
            left_over.unlink()
        self._directory = directory

    def stage(self) -> Stage:
        """Return room for a log; raise DeviceError when the disk gives none."""
        with _disk():
            return Stage(self._directory / str(new_id()))


@contextmanager
def _disk() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        details = f"The agent cannot write to its own disk: {error.strerror}."
        raise DeviceError(Code.SERVICE_UNAVAILABLE, details) from error


class StagedLog:
    """A staged log of a known form, handed on in parts of a batch each.

    Memory holds one part, the marks of ``Suspects`` and a count for each second that is suspect.
    """

    def __init__(self, stage: Stage, size: int, entries: Callable[[], Iterator[LogEntry]]) -> None:
        """Look through all records once; raises whatever reading them raises."""
        self.reading_id = new_id()
        self.survey = survey(entries(), size)
        self._stage = stage
        self._records = numbered(entries(), self.survey.suspects)
        self._left = self.survey.total

    def part(self) -> LogPart:
        """Return the next part; the file goes with the last."""
        records = tuple(islice(self._records, BATCH_LIMIT))
        self._left -= len(records)
        last = self._left <= 0
        if last:
            self.remove()
        return LogPart(self.reading_id, records, last)

    def remove(self) -> None:
        """Let go of the file."""
        self._stage.remove()
