"""Templates in custody: sealed before they are stored, shown to hardly anybody."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.devices.handlers.filling import opened
from services.devices.rules import devices as device_rules
from services.devices.rules import people as rules
from services.devices.store import custody as store
from services.devices.store import devices, people, progress
from shared.contracts import catalog, subjects
from shared.contracts.agents import Deposited, DepositTemplates
from shared.contracts.devices import (
    ListTemplates,
    ReadTemplatesKept,
    TemplatesKept,
    TemplatesRead,
)
from shared.contracts.errors import Code
from shared.contracts.readings import PeopleRead
from shared.kit import rpc
from shared.kit.clock import new_id
from shared.kit.db import transaction
from shared.kit.errors import MusterError

if TYPE_CHECKING:
    from services.devices.handlers.parts import Afterwards, Parts
    from services.devices.handlers.seals import Seals
    from shared.contracts.auth import Caller
    from shared.kit.bus import Bus
    from shared.kit.db import AsyncConnection


class Templates:
    """The custody of every owner's templates."""

    def __init__(self, parts: Parts, seals: Seals, afterwards: Afterwards) -> None:
        self._engine = parts.engine
        self._seals = seals
        self._afterwards = afterwards

    async def deposit(self, subject: str, request: DepositTemplates) -> Deposited:
        """Keep what an agent read for an operation; a part that comes again changes nothing.

        NOT_FOUND unless it is the site's reading of that device; CONFLICT unless that is under way.
        """
        site = subject.rsplit(".", 1)[1]
        async with transaction(self._engine, "deposit templates") as connection:
            owner = await devices.owner_of(connection, site, request.device_id)
            if owner is None:
                raise MusterError(Code.NOT_FOUND)
            n = await _number(connection, request)
            await store.keep(connection, await self._sealed(connection, owner, n, request))
            read = PeopleRead(
                owner=owner,
                site=site,
                device_id=request.device_id,
                read_at=request.read_at,
                people=rules.cleaned(request.people),
            )
            if read.people:
                await people.keep(connection, read, request.operation_id)
                await people.say(connection, read, str(new_id()))
            await people.raise_version(connection, owner)
        await self._afterwards.people_changed(owner)
        return Deposited(count=len(request.templates))

    async def _sealed(
        self, connection: AsyncConnection, owner: str, n: int, request: DepositTemplates
    ) -> list[store.Sealed]:
        key = await self._seals.of(connection, owner)
        return [
            store.Sealed(
                owner=owner,
                device_id=request.device_id,
                user_id=each.user_id,
                finger=each.finger,
                flag=each.flag,
                algorithm=each.algorithm,
                size=len(each.data.get_secret_value()),
                sealed=key.encrypt(each.data.get_secret_value()).decode(),
                read_at=request.read_at,
                n=n,
            )
            for each in rules.in_order(request.templates)
        ]

    async def kept(self, request: ListTemplates, caller: Caller) -> TemplatesKept:
        """Return which templates of a person's fingers were read from a device of the caller's."""
        async with transaction(self._engine, "list templates") as connection:
            if not await devices.there(connection, caller.owner, request.device_id):
                raise MusterError(Code.NOT_FOUND)
            if not rules.storable(request.user_id):
                return TemplatesKept(items=())
            items = await store.fingers_of(connection, request.device_id, request.user_id)
        return TemplatesKept(items=items)

    async def read(self, request: ReadTemplatesKept, caller: Caller) -> TemplatesRead:
        """Return one page of the templates that were read from a device of the caller's."""
        before = device_rules.offset(request.page, request.limit)
        async with transaction(self._engine, "read templates") as connection:
            if not await devices.there(connection, caller.owner, request.device_id):
                raise MusterError(Code.NOT_FOUND)
            kept, total = await store.page(connection, request.device_id, before, request.limit)
            key = await self._seals.of(connection, caller.owner)
        return TemplatesRead(items=tuple(opened(key, each) for each in kept), total=total)


async def _number(connection: AsyncConnection, request: DepositTemplates) -> int:
    """Return which of the device's operations reads this, and keep it from ending meanwhile."""
    known = await progress.lock(connection, request.operation_id)
    if known is None or (known.device_id, known.kind) != (request.device_id, "read_templates"):
        raise MusterError(Code.NOT_FOUND)
    if known.status != "sent":
        raise MusterError(Code.CONFLICT, "Nobody reads templates for this operation now.")
    return known.n


def routes(templates: Templates, answers: rpc.Answers, bus: Bus) -> None:
    """Hear what concerns templates."""
    answers.to_callers(catalog.LIST_TEMPLATES, ListTemplates, templates.kept)
    answers.to_callers(catalog.READ_TEMPLATES_KEPT, ReadTemplatesKept, templates.read)
    of_any_site = subjects.rpc_of_site("devices", "deposit", subjects.ANY)
    rpc.answer_at(bus, catalog.DEPOSIT_TEMPLATES, of_any_site, DepositTemplates, templates.deposit)
