"""The operations of one device: in order, one in flight, each with an outcome that is committed."""

import asyncio
import contextlib
from typing import Final

import nats.errors
from pydantic import ValidationError

from services.devices.agent.connection import Connection
from services.devices.agent.links.base import LinkError
from services.devices.agent.outgoing import Surroundings
from shared.contracts import subjects
from shared.contracts.devices import Operation, OperationStatus, Outcome, Progress
from shared.contracts.errors import Code, Problem
from shared.contracts.streams import OUTCOME, device_consumer, operation_stream
from shared.kit import telemetry
from shared.kit.clock import new_id
from shared.kit.denials import PublishDeniedError
from shared.kit.errors import MusterError
from shared.kit.logging import get_logger
from shared.kit.pull import Held, Puller

log = get_logger(__name__)

_CONNECT_SECONDS: Final = 5.0
_TRIES: Final = 2
_REPORT_SECONDS: Final = 0.2
_PAUSE_SECONDS: Final = 1.0


class Operations:
    """Does what the registry asks of one device."""

    def __init__(self, connection: Connection, around: Surroundings) -> None:
        self._connection = connection
        self._around = around
        device_id = connection.device.device_id
        consumer = device_consumer(around.site, device_id)
        stream = operation_stream(around.site).name
        self._puller = Puller(around.bus, stream, consumer.durable)

    async def run(self) -> None:
        """Take one operation after the other, for ever."""
        try:
            while True:
                held = await self._puller.next()
                if held is not None:
                    async with held.working():
                        await self._do(held)
                    await held.done()
        finally:
            await self._puller.close()

    async def _do(self, held: Held) -> None:
        try:
            operation = Operation.model_validate_json(held.body)
        except ValidationError:
            log.exception("not an operation", subject=held.subject)
            return
        with telemetry.span(
            f"operation {operation.kind}", telemetry.SpanKind.CONSUMER, headers=held.headers
        ):
            if operation.expires_at <= self._around.clock.now():
                await self._end(operation, MusterError(Code.OPERATION_EXPIRED).problem)
            elif operation.kind != "read_log":
                details = f"An agent does not know the operation {operation.kind}."
                await self._end(operation, MusterError(Code.DEVICE_ERROR, details).problem)
            else:
                await self._read_log(operation)

    async def _read_log(self, operation: Operation) -> None:
        """Reading is idempotent, so a connection lost in between is worth another try."""
        await self._say(operation, "sent", Progress())
        problem: Problem | None = None
        for _ in range(_TRIES):
            await self._connection.connected(_CONNECT_SECONDS)
            try:
                progress = await self._follow(operation)
            except LinkError as error:
                problem = MusterError(error.code, error.details).problem
                # The connection needs a moment to notice that its link is dead.
                await asyncio.sleep(_PAUSE_SECONDS)
            else:
                await self._say(operation, "success", progress)
                return
        await self._end(operation, problem)

    async def _follow(self, operation: Operation) -> Progress:
        """Read the log and say how far it is, until all of it has its receipt."""
        progress, said = Progress(), self._around.clock.monotonic()
        reports = self._connection.read_log(operation.operation_id)
        async with contextlib.aclosing(reports):
            async for report in reports:
                progress = report.progress
                now = self._around.clock.monotonic()
                if now - said >= _REPORT_SECONDS and not report.done:
                    said = now
                    await self._say(operation, "sent", progress)
        return progress

    async def _end(self, operation: Operation, problem: Problem | None) -> None:
        await self._say(operation, "failed", Progress(), problem)

    async def _say(
        self,
        operation: Operation,
        status: OperationStatus,
        progress: Progress,
        problem: Problem | None = None,
    ) -> None:
        """Publish an outcome; not before it is stored may the operation leave its stream."""
        outcome = Outcome(
            operation_id=operation.operation_id,
            owner=operation.owner,
            site=operation.site,
            device_id=operation.device_id,
            status=status,
            at=self._around.clock.now(),
            progress=progress,
            problem=problem,
        )
        subject = subjects.outcome(operation.site, operation.device_id)
        message_id = str(new_id())
        while True:
            try:
                await self._around.bus.publish(
                    OUTCOME, subject, outcome.model_dump_json().encode(), message_id=message_id
                )
            except (nats.errors.Error, PublishDeniedError, TimeoutError) as error:
                log.warning("outcome not published now", error=repr(error)[:200])
                await asyncio.sleep(_PAUSE_SECONDS)
            else:
                return
