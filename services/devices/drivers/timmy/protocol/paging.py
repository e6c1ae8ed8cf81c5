"""Lists that come in pages, by a cursor in the terminal that nobody sees (timmy.md 1.8).

Firmware differs in what ``count``, ``from`` and ``to`` mean: ``count`` is all rows or those of the
page, ``to`` is the last row or the one after it. So only that is gone by in which they agree:
``from`` is the place of a page's first row, and a ``count`` above the rows of a page counts all.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final, NamedTuple

from services.devices.drivers.base import DecodeError, DeviceError
from services.devices.drivers.timmy.codec.fields import number
from services.devices.drivers.timmy.codec.records import rows
from services.devices.drivers.timmy.protocol.procedure import PATIENCE, Ask, Procedure, Reply
from services.devices.drivers.timmy.protocol.replies import refusal, says_nothing
from services.devices.drivers.timmy.protocol.terms import Terms
from shared.contracts.errors import Code

Rows = list[dict[str, Any]]
Take = Callable[[Rows], Procedure[None]]
"""Takes the rows of the next page."""

_NEXT_PATIENCE: Final = 10.0
"""Seconds for a page after the first: some terminals are silent where there is none."""
_MOST_PAGES: Final = 20_000
_LONGEST: Final = timedelta(minutes=30)
_HEADER: Final = ("count", "from", "to")


_Known = tuple[int | None, Rows]
"""What a page is known again by: where it begins, and its rows."""


class Ending(NamedTuple):
    """What is known of a list that was read to its end."""

    rows: int
    total: int | None
    """How many rows the terminal says there are; None where it does not say."""
    sure: bool
    """Whether the end is the terminal's own: an empty page, all it counts, or page one again."""
    pages: tuple[dict[str, Any], ...]
    """``count``, ``from`` and ``to`` of each page, as they came."""


class _Cursor:
    """Where in a list we are, by the pages that came."""

    def __init__(self) -> None:
        self.rows = 0
        self.total: int | None = None
        self.pages: list[dict[str, Any]] = []
        self._first: _Known | None = None
        self._last: _Known | None = None
        self._repeated = False
        self._doubtful = False

    def new(self, body: dict[str, Any], page: Rows) -> Rows | None:
        """Return the rows of a page that are new, None when the list began anew.

        An answer that came twice is let pass once. Raises PULL_INCOMPLETE for a page that is not
        the one after the last.
        """
        begins = number(body.get("from"))
        known = (begins, page)
        if begins != self.rows:
            if known == self._last and not self._repeated:
                self._repeated = self._doubtful = True
                return []
            if known in (self._first, self._last):
                self._doubtful = False
                return None
            if begins is not None:
                details = f"A page of the list begins at row {begins}, after {self.rows} rows."
                raise DeviceError(Code.PULL_INCOMPLETE, details)
        self._first = self._first or known
        self._last, self._repeated = known, False
        self._count(body, page)
        return page

    def _count(self, body: dict[str, Any], page: Rows) -> None:
        self.rows += len(page)
        self.pages.append({key: body[key] for key in _HEADER if key in body})
        count = number(body.get("count"))
        if count is not None and count > len(page):
            self.total = count

    @property
    def complete(self) -> bool:
        """Whether all rows have come that the terminal counts."""
        return self.total is not None and self.rows >= self.total

    def ending(self, *, sure: bool) -> Ending:
        """Return what is known at the end; raise PULL_INCOMPLETE when rows are missing.

        Where an answer came twice, another may have been dropped for it: then an empty page shows
        nothing that the terminal's own count does not.
        """
        if self.total is not None and self.rows < self.total:
            details = f"The list ended after {self.rows} of {self.total} rows."
            raise DeviceError(Code.PULL_INCOMPLETE, details)
        sure = self.complete or (sure and not self._doubtful)
        return Ending(self.rows, self.total, sure, tuple(self.pages))


def paged(name: str, terms: Terms, take: Take) -> Procedure[Ending]:
    """Read a list page by page, and let nothing be lost between two of them.

    Raises PULL_INCOMPLETE when rows are seen to be missing; whether an end that is not ``sure`` can
    be believed is for who knows how many there are to say.
    """
    cursor, began = _Cursor(), terms.now()
    while True:
        reply = yield from _page(name, cursor)
        page = _rows(reply) if reply is not None and reply.ok else []
        if reply is None or not page:
            return cursor.ending(sure=reply is not None and (reply.ok or says_nothing(reply)))
        new = cursor.new(reply.body, page)
        if new is None:
            return cursor.ending(sure=True)
        yield from take(new)
        if cursor.complete:
            return cursor.ending(sure=True)
        if len(cursor.pages) >= _MOST_PAGES or terms.now() - began > _LONGEST:
            details = f"The list came to no end after {cursor.rows} rows."
            raise DeviceError(Code.PULL_INCOMPLETE, details)


def _page(name: str, cursor: _Cursor) -> Procedure[Reply | None]:
    """Return the answer with the next page, None where the terminal is silent after the first."""
    first = not cursor.pages
    seconds = PATIENCE if first else _NEXT_PATIENCE
    try:
        reply: Reply = yield Ask({"cmd": name, "stn": first}, seconds, aside=True)
    except DeviceError as error:
        if first or error.code != Code.DEVICE_NO_ANSWER:
            raise
        return None
    if first and not reply.ok and not says_nothing(reply):
        raise refusal(reply, f"hand out its list by {name}")
    return reply


def _rows(reply: Reply) -> Rows:
    try:
        return rows(reply.body)
    except DecodeError as error:
        details = f"A page of the list cannot be read: {error}."
        raise DeviceError(Code.PULL_INCOMPLETE, details) from error
