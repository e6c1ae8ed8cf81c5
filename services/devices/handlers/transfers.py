"""People are brought from one device to another: read, pushed, and only then deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from services.devices.handlers.asking import Asking, Wish
from services.devices.handlers.operations import WAITING
from services.devices.handlers.waiting import Waiting
from services.devices.rules import devices as device_rules
from services.devices.rules import operations as operation_rules
from services.devices.rules import transfers as rules
from services.devices.rules.people import storable
from services.devices.store import devices, ledger, people, places
from services.devices.store import operations as store
from shared.contracts import catalog
from shared.contracts.actions import DeleteUser, PushUser, ReadTemplates
from shared.contracts.errors import Code, FieldProblem, Problem
from shared.contracts.operations import LedgerEntry, Transfer, Transferred, TransferUsers
from shared.kit.db import transaction
from shared.kit.errors import MusterError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from services.devices.handlers.parts import Parts
    from services.devices.handlers.seals import Seals
    from services.devices.handlers.waiting import News
    from shared.contracts.actions import Action
    from shared.contracts.auth import Caller
    from shared.kit.db import AsyncConnection
    from shared.kit.rpc import Answers


class _Way(NamedTuple):
    """From where to where."""

    source: places.Place
    target: places.Place


class _Steps(NamedTuple):
    """What is to be done for one person; each step waits for the one before."""

    user_id: str
    problem: Problem | None = None
    operations: tuple[store.NewOperation, ...] = ()

    def told(self, entries: Mapping[UUID, LedgerEntry]) -> Transfer:
        """Return how the person's operations stand."""
        known = [entries[each.id] for each in self.operations]
        steps = dict(zip(("fetch", "push", "delete"), known, strict=False))
        return Transfer(user_id=self.user_id, problem=self.problem, **steps)


class Transfers:
    """Brings people from device to device."""

    def __init__(self, parts: Parts, seals: Seals, news: News) -> None:
        self._engine = parts.engine
        self._asking = Asking(parts, seals)
        self._waiting = Waiting(parts, news)

    async def transfer(self, request: TransferUsers, caller: Caller) -> Transferred:
        """Ask for everything that brings people over, and wait a while until they are read.

        All of it waits for devices that are away. Raises DEVICE_OFFLINE for a serial that is none
        of the caller's owner's. Who cannot be brought over has a problem and no operation.
        """
        if request.from_serial.upper() == request.to_serial.upper():
            raise _same()
        async with transaction(self._engine, "transfer") as connection:
            way = await _way(connection, request, caller)
            everybody = await self._planned(connection, way, request, caller)
            known = await store.add_all(
                connection, [each for steps in everybody for each in steps.operations]
            )
            fetches = [each for each in known if each.after is None]
            await store.say(connection, *fetches)
        await self._waiting.until(_ended, [each.id for each in fetches], request.wait)
        async with transaction(self._engine, "transferred") as connection:
            entries = await ledger.several(connection, [each.id for each in known])
        return Transferred(items=tuple(each.told(entries) for each in everybody))

    async def _planned(
        self, connection: AsyncConnection, way: _Way, request: TransferUsers, caller: Caller
    ) -> list[_Steps]:
        """Return what is to be done for everybody who is asked for, in that order."""
        named = None if request.user_ids is None else rules.limited(request.user_ids)
        known = await people.credentials(connection, way.source.device_id, named)
        planned = []
        for user_id in rules.limited(known) if named is None else named:
            slots = known.get(user_id, ())
            problem = rules.unnamable(user_id) or rules.unfit(*way, slots)
            if problem is not None:
                planned.append(_Steps(user_id, problem=problem))
                continue
            steps = await self._steps(connection, way, request, user_id, caller)
            planned.append(_Steps(user_id, operations=steps))
        return planned

    async def _steps(
        self,
        connection: AsyncConnection,
        way: _Way,
        request: TransferUsers,
        user_id: str,
        caller: Caller,
    ) -> tuple[store.NewOperation, ...]:
        async def new(
            place: places.Place, action: Action, after: UUID | None
        ) -> store.NewOperation:
            wish = Wish(place.site, place.device_id, action, after, lasting=True)
            return await self._asking.new(connection, wish, caller)

        fetch = await new(way.source, ReadTemplates(user_id=user_id), None)
        pushes = PushUser(user_id=user_id, overwrite=request.overwrite)
        push = await new(way.target, pushes, fetch.id)
        if not request.move:
            return fetch, push
        deletes = DeleteUser(user_id=user_id, may_be_absent=True)
        return fetch, push, await new(way.source, deletes, push.id)


async def _way(connection: AsyncConnection, request: TransferUsers, caller: Caller) -> _Way:
    """Return both devices, and keep others from asking them until the commit."""
    found = []
    for serial in (request.from_serial, request.to_serial):
        place = None
        if storable(serial):
            place = await places.of_serial(connection, caller.owner, serial)
        if place is None:
            raise MusterError(Code.DEVICE_OFFLINE)
        found.append(place)
    way = _Way(*found)
    if way.source.device_id == way.target.device_id:
        raise _same()
    # Always in the same order, so that two who ask never wait for each other.
    for device_id in sorted(each.device_id for each in way):
        if await devices.lock(connection, caller.owner, device_id) is None:
            raise MusterError(Code.DEVICE_OFFLINE)
    return way


def _same() -> MusterError:
    problem = "must be another device than the one that is read"
    return device_rules.invalid(FieldProblem(field="to_serial", problem=problem))


def _ended(each: store.Stored) -> bool:
    return operation_rules.settled(each.status, each.progress.total, None)


def routes(transfers: Transfers, answers: Answers) -> None:
    """Hear who is to be brought where."""
    answers.to_callers(catalog.TRANSFER_USERS, TransferUsers, transfers.transfer, workers=WAITING)
