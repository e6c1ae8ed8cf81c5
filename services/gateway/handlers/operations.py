"""Asking devices to do something, through the registry's ledger, and waiting for it a while."""

from typing import Final

from shared.contracts import catalog
from shared.contracts.actions import Action
from shared.contracts.errors import Code
from shared.contracts.operations import GetOperation, Job, LedgerEntry, Operate
from shared.kit.bus import Bus
from shared.kit.errors import MusterError
from shared.kit.rpc import ANSWER_SECONDS, ask

WAIT: Final = 10.0
"""Seconds for which a caller waits for a device before it gets a job to ask after."""


class OperationError(MusterError):
    """An operation failed, or is not over yet although it had to be; ``job`` tells which."""

    def __init__(self, job: Job, late: str = "") -> None:
        if job.status == "failed":
            problem = job.problem or MusterError(Code.OUTCOME_UNKNOWN).problem
        else:
            problem = MusterError(Code.TIMEOUT, late).problem
        super().__init__(
            problem.code, problem.details, status=problem.status, fields=problem.fields
        )
        self.job = job


class Operations:
    """Starts operations; whose device it is and who may do what, the registry decides."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    async def start(self, token: str, device_id: int, action: Action) -> Job:
        """Return the job of an action that nobody waits for."""
        return await self.ask(token, Operate(device_id=device_id, action=action))

    async def run(
        self, token: str, device_id: int, action: Action, patient_above: int | None = None
    ) -> Job:
        """Return the job of an action: completed, or still open; raise its problem if it failed.

        A job with more than ``patient_above`` things to do is not waited for.
        """
        asked = Operate(device_id=device_id, action=action, wait=WAIT, patient_above=patient_above)
        job = await self.ask(token, asked)
        if job.status == "failed":
            raise OperationError(job)
        return job

    async def ask(self, token: str, asked: Operate) -> Job:
        """Return the job that was asked for, in whatever state it is when the waiting ends."""
        # The registry's own end of waiting comes first, so what it says is never lost.
        seconds = asked.wait + ANSWER_SECONDS
        return await ask(self._bus, catalog.OPERATE, asked, Job, token=token, seconds=seconds)

    async def entry(self, token: str, operation_id: str) -> LedgerEntry:
        """Return all that the ledger has of an operation."""
        asked = GetOperation(job_id=operation_id)
        return await ask(self._bus, catalog.GET_OPERATION, asked, LedgerEntry, token=token)
