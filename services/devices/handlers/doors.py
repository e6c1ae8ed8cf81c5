"""Doors: unlocked now or not at all, at most once, audited before and after.

Nothing here is ever put on a stream or tried again: a late unlock is worse than none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.devices.rules import doors as rules
from services.devices.store import devices, progress
from services.devices.store import operations as store
from shared.contracts import catalog, subjects
from shared.contracts.agents import AskPermit, Permit, Unlock, Unlocked
from shared.contracts.doors import DoorPermit, DoorUnlocked, PermitDoor, UnlockDoor
from shared.contracts.errors import Code, Problem
from shared.kit import rpc
from shared.kit.clock import new_id
from shared.kit.db import UNAVAILABLE, transaction
from shared.kit.errors import MusterError
from shared.kit.logging import get_logger

if TYPE_CHECKING:
    from uuid import UUID

    from services.devices.handlers.parts import Parts
    from shared.contracts.auth import Caller
    from shared.contracts.operations import OperationStatus

log = get_logger(__name__)

PERMIT_SECONDS: Final = 3.0
UNLOCK_SECONDS: Final = 6.0
"""Longer than a permit lasts, so that the agent's own answer comes first."""


class Doors:
    """The doors of every device."""

    def __init__(self, parts: Parts) -> None:
        self._bus, self._engine, self._clock = parts

    async def permit(self, request: PermitDoor, caller: Caller) -> DoorPermit:
        """Write down who asks, then ask the device's agent for leave; nothing opens yet."""
        operation_id = new_id()
        site = await self._written_down(operation_id, request.device_id, caller)
        try:
            permit = await rpc.ask(
                self._bus,
                catalog.PERMIT,
                AskPermit(device_id=request.device_id),
                Permit,
                subject=subjects.control(site, request.device_id, "permit"),
                seconds=PERMIT_SECONDS,
            )
        except MusterError as error:
            await self._end(operation_id, error.problem)
            raise
        return DoorPermit(permit_id=permit.permit_id, operation_id=operation_id)

    async def unlock(self, request: UnlockDoor, caller: Caller) -> DoorUnlocked:
        """Unlock under a permit; what is not confirmed is answered as unknown, never repeated."""
        site = await self._taken(request, caller)
        try:
            unlocked = await rpc.ask(
                self._bus,
                catalog.UNLOCK,
                Unlock(
                    device_id=request.device_id,
                    permit_id=request.permit_id,
                    seconds=request.seconds,
                ),
                Unlocked,
                subject=subjects.control(site, request.device_id, "unlock"),
                seconds=UNLOCK_SECONDS,
            )
        except MusterError as error:
            problem = rules.unlock_problem(error.problem)
            await self._end(request.operation_id, problem)
            raise MusterError.of(problem) from error
        await self._end(request.operation_id, None)
        return DoorUnlocked(
            device_id=request.device_id,
            operation_id=request.operation_id,
            at=unlocked.at,
            seconds=request.seconds,
        )

    async def _written_down(self, operation_id: UUID, device_id: int, caller: Caller) -> str:
        now = self._clock.now()
        async with transaction(self._engine, "permit door") as connection:
            site = await devices.lock(connection, caller.owner, device_id)
            if site is None:
                raise MusterError(Code.NOT_FOUND)
            await store.add(
                connection,
                store.NewOperation(
                    id=operation_id,
                    owner=caller.owner,
                    site=site,
                    device_id=device_id,
                    kind="unlock",
                    job_id=None,
                    created_at=now,
                    expires_at=now + rules.UNLOCK_LIFE,
                    requested_by=caller.email,
                    action={},
                ),
            )
        return site

    async def _taken(self, request: UnlockDoor, caller: Caller) -> str:
        now = self._clock.now()
        async with transaction(self._engine, "unlock door") as connection:
            site = await devices.lock(connection, caller.owner, request.device_id)
            if site is None:
                raise MusterError(Code.NOT_FOUND)
            if not await progress.start_unlock(
                connection, caller.owner, request.operation_id, request.device_id, now
            ):
                msg = "This permit was used, has run out or is another door's; ask for a new one."
                raise MusterError(Code.CONFLICT, msg)
        return site

    async def _end(self, operation_id: UUID, problem: Problem | None) -> None:
        status: OperationStatus = "failed" if problem else "success"
        ending = progress.Ending(status, problem, self._clock.now())
        try:
            async with transaction(self._engine, "end unlock") as connection:
                await progress.end(connection, operation_id, ending)
        except UNAVAILABLE:
            # The door is as it is: an error now would make somebody open it again. The operation
            # stays open, and the sweeper records that its outcome is unknown.
            log.exception("end of an unlock not recorded", operation=str(operation_id))


def routes(doors: Doors, answers: rpc.Answers) -> None:
    """Hear what concerns doors."""
    answers.to_callers(catalog.PERMIT_DOOR, PermitDoor, doors.permit)
    answers.to_callers(catalog.UNLOCK_DOOR, UnlockDoor, doors.unlock)
