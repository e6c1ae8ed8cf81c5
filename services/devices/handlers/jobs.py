"""Jobs: operations as callers follow, cancel and repeat them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.devices.rules import operations as rules
from services.devices.rules.people import storable
from services.devices.store import devices, progress
from services.devices.store import operations as store
from shared.contracts import catalog
from shared.contracts.errors import Code
from shared.contracts.operations import (
    SPECS,
    AskQueueStats,
    CancelJob,
    GetJob,
    Job,
    QueueStats,
    RetryJob,
)
from shared.kit.db import transaction
from shared.kit.errors import MusterError

if TYPE_CHECKING:
    from services.devices.handlers.parts import Parts
    from services.devices.handlers.waiting import News
    from shared.contracts.auth import Caller
    from shared.kit.db import AsyncConnection
    from shared.kit.rpc import Answers

_CANCELED: Final = MusterError(Code.OPERATION_CANCELED).problem


def job_of(known: store.Stored) -> Job:
    """Return an operation as callers see it."""
    return Job.model_validate(
        {
            "job_id": known.job_id or str(known.id),
            "operation_id": known.id,
            "type": rules.queue_of(known.kind),
            "kind": known.kind,
            "device_id": known.device_id,
            "status": rules.job_status(known.status),
            "attempts": known.attempts,
            "queued_at": known.created_at,
            "started_at": known.sent_at,
            "finished_at": known.finished_at,
            "progress": known.progress,
            "result": known.result,
            "problem": known.problem,
        }
    )


class Jobs:
    """The jobs of every owner, each seen by its own owner only."""

    def __init__(self, parts: Parts, news: News) -> None:
        self._engine = parts.engine
        self._clock = parts.clock
        self._news = news

    async def get(self, request: GetJob, caller: Caller) -> Job:
        """Return one job, by its job id, its operation's id, or the first 24 digits of it."""
        async with transaction(self._engine, "get job") as connection:
            return job_of(await _mine(connection, request, caller))

    async def stats(self, _: AskQueueStats, caller: Caller) -> QueueStats:
        """Count the caller's owner's jobs."""
        async with transaction(self._engine, "queue stats") as connection:
            return rules.queue_stats(await store.counts(connection, caller.owner))

    async def cancel(self, request: CancelJob, caller: Caller) -> Job:
        """Cancel what was not sent yet; CONFLICT when it was."""
        async with transaction(self._engine, "cancel") as connection:
            found = await _mine(connection, request, caller)
            known = await progress.lock(connection, found.id) or found
            _permitted(known, caller)
            if refused := rules.uncancelable(known.kind, known.status):
                raise refused
            ending = progress.Ending("canceled", _CANCELED, self._clock.now())
            await progress.end(connection, known.id, ending)
        self._news.tell(known.id)
        return await self.get(request, caller)

    async def retry(self, request: RetryJob, caller: Caller) -> Job:
        """Let what failed or was canceled wait for its device once more.

        What waited for another operation that did not succeed waits for that one again.
        """
        async with transaction(self._engine, "retry") as connection:
            known = await _mine(connection, request, caller)
            _permitted(known, caller)
            ready = True
            for each in await _chain(connection, known):
                if each.id == known.id or each.status in {"failed", "canceled"}:
                    known = await self._reopen(connection, each, waits=not ready)
                    ready = False
                else:
                    ready = each.status == "success"
            return job_of(known)

    async def _reopen(
        self, connection: AsyncConnection, known: store.Stored, *, waits: bool
    ) -> store.Stored:
        if refused := rules.unrepeatable(known.kind, known.status, known.sealed):
            raise refused
        if SPECS[known.kind].single and (
            other := await store.open_of(connection, known.device_id, known.kind)
        ):
            details = f"Another of its kind waits or runs: follow {other.job_id or other.id}."
            raise MusterError(Code.CONFLICT, details)
        expires_at = self._clock.now() + rules.life(lasting=known.lasting)
        reopened = await store.reopen(connection, known.id, expires_at)
        if not waits:
            await store.say(connection, reopened)
        return reopened


async def _mine(connection: AsyncConnection, request: GetJob, caller: Caller) -> store.Stored:
    found = None
    if storable(request.job_id):
        ids = rules.ids_of(request.job_id)
        found = await store.find(connection, caller.owner, request.job_id, ids)
    if found is None:
        raise MusterError(Code.NOT_FOUND)
    return found


async def _chain(connection: AsyncConnection, last: store.Stored) -> list[store.Stored]:
    """Lock an operation and all that it waits for, one after the other, and return them so."""
    chain = [last]
    while chain[0].after is not None:
        (first,) = await store.several(connection, [chain[0].after])
        chain.insert(0, first)
    # Always in the same order, so that two who ask never wait for each other.
    for device_id in sorted({each.device_id for each in chain}):
        if await devices.lock(connection, last.owner, device_id) is None:
            raise MusterError(Code.NOT_FOUND)
    return [await progress.lock(connection, each.id) or each for each in chain]


def _permitted(known: store.Stored, caller: Caller) -> None:
    if known.kind in SPECS and not caller.may(SPECS[known.kind].permission):
        raise MusterError(Code.FORBIDDEN)


def routes(jobs: Jobs, answers: Answers) -> None:
    """Hear what concerns jobs."""
    answers.to_callers(catalog.GET_JOB, GetJob, jobs.get)
    answers.to_callers(catalog.CANCEL_JOB, CancelJob, jobs.cancel)
    answers.to_callers(catalog.RETRY_JOB, RetryJob, jobs.retry)
    answers.to_callers(catalog.QUEUE_STATS, AskQueueStats, jobs.stats)
