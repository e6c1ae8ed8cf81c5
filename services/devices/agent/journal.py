"""The journal: what was read and has no receipt yet.

Kept in memory for now: the device's own log is the second copy. Of one that is read, every
connection begins with a reading of it; one that hands over gets its answer only when the stream has
what it said. The journal's name outlives the process, because receipts are addressed to it.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import UUID

from shared.contracts.readings import PunchBatch
from shared.kit.clock import new_id

SILENCE_SECONDS: Final = 5.0
"""A batch that the stream did not take is published again after so long."""
STORED_SECONDS: Final = 15.0
"""One that it took, when so long no receipt came; each time it waits longer."""
_LONGEST_SILENCE_SECONDS: Final = 60.0


@dataclass
class _Entry:
    batch: PunchBatch
    published_at: float
    attempts: int = 0
    under_way: bool = False
    """Whether it is being published just now."""
    stored: bool = False

    @property
    def patience(self) -> float:
        """How long to wait for the receipt: longer each time, once the stream has the batch.

        Attendance may be busy, or away for hours; the stream must not fill with copies meanwhile.
        """
        if not self.stored:
            return SILENCE_SECONDS
        return min(_LONGEST_SILENCE_SECONDS, STORED_SECONDS * 2.0 ** min(self.attempts - 1, 8))


class Journal:
    """The batches of one agent that attendance has not receipted."""

    def __init__(self, name_file: Path) -> None:
        self.journal_id = _name(name_file)
        self._entries: dict[UUID, _Entry] = {}

    def keep(self, batch: PunchBatch, now: float) -> None:
        """Keep a batch until its receipt; ``now`` is monotonic seconds."""
        self._entries[batch.batch_id] = _Entry(batch, now)

    def forget(self, batch_id: UUID) -> None:
        """Let go of a batch that has its receipt."""
        self._entries.pop(batch_id, None)

    def attempt(self, batch_id: UUID, now: float) -> int:
        """Count one publishing of a batch and return which one it is, from 1."""
        entry = self._entries[batch_id]
        entry.published_at = now
        entry.attempts += 1
        entry.under_way, entry.stored = True, False
        return entry.attempts

    def ended(self, batch_id: UUID, *, stored: bool) -> None:
        """Note how a publishing ended: whether the stream has the batch."""
        if entry := self._entries.get(batch_id):
            entry.under_way, entry.stored = False, stored

    def silent(self, now: float) -> list[PunchBatch]:
        """Return the batches whose receipt is overdue, oldest first."""
        return [
            entry.batch
            for entry in self._entries.values()
            if not entry.under_way and now - entry.published_at >= entry.patience
        ]

    def __contains__(self, batch_id: UUID) -> bool:
        return batch_id in self._entries

    def __len__(self) -> int:
        return len(self._entries)


def _name(file: Path) -> UUID:
    """Return the journal's name, made at its first use."""
    if file.exists():
        return UUID(file.read_text(encoding="ascii").strip())
    name = new_id()
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"{name}\n", encoding="ascii")
    return name
