"""Commits batches that come at the same time together: one transaction, one word to the caches."""

import asyncio
from itertools import takewhile
from typing import Final, NamedTuple

from services.attendance.handlers.recorder import Recorder
from shared.contracts.attendance import Receipt
from shared.contracts.readings import PunchBatch
from shared.kit.db import AsyncEngine, transaction
from shared.kit.errors import MusterError
from shared.kit.logging import get_logger

log = get_logger(__name__)

AT_ONCE: Final = 64
"""The most batches of one transaction."""


class _Waiting(NamedTuple):
    batch: PunchBatch
    receipt: asyncio.Future[Receipt]


class Committing:
    """The line before the database: whoever is at its head commits for those behind as well.

    A site is locked while batches of it are committed, so a site's batches go together and in the
    order in which they came; batches of two sites never do, or two processes could wait for each
    other.
    """

    def __init__(self, engine: AsyncEngine, recorder: Recorder) -> None:
        self._engine = engine
        self._recorder = recorder
        self._line: list[_Waiting] = []
        self._head = asyncio.Lock()

    async def commit(self, batch: PunchBatch) -> Receipt:
        """Return when the batch is committed and caches know; raise what is wrong with it alone."""
        mine = _Waiting(batch, asyncio.get_running_loop().create_future())
        self._line.append(mine)
        try:
            async with self._head:
                while not mine.receipt.done():
                    await self._commit_some(self._next())
        finally:
            if mine in self._line:
                self._line.remove(mine)
        return mine.receipt.result()

    def _next(self) -> list[_Waiting]:
        """Take the batches off the line that go together."""
        site = self._line[0].batch.site
        part = list(takewhile(lambda each: each.batch.site == site, self._line[:AT_ONCE]))
        del self._line[: len(part)]
        return part

    async def _commit_some(self, part: list[_Waiting]) -> None:
        try:
            receipts = await self._committed([each.batch for each in part])
        except asyncio.CancelledError:
            # Whoever is behind commits for itself.
            self._line[:0] = [each for each in part if not each.receipt.done()]
            raise
        except Exception as error:  # noqa: BLE001 - whoever waits gets it
            if len(part) == 1:
                part[0].receipt.set_exception(error)
                return
            if not isinstance(error, MusterError):
                log.warning("not committed together; one by one now", error=repr(error)[:200])
            for each in part:
                await self._commit_some([each])
        else:
            for each, receipt in zip(part, receipts, strict=True):
                each.receipt.set_result(receipt)

    async def _committed(self, batches: list[PunchBatch]) -> list[Receipt]:
        async with transaction(self._engine, "record batches") as connection:
            receipts = await self._recorder.record(connection, batches)
        await self._recorder.announce(batches[0].owner)
        return receipts
