"""People as devices hold them: put down by agents, looked up by callers."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from services.devices.rules import devices as device_rules
from services.devices.rules import people as rules
from services.devices.store import devices
from services.devices.store import people as store
from shared.contracts import catalog, subjects
from shared.contracts.agents import Deposited, DepositPeople
from shared.contracts.devices import ListUsers, UserPage
from shared.contracts.errors import Code, FieldProblem
from shared.contracts.readings import PeopleRead
from shared.kit import rpc
from shared.kit.db import transaction
from shared.kit.errors import MusterError

if TYPE_CHECKING:
    from services.devices.handlers.parts import Afterwards, Parts
    from shared.contracts.auth import Caller
    from shared.kit.bus import Bus
    from shared.kit.db import AsyncConnection


class People:
    """The registry's copy of the people on every device."""

    def __init__(self, parts: Parts, afterwards: Afterwards) -> None:
        self._engine = parts.engine
        self._afterwards = afterwards

    async def deposit(self, subject: str, request: DepositPeople) -> Deposited:
        """Keep a part of what an agent read, and say it; with the last, forget who is gone.

        A part that comes again changes nothing. NOT_FOUND for a device of another site.
        """
        site = subject.rsplit(".", 1)[1]
        async with transaction(self._engine, "deposit people") as connection:
            owner = await devices.owner_of(connection, site, request.device_id)
            if owner is None:
                raise MusterError(Code.NOT_FOUND)
            read = PeopleRead(
                owner=owner,
                site=site,
                device_id=request.device_id,
                read_at=request.read_at,
                people=rules.cleaned(request.people),
            )
            # The lists of terminals that dial in name nobody (timmy.md 1.7).
            sparse = await devices.dials_in(connection, request.device_id)
            await store.keep(connection, read, request.reading_id, sparse=sparse)
            if request.last:
                await store.forget_others(
                    connection, request.device_id, request.reading_id, request.read_at
                )
            await self._say(connection, read, request, sparse=sparse)
            await store.raise_version(connection, owner)
        await self._afterwards.people_changed(owner)
        return Deposited(count=len(request.people))

    @staticmethod
    async def _say(
        connection: AsyncConnection, read: PeopleRead, request: DepositPeople, *, sparse: bool
    ) -> None:
        """Say who they are; a list that names nobody says nothing of them."""
        if sparse:
            read = read.model_copy(update={"people": tuple(p for p in read.people if p.name)})
        if read.people or not sparse:
            await store.say(connection, read, _id_of(request))

    async def page(self, request: ListUsers, caller: Caller) -> UserPage:
        """Return one page of the people on the caller's devices, as they were last read."""
        if request.q is not None and not rules.storable(request.q):
            problem = FieldProblem(field="q", problem="must not hold control characters")
            raise device_rules.invalid(problem)
        before = device_rules.offset(request.page, request.limit)
        async with transaction(self._engine, "list users") as connection:
            if request.device_id is not None and not await devices.there(
                connection, caller.owner, request.device_id
            ):
                raise MusterError(Code.NOT_FOUND)
            return await store.page(connection, caller.owner, request, before)


def _id_of(request: DepositPeople) -> str:
    """Return what makes a repeated part the same message."""
    return hashlib.sha256(request.model_dump_json().encode()).hexdigest()


def routes(people: People, answers: rpc.Answers, bus: Bus) -> None:
    """Hear what concerns people."""
    answers.to_callers(catalog.LIST_USERS, ListUsers, people.page)
    of_any_site = subjects.rpc_of_site("devices", "people", subjects.ANY)
    rpc.answer_at(bus, catalog.DEPOSIT_PEOPLE, of_any_site, DepositPeople, people.deposit)
