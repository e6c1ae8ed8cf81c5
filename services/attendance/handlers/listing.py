"""What callers ask about punches."""

from services.attendance.rules import times
from services.attendance.rules.phones import DEVICE_ID
from services.attendance.store import listing as punches
from services.attendance.store import logs, summaries
from shared.contracts.attendance import (
    AttendancePage,
    ListAppLog,
    ListOwnLog,
    ListPunches,
    LogPage,
    SummarizePunches,
    SummaryPage,
)
from shared.contracts.auth import Caller
from shared.contracts.catalog import LIST_APP_LOG, LIST_OWN_LOG, LIST_PUNCHES, SUMMARIZE_PUNCHES
from shared.contracts.errors import Code
from shared.kit.db import AsyncEngine, transaction
from shared.kit.errors import MusterError
from shared.kit.rpc import Answers


class Listing:
    """Answers from what is committed: each caller is told of their owner's punches only."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def list_punches(self, ask: ListPunches, caller: Caller) -> AttendancePage:
        """Return one page of the caller's punches."""
        async with transaction(self._engine, "list punches") as connection:
            return await punches.page_of(connection, caller.owner, ask)

    async def summarize(self, ask: SummarizePunches, caller: Caller) -> SummaryPage:
        """Return one page of when the caller's people came first and last."""
        midnights = times.midnights(ask)
        async with transaction(self._engine, "summarize") as connection:
            return await summaries.page_of(connection, caller.owner, ask, midnights)

    async def own_log(self, ask: ListOwnLog, caller: Caller) -> LogPage:
        """Return one page of the punches of the employee who asks."""
        if caller.enroll_id is None:
            raise MusterError(Code.FORBIDDEN, "Only employees have punches of their own.")
        async with transaction(self._engine, "list own log") as connection:
            return await logs.own(connection, caller.owner, caller.enroll_id, ask)

    async def app_log(self, ask: ListAppLog, caller: Caller) -> LogPage:
        """Return one page of the punches by phone of the caller's owner."""
        async with transaction(self._engine, "list app log") as connection:
            return await logs.by_app(connection, caller.owner, DEVICE_ID, ask)


def routes(listing: Listing, answers: Answers) -> None:
    """The table of routes: what is asked, and who answers it."""
    answers.to_callers(LIST_PUNCHES, ListPunches, listing.list_punches)
    answers.to_callers(SUMMARIZE_PUNCHES, SummarizePunches, listing.summarize)
    answers.to_callers(LIST_OWN_LOG, ListOwnLog, listing.own_log)
    answers.to_callers(LIST_APP_LOG, ListAppLog, listing.app_log)
