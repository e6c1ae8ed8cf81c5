"""/api/v1: a device's own log: read into the database, and cleared."""

from typing import Annotated

from fastapi import Depends, Request
from starlette.responses import Response

from services.gateway.handlers.operations import Operations
from services.gateway.routes import words
from services.gateway.routes.answers import LATER, one
from services.gateway.routes.bodies import Sent
from services.gateway.routes.envelopes import success
from services.gateway.routes.shapes.fields import DeviceId, OneDevice
from services.gateway.routes.table import QUEUING, REACHING, Route, Visiting
from services.gateway.routes.views import jobs as views
from services.gateway.routes.zkteco.waiting import finished
from shared.contracts.actions import Cleared, ClearLog, ReadLog
from shared.contracts.auth import Permission
from shared.contracts.errors import Code
from shared.contracts.operations import Job


def _cleared(job: Job) -> views.LogCleared:
    return views.LogCleared.of(
        views.result_of(job, Cleared), device_id=job.device_id, job_id=job.job_id
    )


class Log:
    """Endpoints of /api/v1."""

    def __init__(self, operations: Operations) -> None:
        self._operations = operations

    async def sync(self, request: Request, who: Visiting, device_id: DeviceId) -> Response:
        """Start reading a device's whole log; a running sync is returned, not doubled."""
        job = await self._operations.start(who.token, device_id, ReadLog())
        return success(request, words.SYNC_QUEUED, views.QueuedJob.started(job), 202)

    async def sync_named(
        self,
        request: Request,
        who: Visiting,
        body: Annotated[OneDevice, Depends(Sent(OneDevice))],
    ) -> Response:
        """Start the same for the device that the body names."""
        return await self.sync(request, who, body.device_id)

    async def clear(self, request: Request, who: Visiting, device_id: DeviceId) -> Response:
        """Empty a device's log, once every record of it has its receipt; else 409."""
        job = await self._operations.run(who.token, device_id, ClearLog())
        return finished(request, job, words.LOG_CLEARED, _cleared)

    def routes(self) -> tuple[Route, ...]:
        """Return the table of these routes."""
        queued = (one(words.SYNC_QUEUED, views.QueuedJob, 202),)
        return (
            Route(
                "POST",
                ("/attendance/sync/{device_id}", "/devices/{device_id}/attendance/sync"),
                self.sync,
                Permission.ATTENDANCE_SYNC,
                "S",
                "Sync attendance from device to database (ASYNC with queue)",
                queued,
                QUEUING,
            ),
            Route(
                "POST",
                ("/attendance/sync",),
                self.sync_named,
                Permission.ATTENDANCE_SYNC,
                "S",
                "The same, the device named in the body",
                queued,
                QUEUING,
            ),
            Route(
                "DELETE",
                ("/attendance/device/{device_id}", "/attendance/clear/{device_id}"),
                self.clear,
                Permission.LOG_CLEAR,
                "I",
                "Clear the device's attendance log, when every record of it is stored",
                (one(words.LOG_CLEARED, views.LogCleared), LATER),
                (*REACHING, Code.UNRECEIPTED_RECORDS, Code.LOG_NOT_QUIET),
            ),
        )
