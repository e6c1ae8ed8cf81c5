"""/api/v1: reading a device's log, and how far that is."""

from typing import Annotated

from fastapi import Depends, Request
from starlette.responses import JSONResponse, Response

from services.gateway.routes import examples, views, words
from services.gateway.routes.bodies import Sent
from services.gateway.routes.envelopes import success
from services.gateway.routes.shapes import DeviceId, JobId, OneDevice
from services.gateway.routes.table import Route, Visiting
from shared.contracts import catalog, devices
from shared.contracts.auth import Permission
from shared.kit.bus import Bus
from shared.kit.rpc import ask


class Jobs:
    """Endpoints of /api/v1."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    async def sync(self, request: Request, who: Visiting, device_id: DeviceId) -> Response:
        """Start reading a device's whole log; a running sync is returned, not doubled."""
        asked = devices.SyncAttendance(device_id=device_id)
        job = await ask(self._bus, catalog.SYNC_ATTENDANCE, asked, devices.Job, token=who.token)
        return success(request, words.SYNC_QUEUED, views.queued(job), 202)

    async def sync_named(
        self,
        request: Request,
        who: Visiting,
        body: Annotated[OneDevice, Depends(Sent(OneDevice))],
    ) -> Response:
        """Start the same for the device that the body names."""
        return await self.sync(request, who, body.device_id)

    async def job(self, request: Request, who: Visiting, job_id: JobId) -> Response:
        """Return a job: how far it is, and how it ended."""
        asked = devices.GetJob(job_id=job_id)
        job = await ask(self._bus, catalog.GET_JOB, asked, devices.Job, token=who.token)
        return success(request, words.JOB, views.whole_job(job))

    async def queue_stats(self, request: Request, who: Visiting) -> Response:
        """Count the jobs of every queue."""
        stats = await ask(
            self._bus,
            catalog.QUEUE_STATS,
            devices.AskQueueStats(),
            devices.QueueStats,
            token=who.token,
        )
        # The document shows this answer without a message.
        data = views.queue_stats(stats, request.state.received_at)
        return JSONResponse({"status": True, "data": data})

    def routes(self) -> tuple[Route, ...]:
        """Return the table of these routes."""
        return (
            Route(
                "POST",
                (
                    "/attendance/sync/{device_id}",
                    "/devices/{device_id}/attendance/sync",
                ),
                self.sync,
                Permission.ATTENDANCE_SYNC,
                "S",
                "Sync attendance from device to database (ASYNC with queue)",
                examples.SYNC,
                202,
            ),
            Route(
                "POST",
                ("/attendance/sync",),
                self.sync_named,
                Permission.ATTENDANCE_SYNC,
                "S",
                "The same, the device named in the body",
                examples.SYNC,
                202,
            ),
            Route(
                "GET",
                ("/queue/stats",),
                self.queue_stats,
                Permission.JOBS_READ,
                "S",
                "Get queue statistics",
                examples.QUEUE_STATS,
            ),
            Route(
                "GET",
                ("/queue/jobs/{job_id}",),
                self.job,
                Permission.JOBS_READ,
                "I",
                "One job with its progress and outcome",
                examples.JOB,
            ),
        )
