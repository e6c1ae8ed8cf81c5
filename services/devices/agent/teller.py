"""Says how one operation goes and how it ends."""

import asyncio
from typing import Final, NamedTuple

from services.devices.agent.outgoing import Surroundings, publish_surely
from shared.contracts import subjects
from shared.contracts.actions import Enrolment, Result, Said
from shared.contracts.errors import Problem
from shared.contracts.operations import Operation, OperationStatus, Outcome, Progress
from shared.contracts.streams import OUTCOME

_REPORT_SECONDS: Final = 0.2


class News(NamedTuple):
    """What there is to say besides the status."""

    problem: Problem | None = None
    result: Result | None = None
    said: Said = None
    enrolment: Enrolment | None = None


class Teller:
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

    async def say(self, status: OperationStatus, news: News | None = None) -> None:
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
            attempt=self.attempt,
            **(news or News())._asdict(),
        )
        subject = subjects.outcome(operation.site, operation.device_id)
        await publish_surely(self._around, OUTCOME, subject, outcome)
