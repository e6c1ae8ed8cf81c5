"""The truth log: every punch a simulated terminal accepted, on disk before any client can see it.

One JSON object a line: a punch, `{"cleared": instant}` where the terminal's log was emptied, or
`{"handed": count}` where a server acknowledged the punches up to there. A punch stays in the truth
after its record left the terminal; that is what the truth is for.
"""

from __future__ import annotations

import json
import os
import re
from datetime import datetime
from typing import TYPE_CHECKING, BinaryIO, NamedTuple, Self

from shared.kit.clock import iso

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

# Asked once: json.dumps makes another encoder for every line that is not all ASCII.
_JSON = json.JSONEncoder(ensure_ascii=False)
_PARTS = re.compile("[-T:]")
STAMP = re.compile(r"20\d\d-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3])(:[0-5]\d){2}")
"""What a terminal can stamp: every month has 31 days in it."""


class TruthDamagedError(Exception):
    """A line of the truth log that was once complete cannot be read any more."""


class Punch(NamedTuple):
    """One punch: the wall-clock second the terminal stamped, and the true instant (aware UTC).

    Terminals also stamp dates that no calendar has. `stamp` is such a one, `YYYY-MM-DDTHH:MM:SS`,
    and stands in place of `device_time`. `event` is what kind of record it is where a dialect has
    several; 0 is a plain punch.
    """

    person: str
    device_time: datetime
    instant: datetime
    state: int
    verify: int
    stamp: str | None = None
    event: int = 0

    def six(self) -> tuple[int, ...]:
        """Return what the terminal stamped: year, month, day, hour, minute, second."""
        if self.stamp is not None:
            return tuple(map(int, _PARTS.split(self.stamp)))
        return self.device_time.timetuple()[:6]

    def entry(self) -> dict[str, str | int]:
        """Return the punch as the truth log and the fleet control show it."""
        return {
            "person": self.person,
            "device_time": self.stamp or self.device_time.isoformat(timespec="seconds"),
            "instant": iso(self.instant, timespec="seconds"),
            "state": self.state,
            "verify": self.verify,
            **({"event": self.event} if self.event else {}),
        }


class TruthLog:
    """A file of punches that survives the simulator; every write is on disk when it returns."""

    def __init__(
        self, file: BinaryIO, punches: list[Punch], cleared: int = 0, handed: int = 0
    ) -> None:
        self.punches = punches
        self.handed = handed
        """How many of the punches a server has acknowledged, where terminals hand them over."""
        self.cleared = cleared
        """How many of the punches the terminal's own log no longer holds."""
        self._file = file

    @classmethod
    def open(cls, path: Path) -> Self:
        """Take over a file; a last line cut short by a crash was never visible: drop it."""
        content = path.read_bytes()
        whole = content[: content.rfind(b"\n") + 1]
        punches: list[Punch] = []
        cleared = handed = 0
        for number, line in enumerate(whole.splitlines(), 1):
            recalled = _recall(line, f"{path}:{number}")
            if recalled is None:
                cleared = handed = len(punches)
            elif isinstance(recalled, Punch):
                punches.append(recalled)
            else:
                handed = recalled
        file = path.open("r+b")
        file.truncate(len(whole))
        file.seek(len(whole))
        return cls(file, punches, cleared, handed)

    @classmethod
    def create(cls, path: Path, seed: list[Punch], handed: int = 0) -> Self:
        """Start a file with `seed` in it: all of it or, after a crash, no file at all.

        The first `handed` of them count as acknowledged by a server.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_suffix(".draft")
        with draft.open("wb") as file:
            file.write(b"".join(_line(punch.entry()) for punch in seed))
            if handed:
                file.write(_line({"handed": handed}))
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
        return cls(path.open("ab"), list(seed), handed=handed)

    @property
    def log(self) -> list[Punch]:
        """Return the punches the terminal's own log still holds, oldest first."""
        return self.punches[self.cleared :]

    @property
    def log_size(self) -> int:
        """Return how many records the terminal's own log holds."""
        return len(self.punches) - self.cleared

    def append(self, punches: list[Punch]) -> None:
        """Add punches: first to the disk, then to what can be read."""
        self._write(b"".join(_line(punch.entry()) for punch in punches))
        self.punches.extend(punches)

    def clear(self, instant: datetime) -> None:
        """Empty the terminal's log; the truth keeps every punch."""
        self._write(_line({"cleared": iso(instant)}))
        self.cleared = self.handed = len(self.punches)

    def hand(self, count: int) -> None:
        """Note that a server acknowledged the first `count` punches.

        Not synced to the disk: a terminal that forgets it hands the same punches over again.
        """
        if count > self.handed:
            self.handed = count
            self._file.write(_line({"handed": count}))
            self._file.flush()

    def close(self) -> None:
        """Give the file back."""
        self._file.close()

    def _write(self, content: bytes) -> None:
        self._file.write(content)
        self._file.flush()
        os.fsync(self._file.fileno())


def _recall(line: bytes, place: str) -> Punch | int | None:
    """Return the punch of a line, the count of those handed over, None where all were cleared."""
    try:
        entry = json.loads(line)
        if "handed" in entry:
            return int(entry["handed"])
        return None if "cleared" in entry else _punch(entry)
    except (ValueError, KeyError, TypeError) as problem:
        sentence = f"{place} is not a punch ({problem}); restore the file, or delete it"
        raise TruthDamagedError(sentence) from problem


def _line(entry: Mapping[str, str | int]) -> bytes:
    return _JSON.encode(entry).encode() + b"\n"


def _punch(entry: dict[str, str | int]) -> Punch:
    instant = datetime.fromisoformat(str(entry["instant"]))
    punch = Punch(str(entry["person"]), instant, instant, int(entry["state"]), int(entry["verify"]))
    punch = punch._replace(event=int(entry.get("event", 0)))
    return stamped(punch, str(entry["device_time"]))


def stamped(punch: Punch, stamp: str) -> Punch:
    """Return the punch with another wall-clock time, one of STAMP; ValueError for any other."""
    if not STAMP.fullmatch(stamp):
        sentence = f"{stamp!r} is nothing that a terminal can stamp"
        raise ValueError(sentence)
    try:
        return punch._replace(device_time=datetime.fromisoformat(stamp))
    except ValueError:
        return punch._replace(device_time=punch.instant.replace(tzinfo=None), stamp=stamp)
