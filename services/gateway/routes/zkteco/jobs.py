"""/api/v1: jobs and the queues they stand in."""

from fastapi import Request
from starlette.responses import Response

from services.gateway.routes import words
from services.gateway.routes.answers import Answer, one
from services.gateway.routes.envelopes import plain, success
from services.gateway.routes.examples import example_of
from services.gateway.routes.shapes.fields import JobId
from services.gateway.routes.table import ASKING, Route, Visiting
from services.gateway.routes.views import jobs as views
from shared.contracts import catalog, operations
from shared.contracts.auth import Permission
from shared.contracts.errors import Code
from shared.kit.bus import Bus
from shared.kit.rpc import ask


class Jobs:
    """Endpoints of /api/v1; a job is named by its job id or by its operation's id."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    async def job(self, request: Request, who: Visiting, job_id: JobId) -> Response:
        """Return a job: how far it is, and how it ended."""
        asked = operations.GetJob(job_id=job_id)
        job = await ask(self._bus, catalog.GET_JOB, asked, operations.Job, token=who.token)
        return success(request, words.JOB, views.Job.whole(job))

    async def cancel(self, request: Request, who: Visiting, job_id: JobId) -> Response:
        """Cancel a job that was not sent to its device yet; else 409."""
        asked = operations.CancelJob(job_id=job_id)
        job = await ask(self._bus, catalog.CANCEL_JOB, asked, operations.Job, token=who.token)
        return success(request, words.JOB_CANCELED, views.Job.whole(job))

    async def retry(self, request: Request, who: Visiting, job_id: JobId) -> Response:
        """Try a failed job again; 409 when it did not fail, or must not be done twice."""
        asked = operations.RetryJob(job_id=job_id)
        job = await ask(self._bus, catalog.RETRY_JOB, asked, operations.Job, token=who.token)
        return success(request, words.JOB_QUEUED, views.QueuedJob.started(job), 202)

    async def queue_stats(self, request: Request, who: Visiting) -> Response:
        """Count the jobs of every queue."""
        stats = await ask(
            self._bus,
            catalog.QUEUE_STATS,
            operations.AskQueueStats(),
            operations.QueueStats,
            token=who.token,
        )
        counted = views.Queues.counted(stats, request.state.received_at)
        return plain(views.QueueStats(status=True, data=counted))

    def routes(self) -> tuple[Route, ...]:
        """Return the table of these routes."""
        # Which permission a job's kind demands, only the registry can say: it knows the job.
        changing = (*ASKING, Code.NOT_FOUND, Code.FORBIDDEN, Code.CONFLICT)
        counted = {"status": True, "data": example_of(views.Queues)}
        return (
            Route(
                "GET",
                ("/queue/stats",),
                self.queue_stats,
                Permission.JOBS_READ,
                "S",
                "Get queue statistics",
                (Answer(200, views.QueueStats, counted),),
            ),
            Route(
                "GET",
                ("/queue/jobs/{job_id}",),
                self.job,
                Permission.JOBS_READ,
                "I",
                "One job with its progress and outcome",
                (one(words.JOB, views.Job),),
                (*ASKING, Code.NOT_FOUND),
            ),
            Route(
                "POST",
                ("/queue/jobs/{job_id}/cancel",),
                self.cancel,
                Permission.SESSION,
                "I",
                "Cancel a job that was not sent yet",
                (one(words.JOB_CANCELED, views.Job),),
                changing,
            ),
            Route(
                "POST",
                ("/queue/jobs/{job_id}/retry",),
                self.retry,
                Permission.SESSION,
                "I",
                "Try a failed job again",
                (one(words.JOB_QUEUED, views.QueuedJob, 202),),
                changing,
            ),
        )
