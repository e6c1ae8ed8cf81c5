"""The operations of one device: in order, one in flight, each with an outcome that is committed."""

import asyncio
from typing import Final

from pydantic import ValidationError

from services.devices.agent.actions import Doing, Performed, perform, repeat
from services.devices.agent.connection import Connection
from services.devices.agent.enrolling import follow
from services.devices.agent.line import OfflineError
from services.devices.agent.outgoing import Surroundings
from services.devices.agent.registry import AWAY
from services.devices.agent.teller import News, Teller
from services.devices.drivers.base import DeviceError
from shared.contracts.actions import EnrolmentBegun
from shared.contracts.agents import Started
from shared.contracts.errors import Code
from shared.contracts.operations import SPECS, Operation
from shared.contracts.streams import device_consumer, operation_stream
from shared.kit import telemetry
from shared.kit.errors import MusterError
from shared.kit.logging import get_logger
from shared.kit.pull import Held, Puller

log = get_logger(__name__)

_CONNECT_SECONDS: Final = 3.0
"""How long an operation waits for a device that is away: callers wait 10 s for its outcome."""
_RECONNECT_SECONDS: Final = 2.0
"""The same when the connection was lost: noticing that may have taken 7 s already."""
_PAUSE_SECONDS: Final = 1.0
_OVER: Final = {
    Code.CONFLICT,
    Code.OPERATION_CANCELED,
    Code.OPERATION_EXPIRED,
    Code.NOT_FOUND,
}
"""The registry knows the end of it already, or never heard of it."""


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
            async with asyncio.TaskGroup() as followers:
                while True:
                    held = await self._puller.next()
                    if held is not None:
                        async with held.working():
                            await self._do(held, followers)
                        await held.done()
        finally:
            await self._puller.close()

    async def _do(self, held: Held, followers: asyncio.TaskGroup) -> None:
        try:
            operation = Operation.model_validate_json(held.body)
        except ValidationError:
            log.exception("not an operation", subject=held.subject)
            return
        with telemetry.span(
            f"operation {operation.kind}", telemetry.SpanKind.CONSUMER, headers=held.headers
        ):
            teller = Teller(self._around, operation)
            try:
                performed = await self._carried_out(operation, teller)
            except (MusterError, DeviceError) as error:
                await teller.say("failed", _trouble(error))
                return
            if performed is not None:
                await teller.say("success", News(result=performed.result, said=performed.said))
                if isinstance(performed.result, EnrolmentBegun):
                    followers.create_task(self._followed(performed.result, teller))

    async def _carried_out(self, operation: Operation, teller: Teller) -> Performed | None:
        """Return what came of it, or None when it was over before; raise what went wrong.

        One that lasts goes back to waiting when the connection is lost over it, if it may be done
        twice at all, and is begun again when the device is back.
        """
        begun = False
        while started := await self._started(operation):
            teller.attempt = started.attempt
            again = started.again or begun
            try:
                return await self._performed(operation, started, teller, again=again)
            except OfflineError as error:
                if not (operation.lasting and SPECS[operation.kind].repeatable):
                    raise
                await teller.say("pending", _trouble(error))
                begun = True
        return None

    async def _started(self, operation: Operation) -> Started | None:
        """Ask the registry for leave, as long as the operation lives; None when it is over.

        Whether it is over the registry alone knows: it may have been tried again since this
        message, and its clock need not be ours. Nobody who asks it says that something expired.
        """
        if operation.kind not in SPECS:
            details = f"An agent does not know the operation {operation.kind}."
            raise MusterError(Code.NOT_SUPPORTED, details)
        if operation.lasting:
            life = operation.expires_at - self._around.clock.now()
            await self._connection.line.connected(life.total_seconds())
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

    async def _performed(
        self, operation: Operation, started: Started, teller: Teller, *, again: bool
    ) -> Performed:
        if again and not SPECS[started.action.kind].repeatable:
            details = "It was begun before, and nobody knows how far it came."
            raise MusterError(Code.OUTCOME_UNKNOWN, details)
        doing = Doing(operation, started.action, self._connection, self._around, teller.tell)
        reporting = asyncio.ensure_future(teller.run())
        try:
            return await self._tried(doing, again=again)
        finally:
            reporting.cancel()

    async def _tried(self, doing: Doing, *, again: bool) -> Performed:
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

    async def _followed(self, begun: EnrolmentBegun, teller: Teller) -> None:
        try:
            await follow(begun, self._connection, self._around, teller)
        except Exception:
            # Whatever it is: raised, it would end the operations of this device.
            log.exception("defect; an enrolment is not followed any more")


def _trouble(error: MusterError | DeviceError) -> News:
    if isinstance(error, DeviceError):
        return News(problem=MusterError(error.code, error.details).problem, said=error.said)
    return News(problem=error.problem)
