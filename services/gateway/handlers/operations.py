"""Asking devices to do something, through the registry's ledger, and waiting for it a while."""

from typing import Final

from shared.contracts import catalog
from shared.contracts.actions import Action
from shared.contracts.errors import Code
from shared.contracts.operations import Job, Operate
from shared.kit.bus import Bus
from shared.kit.errors import MusterError
from shared.kit.rpc import ANSWER_SECONDS, ask

WAIT: Final = 10.0
"""Seconds for which a caller waits for a device before it gets a job to ask after."""


class Operations:
    """Starts operations; whose device it is and who may do what, the registry decides."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    async def start(self, token: str, device_id: int, action: Action) -> Job:
        """Return the job of an action that nobody waits for."""
        asked = Operate(device_id=device_id, action=action)
        return await ask(self._bus, catalog.OPERATE, asked, Job, token=token)

    async def run(
        self, token: str, device_id: int, action: Action, patient_above: int | None = None
    ) -> Job:
        """Return the job of an action: completed, or still open; raise its problem if it failed.

        A job with more than ``patient_above`` things to do is not waited for.
        """
        asked = Operate(device_id=device_id, action=action, wait=WAIT, patient_above=patient_above)
        # The registry's own end of waiting comes first, so what it says is never lost.
        seconds = WAIT + ANSWER_SECONDS
        job = await ask(self._bus, catalog.OPERATE, asked, Job, token=token, seconds=seconds)
        if job.status == "failed":
            raise MusterError.of(job.problem or MusterError(Code.OUTCOME_UNKNOWN).problem)
        return job
