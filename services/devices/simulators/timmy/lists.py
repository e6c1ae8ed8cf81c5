"""Long lists in pages: the cursor that a terminal keeps for each, and how it counts.

Source: section 1.8 of the protocol notes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from services.devices.simulators.quirks import Paging

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class _Cursor:
    def __init__(self, rows: Sequence[Any]) -> None:
        self.rows = rows
        self.at = 0


class Cursors:
    """One a command: `stn` true takes the rows as they are then, false goes on with them."""

    def __init__(self, paging: Paging, page_size: int) -> None:
        self._paging = paging
        self._page_size = page_size
        self._cursors: dict[str, _Cursor] = {}

    def page(
        self, name: str, usual: int, rows: Callable[[], Sequence[Any]], *, rewind: bool
    ) -> tuple[Sequence[Any], dict[str, int]]:
        """Return the next page and its count, from and to; `usual` is its size unless given."""
        if rewind or name not in self._cursors:
            self._cursors[name] = _Cursor(rows())
        cursor = self._cursors[name]
        first = cursor.at
        piece = cursor.rows[first : first + (self._page_size or usual)]
        cursor.at += len(piece)
        return piece, self.header(first, len(piece), len(cursor.rows))

    def header(self, first: int, size: int, total: int) -> dict[str, int]:
        """Return count, from and to of a page; behind the last one every count is 0."""
        if not size:
            return {"count": 0, "from": 0, "to": 0}
        end = first + size
        match self._paging:
            case Paging.TOTAL:
                return {"count": total, "from": first, "to": end}
            case Paging.PAGE:
                return {"count": size, "from": first, "to": end - 1}
            case Paging.LOG:
                return {"count": total, "from": first, "to": end - 1}
