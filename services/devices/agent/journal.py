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
"""Without a receipt for so long, a batch is looked after: published again unless it still waits."""


@dataclass
class _Entry:
    batch: PunchBatch
    published_at: float
    attempts: int = 0
    under_way: bool = False
    """Whether it is being published just now."""
    place: int | None = None
    """Its number in the stream, once the stream has it."""


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
        entry.under_way, entry.place = True, None
        return entry.attempts

    def ended(self, batch_id: UUID, place: int | None) -> None:
        """Note how a publishing ended: the batch's place in the stream, None if it has none."""
        if entry := self._entries.get(batch_id):
            entry.under_way, entry.place = False, place

    def silent(self, now: float) -> list[PunchBatch]:
        """Return the batches whose receipt is overdue, oldest first."""
        return [
            entry.batch
            for entry in self._entries.values()
            if not entry.under_way and now - entry.published_at >= SILENCE_SECONDS
        ]

    def waits(self, batch_id: UUID, first: int, last: int, now: float) -> bool:
        """Tell whether a batch is among those in the stream; then it is left alone for a while.

        The stream is a work queue: what attendance has not taken is still in it, and a copy would
        only make it longer. What has left it without a receipt is published again.
        """
        entry = self._entries.get(batch_id)
        if entry is None or entry.place is None or not first <= entry.place <= last:
            return False
        entry.published_at = now
        return True

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
