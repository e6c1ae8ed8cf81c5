"""The handlers of operations by themselves: one replica more, with a clock of the test's."""

from __future__ import annotations

from typing import Any

from services.devices.handlers.jobs import Jobs
from services.devices.handlers.operations import Operations
from services.devices.handlers.outcomes import Outcomes
from services.devices.handlers.parts import Parts
from services.devices.handlers.seals import Seals
from services.devices.handlers.waiting import News
from services.devices.worker import Worker
from shared.contracts import subjects
from shared.contracts.agents import Start, Started
from shared.contracts.devices import Device
from shared.contracts.operations import Job, OperationStatus, Outcome, Progress
from shared.kit.clock import Clock, SystemClock
from tests.component.devices.house import Running
from tests.conftest import OWNER


class Ledger:
    """The handlers of operations by themselves, with a clock of the test's: one replica more."""

    def __init__(self, running: Running, clock: Clock) -> None:
        parts = Parts(running.service.bus, running.engine, clock)
        self.parts, self.seals, self.news = parts, Seals(running.settings.seal()), News()
        self.worker = Worker(*parts)
        self.operations = Operations(parts, self.seals, self.news)
        self.jobs = Jobs(parts, self.news)
        self.outcomes = Outcomes(parts, self.seals, self.news, self.worker)

    async def begins(self, job: Job, site: str = "hq") -> Started:
        where = subjects.rpc_of_site("devices", "start", site)
        return await self.outcomes.start(where, Start(operation_id=job.operation_id))

    async def ends(self, outcome: Outcome) -> None:
        await self.outcomes.outcome(subjects.outcome(outcome.site, outcome.device_id), outcome)


def outcome_of(
    device: Device, job: Job, status: OperationStatus, read: int = 0, **more: Any
) -> Outcome:
    return Outcome(
        operation_id=job.operation_id,
        owner=OWNER,
        site=device.site,
        device_id=device.id,
        status=status,
        at=SystemClock().now(),
        **{"progress": Progress(read=read, receipted=read, recorded=read), **more},
    )
