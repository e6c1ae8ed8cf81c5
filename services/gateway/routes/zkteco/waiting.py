"""/api/v1: the answer to whoever waits for a device."""

from collections.abc import Callable

from fastapi import Request
from pydantic import BaseModel
from starlette.responses import Response

from services.gateway.routes import words
from services.gateway.routes.envelopes import success
from services.gateway.routes.languages import Said
from services.gateway.routes.views.jobs import QueuedJob
from shared.contracts.operations import Job


def finished(
    request: Request, job: Job, said: Said, data: Callable[[Job], BaseModel], status: int = 200
) -> Response:
    """Return what came of a job that did not fail; 202 with the job while it is still open."""
    if job.status != "completed":
        return success(request, words.JOB_QUEUED, QueuedJob.started(job), 202)
    return success(request, said, data(job), status)
