"""The ledger of operations, as callers look into it: each owner's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.devices.rules import devices as device_rules
from services.devices.rules import operations as rules
from services.devices.rules.people import storable
from services.devices.store import ledger as store
from services.devices.store import operations
from shared.contracts import catalog
from shared.contracts.errors import Code
from shared.contracts.operations import (
    AskOperationStats,
    GetOperation,
    LedgerEntry,
    ListOperations,
    OperationCount,
    OperationPage,
    OperationStats,
)
from shared.kit.db import transaction
from shared.kit.errors import MusterError

if TYPE_CHECKING:
    from services.devices.handlers.parts import Parts
    from shared.contracts.auth import Caller
    from shared.kit.rpc import Answers


class Ledger:
    """The operations of every owner, unlocks too."""

    def __init__(self, parts: Parts) -> None:
        self._engine = parts.engine

    async def get(self, request: GetOperation, caller: Caller) -> LedgerEntry:
        """Return one operation, by the same names as a job."""
        if not storable(request.job_id):
            raise MusterError(Code.NOT_FOUND)
        ids = rules.ids_of(request.job_id)
        async with transaction(self._engine, "get operation") as connection:
            found = await store.one(connection, caller.owner, request.job_id, ids)
        if found is None:
            raise MusterError(Code.NOT_FOUND)
        return found

    async def page(self, request: ListOperations, caller: Caller) -> OperationPage:
        """Return one page of operations, newest first."""
        if not storable(request.serial or ""):
            return OperationPage(items=(), total=0)
        before = device_rules.offset(request.page, request.limit)
        async with transaction(self._engine, "list operations") as connection:
            return await store.page(connection, caller.owner, request, before)

    async def stats(self, _: AskOperationStats, caller: Caller) -> OperationStats:
        """Count the caller's owner's operations by kind and status."""
        async with transaction(self._engine, "operation stats") as connection:
            found = await operations.counts(connection, caller.owner)
        counts = (
            OperationCount(kind=kind, status=status, count=count)
            for (kind, status), count in sorted(found.items())
        )
        return OperationStats(counts=tuple(counts))


def routes(ledger: Ledger, answers: Answers) -> None:
    """Hear who looks into the ledger."""
    answers.to_callers(catalog.GET_OPERATION, GetOperation, ledger.get)
    answers.to_callers(catalog.LIST_OPERATIONS, ListOperations, ledger.page)
    answers.to_callers(catalog.OPERATION_STATS, AskOperationStats, ledger.stats)
