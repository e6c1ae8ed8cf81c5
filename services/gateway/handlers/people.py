"""Everybody whom a device holds, and what it knows them by: read from it, then listed whole."""

from collections.abc import Awaitable, Callable
from typing import Final, NamedTuple, TypeVar

from services.gateway.handlers.operations import OperationError, Operations
from shared.contracts import catalog
from shared.contracts.actions import Action, ReadTemplates, ReadUsers
from shared.contracts.devices import (
    DeviceUser,
    ListUsers,
    ReadTemplatesKept,
    TemplatesRead,
    UserPage,
)
from shared.contracts.errors import Code
from shared.contracts.operations import Job, LedgerEntry, Operate
from shared.contracts.readings import Template
from shared.kit.bus import Bus
from shared.kit.clock import Clock
from shared.kit.errors import MusterError
from shared.kit.rpc import ask

T = TypeVar("T")
BUDGET: Final = 60.0
"""Seconds a caller waits for a whole list; longer than any other answer takes."""
_USERS: Final = 200
_TEMPLATES: Final = 10
_TRIES: Final = 3
_LATE: Final = "The device is still being read; ask for the list again when it is done."


class Everybody(NamedTuple):
    """A list that is whole, and the operation that read it."""

    read: LedgerEntry
    people: tuple[DeviceUser, ...]
    templates: tuple[Template, ...]
    """Empty when they were not asked for."""


class People:
    """Reads devices' lists of people; a part of one is never given for the whole."""

    def __init__(self, bus: Bus, operations: Operations, clock: Clock) -> None:
        self._bus = bus
        self._operations = operations
        self._clock = clock

    async def read(self, token: str, device_id: int, *, templates: bool = False) -> Everybody:
        """Read a device and return all it holds; raise OperationError when it takes too long."""
        until = self._clock.monotonic() + BUDGET
        job = await self._ended(token, device_id, ReadUsers(), until)
        if templates:
            await self._ended(token, device_id, ReadTemplates(), until)
        return Everybody(
            await self._operations.entry(token, str(job.operation_id)),
            await self.listed(token, device_id),
            await self._templates(token, device_id) if templates else (),
        )

    async def listed(self, token: str, device_id: int) -> tuple[DeviceUser, ...]:
        """Return everybody whom a device held when it was last read."""

        async def page_of(page: int) -> tuple[tuple[DeviceUser, ...], int]:
            asked = ListUsers(device_id=device_id, page=page, limit=_USERS)
            found = await ask(self._bus, catalog.LIST_USERS, asked, UserPage, token=token)
            return found.items, found.total

        return await _every(page_of)

    async def _templates(self, token: str, device_id: int) -> tuple[Template, ...]:
        async def page_of(page: int) -> tuple[tuple[Template, ...], int]:
            asked = ReadTemplatesKept(device_id=device_id, page=page, limit=_TEMPLATES)
            question = catalog.READ_TEMPLATES_KEPT
            found = await ask(self._bus, question, asked, TemplatesRead, token=token)
            return found.items, found.total

        return await _every(page_of)

    async def _ended(self, token: str, device_id: int, action: Action, until: float) -> Job:
        wait = max(until - self._clock.monotonic(), 0.0)
        asked = Operate(device_id=device_id, action=action, wait=wait)
        job = await self._operations.ask(token, asked)
        if job.status != "completed":
            raise OperationError(job, _LATE)
        return job


async def _every(page_of: Callable[[int], Awaitable[tuple[tuple[T, ...], int]]]) -> tuple[T, ...]:
    """Return what all pages hold; a list that changes meanwhile is begun again."""
    for _ in range(_TRIES):
        items, wanted = await page_of(1)
        page, total = 1, wanted
        while len(items) < wanted and total == wanted:
            page += 1
            more, total = await page_of(page)
            if not more:
                break
            items += more
        if len(items) == wanted == total:
            return items
    raise MusterError(Code.TIMEOUT, "The list changes while it is read; ask again.")
