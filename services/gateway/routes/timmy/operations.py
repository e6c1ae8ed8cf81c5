"""/api: what was asked of devices, and how it went."""

from typing import Annotated

from fastapi import Query
from starlette.responses import Response

from services.gateway.handlers.operations import Operations as Asking
from services.gateway.routes.answers import Answer
from services.gateway.routes.envelopes import plain
from services.gateway.routes.examples import example_of
from services.gateway.routes.refusals import RefusalError
from services.gateway.routes.table import ASKING, Route, Visiting, Visitor
from services.gateway.routes.timmy.shapes.fields import ObjectId
from services.gateway.routes.timmy.shapes.operations import Operations as Query_
from services.gateway.routes.timmy.views import operations as views
from shared.contracts import catalog, operations
from shared.contracts.auth import Permission
from shared.contracts.errors import Code
from shared.contracts.operations import LedgerEntry
from shared.kit.bus import Bus
from shared.kit.errors import MusterError
from shared.kit.rpc import ask


class Operations:
    """Endpoints of /api."""

    def __init__(self, bus: Bus, asking: Asking) -> None:
        self._bus = bus
        self._asking = asking

    async def listed(self, who: Visiting, query: Annotated[Query_, Query()]) -> Response:
        """List operations, newest first; of a type that is none there are none."""
        kinds = views.kinds_of(query.type) if query.type else ()
        found = operations.OperationPage(items=(), total=0)
        if kinds or not query.type:
            question = catalog.LIST_OPERATIONS
            asked = query.asking(kinds)
            found = await ask(self._bus, question, asked, operations.OperationPage, token=who.token)
        items = tuple(views.Operation.of(each) for each in found.items)
        return plain(views.Operations(total=found.total, page=query.page, items=items))

    async def cancel(self, who: Visiting, op_id: ObjectId) -> Response:
        """Cancel an operation that was not sent to its device yet."""
        asked = operations.CancelJob(job_id=op_id)
        try:
            await ask(self._bus, catalog.CANCEL_JOB, asked, operations.Job, token=who.token)
        except MusterError as error:
            await self._refuse(error, who, op_id, "operation_not_cancelable")
        return plain(views.Canceled(op=views.Operation.of(await self._entry(who, op_id))))

    async def retry(self, who: Visiting, op_id: ObjectId) -> Response:
        """Try an operation again that failed or was canceled; one that waits just goes on."""
        asked = operations.RetryJob(job_id=op_id)
        try:
            await ask(self._bus, catalog.RETRY_JOB, asked, operations.Job, token=who.token)
        except MusterError as error:
            waits = error.problem.code is Code.CONFLICT and await self._waits(who, op_id)
            if not waits:
                await self._refuse(error, who, op_id, "operation_not_retryable")
        op = views.Operation.of(await self._entry(who, op_id))
        return plain(views.Retried(queued=True, op=op))

    async def _waits(self, who: Visitor, op_id: str) -> bool:
        return (await self._entry(who, op_id)).status == "pending"

    async def _entry(self, who: Visitor, op_id: str) -> LedgerEntry:
        return await self._asking.entry(who.token, op_id)

    async def _refuse(self, error: MusterError, who: Visitor, op_id: str, word: str) -> None:
        """Raise the error; one that is about the operation's state shows the operation."""
        if error.problem.code is not Code.CONFLICT:
            raise error
        shown = views.Operation.of(await self._entry(who, op_id))
        op = shown.model_dump(mode="json", by_alias=True)
        raise RefusalError(error.problem, error=word, op=op) from error

    async def stats(self, who: Visiting) -> Response:
        """Count operations by status and by type."""
        asked, reply = operations.AskOperationStats(), operations.OperationStats
        found = await ask(self._bus, catalog.OPERATION_STATS, asked, reply, token=who.token)
        return plain(views.Stats.of(found))

    def routes(self) -> tuple[Route, ...]:
        """Return the table of these routes."""
        op = example_of(views.Operation)
        listed = {"success": True, "total": 1, "page": 1, "items": [op]}
        canceled = {"success": True, "op": {**op, "status": "canceled", "response": None}}
        waiting = {**op, "status": "pending", "response": None, "attemptCount": 2}
        # Which permission an operation's kind demands, only the registry can say.
        changing = (*ASKING, Code.NOT_FOUND, Code.FORBIDDEN, Code.CONFLICT)
        return (
            Route(
                "GET",
                ("/operations",),
                self.listed,
                Permission.JOBS_READ,
                "S",
                "Operations listing (filtering & paging)",
                (Answer(200, views.Operations, listed),),
            ),
            Route(
                "POST",
                ("/operations/{id}/cancel",),
                self.cancel,
                Permission.SESSION,
                "S",
                "Cancel an operation that was not sent yet",
                (Answer(200, views.Canceled, canceled),),
                changing,
            ),
            Route(
                "POST",
                ("/operations/{id}/retry",),
                self.retry,
                Permission.SESSION,
                "S",
                "Try an operation again",
                (Answer(200, views.Retried, {"success": True, "queued": True, "op": waiting}),),
                changing,
            ),
            Route(
                "GET",
                ("/stats",),
                self.stats,
                Permission.JOBS_READ,
                "S",
                "Counts of operations by status and type",
                (Answer(200, views.Stats, example_of(views.Stats)),),
            ),
        )
