"""The operations of one device: in order, one in flight, each with an outcome that is committed."""

import asyncio
from typing import Final

from pydantic import ValidationError

from services.devices.agent.actions import Doing, perform, repeat
from services.devices.agent.connection import Connection
from services.devices.agent.line import OfflineError
from services.devices.agent.outgoing import Surroundings, publish_surely
from services.devices.agent.registry import AWAY
from services.devices.drivers.base import DeviceError
from shared.contracts import subjects
from shared.contracts.actions import Result
from shared.contracts.agents import Started
from shared.contracts.errors import Code, Problem
from shared.contracts.operations import SPECS, Operation, OperationStatus, Outcome, Progress
from shared.contracts.streams import OUTCOME, device_consumer, operation_stream
from shared.kit import telemetry
from shared.kit.errors import MusterError
from shared.kit.logging import get_logger
from shared.kit.pull import Held, Puller

log = get_logger(__name__)

_CONNECT_SECONDS: Final = 3.0
"""How long an operation waits for a device that is away: callers wait 10 s for its outcome."""
_RECONNECT_SECONDS: Final = 2.0
"""The same when the connection was lost: noticing that may have taken 7 s already."""
_REPORT_SECONDS: Final = 0.2
_PAUSE_SECONDS: Final = 1.0
_OVER: Final = {
    Code.CONFLICT,
    Code.OPERATION_CANCELED,
    Code.OPERATION_EXPIRED,
    Code.NOT_FOUND,
}
"""The registry knows the end of it already, or never heard of it."""


class _Teller:
    """How far one operation has come, said every now and then."""

    def __init__(self, around: Surroundings, operation: Operation) -> None:
        self._around = around
        self._operation = operation
        self._news = asyncio.Event()
        self._progress = Progress()
        self.attempt: int | None = None
        """Which of the operation's attempts this is, once there is leave for it."""

    async def tell(self, progress: Progress) -> None:
        """Take news in, without waiting until they are said."""
        self._progress = progress
        self._news.set()

    async def run(self) -> None:
        """Say the newest, a few times a second at most, for ever."""
        while True:
            await self._news.wait()
            self._news.clear()
            await self.say("sent")
            await asyncio.sleep(_REPORT_SECONDS)

    async def say(
        self,
        status: OperationStatus,
        *,
        problem: Problem | None = None,
        result: Result | None = None,
    ) -> None:
        """Publish an outcome; not before it is stored may the operation leave its stream."""
        operation = self._operation
        outcome = Outcome(
            operation_id=operation.operation_id,
            owner=operation.owner,
            site=operation.site,
            device_id=operation.device_id,
            status=status,
            at=self._around.clock.now(),
            progress=self._progress,
            problem=problem,
            result=result,
            attempt=self.attempt,
        )
        subject = subjects.outcome(operation.site, operation.device_id)
        await publish_surely(self._around, OUTCOME, subject, outcome)


class Operations:
    """Does what the registry asks of one device."""

    def __init__(self, connection: Connection, around: Surroundings) -> None:
        self._connection = connection
        self._around = around
        consumer = device_consumer(around.site, connection.device.device_id)
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
            teller = _Teller(self._around, operation)
            try:
                started = await self._started(operation)
                if started is not None:
                    teller.attempt = started.attempt
                    result = await self._performed(operation, started, teller)
                    await teller.say("success", result=result)
            except (MusterError, DeviceError) as error:
                await teller.say("failed", problem=_problem(error))

    async def _started(self, operation: Operation) -> Started | None:
        """Ask the registry for leave, as long as the operation lives; None when it is over.

        Whether it is over the registry alone knows: it may have been tried again since this
        message, and its clock need not be ours. Nobody who asks it says that something expired.
        """
        if operation.kind not in SPECS:
            details = f"An agent does not know the operation {operation.kind}."
            raise MusterError(Code.NOT_SUPPORTED, details)
        while True:
            try:
                return await self._around.registry.start(operation.operation_id)
            except MusterError as error:
                if error.problem.code in _OVER:
                    return None
                if error.problem.code not in AWAY:
                    raise
                log.info("no leave to operate now", error=str(error))
                if operation.expires_at <= self._around.clock.now():
                    return None
                await asyncio.sleep(_PAUSE_SECONDS)

    async def _performed(self, operation: Operation, started: Started, teller: _Teller) -> Result:
        if started.again and not SPECS[started.action.kind].repeatable:
            details = "It was begun before, and nobody knows how far it came."
            raise MusterError(Code.OUTCOME_UNKNOWN, details)
        doing = Doing(operation, started.action, self._connection, self._around, teller.tell)
        reporting = asyncio.ensure_future(teller.run())
        try:
            return await self._tried(doing, again=started.again)
        finally:
            reporting.cancel()

    async def _tried(self, doing: Doing, *, again: bool) -> Result:
        """Do it; once more when the connection was lost over something that may be repeated."""
        await self._connection.line.connected(_CONNECT_SECONDS)
        try:
            return await (repeat(doing) if again else perform(doing))
        except OfflineError as error:
            if not error.asked:
                raise
        except DeviceError as error:
            if not (error.code is Code.PULL_INCOMPLETE and SPECS[doing.action.kind].repeatable):
                raise
        await self._connection.line.connected(_RECONNECT_SECONDS)
        return await repeat(doing)


def _problem(error: MusterError | DeviceError) -> Problem:
    if isinstance(error, DeviceError):
        return MusterError(error.code, error.details).problem
    return error.problem
