"""Operations: asked by callers, answered by agents."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.devices import rules
from services.devices.store import devices
from services.devices.store import operations as store
from shared.contracts import catalog, streams, subjects
from shared.contracts.devices import (
    AskQueueStats,
    GetJob,
    Job,
    Operation,
    Outcome,
    QueueStats,
    SyncAttendance,
)
from shared.contracts.errors import Code
from shared.kit.clock import new_id
from shared.kit.db import transaction
from shared.kit.errors import MusterError
from shared.kit.logging import get_logger
from shared.kit.outbox import Said

if TYPE_CHECKING:
    from shared.contracts.auth import Caller
    from shared.kit.bus import Bus
    from shared.kit.clock import Clock
    from shared.kit.db import AsyncConnection, AsyncEngine
    from shared.kit.rpc import Answers

log = get_logger(__name__)


class Operations:
    """The durable operations of every device."""

    def __init__(self, engine: AsyncEngine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock

    async def sync(self, request: SyncAttendance, caller: Caller) -> Job:
        """Start reading a device's whole log, or return the job that already does."""
        async with transaction(self._engine, "sync") as connection:
            site = await devices.lock(connection, caller.owner, request.device_id)
            if site is None:
                raise MusterError(Code.NOT_FOUND)
            running = await store.open_sync(connection, request.device_id)
            if running is not None:
                return _job(running)
            new = await self._new_sync(connection, site, request.device_id, caller)
            await store.add(connection, new)
            await store.say(connection, _said(new))
        return Job(
            job_id=new.job_id or "",
            type=rules.ATTENDANCE_QUEUE,
            device_id=new.device_id,
            status="queued",
            queued_at=new.created_at,
        )

    async def _new_sync(
        self, connection: AsyncConnection, site: str, device_id: int, caller: Caller
    ) -> store.NewOperation:
        now = self._clock.now()
        since = now.replace(microsecond=0)
        taken = await store.syncs_queued_since(connection, device_id, since)
        queued_at = rules.queued_at(now, taken)
        return store.NewOperation(
            id=new_id(),
            owner=caller.owner,
            site=site,
            device_id=device_id,
            kind="read_log",
            job_id=rules.job_id(device_id, queued_at),
            created_at=queued_at,
            expires_at=now + rules.OPERATION_LIFE,
            requested_by=caller.email,
        )

    async def job(self, request: GetJob, caller: Caller) -> Job:
        """Return one job."""
        if "\x00" in request.job_id:
            raise MusterError(Code.NOT_FOUND)
        async with transaction(self._engine, "get job") as connection:
            found = await store.by_job(connection, caller.owner, request.job_id)
        if found is None:
            raise MusterError(Code.NOT_FOUND)
        return _job(found)

    async def stats(self, _: AskQueueStats, caller: Caller) -> QueueStats:
        """Count the caller's owner's jobs."""
        async with transaction(self._engine, "queue stats") as connection:
            return rules.queue_stats(await store.syncs_by_status(connection, caller.owner))

    async def outcome(self, subject: str, outcome: Outcome) -> None:
        """Record how an operation goes or ended; repeated or late, it changes nothing.

        Raises what makes it a dead letter: it names no operation, or another site's.
        """
        async with transaction(self._engine, "outcome") as connection:
            known = await store.lock(connection, outcome.operation_id)
            if known is None:
                raise MusterError(Code.NOT_FOUND, f"no operation {outcome.operation_id}")
            if (
                subject != subjects.outcome(known.site, known.device_id)
                or (outcome.site, outcome.device_id) != (known.site, known.device_id)
                or outcome.owner != known.owner
            ):
                raise MusterError(Code.FORBIDDEN, f"{subject} is not where this operation belongs")
            news = rules.advance(known.status, known.progress, outcome)
            if news is None:
                log.info("outcome says nothing new", operation=str(known.id), said=outcome.status)
                return
            await store.record(connection, news, self._clock.now() + rules.OPERATION_LIFE)


def _said(new: store.NewOperation) -> Said:
    message = Operation(
        operation_id=new.id,
        owner=new.owner,
        site=new.site,
        device_id=new.device_id,
        kind=new.kind,
        expires_at=new.expires_at,
    )
    where = subjects.operation(new.site, new.device_id, new.kind)
    return Said(streams.operation_stream(new.site), where, str(new.id), message)


def _job(known: store.Stored) -> Job:
    return Job(
        job_id=known.job_id or "",
        type=rules.ATTENDANCE_QUEUE,
        device_id=known.device_id,
        status=rules.job_status(known.status),
        queued_at=known.created_at,
        started_at=known.sent_at,
        finished_at=known.finished_at,
        progress=known.progress,
        problem=known.problem,
    )


def routes(operations: Operations, answers: Answers, bus: Bus) -> None:
    """Hear what concerns operations."""
    answers.to_callers(catalog.SYNC_ATTENDANCE, SyncAttendance, operations.sync)
    answers.to_callers(catalog.GET_JOB, GetJob, operations.job)
    answers.to_callers(catalog.QUEUE_STATS, AskQueueStats, operations.stats)
    consumer = streams.OUTCOME.consumers[0]
    bus.on_event(streams.OUTCOME, consumer, Outcome, operations.outcome)
