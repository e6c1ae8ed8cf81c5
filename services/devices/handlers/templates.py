"""Templates in custody: sealed before they are stored, and never shown to callers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.devices.rules import people as rules
from services.devices.store import custody as store
from services.devices.store import devices, people, progress
from shared.contracts import catalog, subjects
from shared.contracts.agents import Deposited, DepositTemplates
from shared.contracts.devices import ListTemplates, TemplatesKept
from shared.contracts.errors import Code
from shared.kit import rpc
from shared.kit.db import transaction
from shared.kit.errors import MusterError

if TYPE_CHECKING:
    from services.devices.handlers.parts import Afterwards, Parts
    from services.devices.handlers.seals import Seals
    from services.devices.store.operations import Stored
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

        NOT_FOUND unless it is the site's reading of that device; CONFLICT unless it is under way.
        """
        site = subject.rsplit(".", 1)[1]
        async with transaction(self._engine, "deposit templates") as connection:
            if await devices.owner_of(connection, site, request.device_id) is None:
                raise MusterError(Code.NOT_FOUND)
            known = await progress.lock(connection, request.operation_id)
            if known is None or (known.device_id, known.kind) != (
                request.device_id,
                "read_templates",
            ):
                raise MusterError(Code.NOT_FOUND)
            if known.status != "sent":
                raise MusterError(Code.CONFLICT, "Nobody reads templates for this operation now.")
            await store.keep(connection, await self._sealed(connection, known, request))
            await people.raise_version(connection, known.owner)
        await self._afterwards.people_changed(known.owner)
        return Deposited(count=len(request.templates))

    async def _sealed(
        self, connection: AsyncConnection, known: Stored, request: DepositTemplates
    ) -> list[store.Sealed]:
        key = await self._seals.of(connection, known.owner)
        return [
            store.Sealed(
                owner=known.owner,
                device_id=known.device_id,
                user_id=each.user_id,
                finger=each.finger,
                flag=each.flag,
                size=len(each.data.get_secret_value()),
                sealed=key.encrypt(each.data.get_secret_value()).decode(),
                read_at=request.read_at,
                n=known.n,
            )
            for each in rules.in_order(request.templates)
        ]

    async def kept(self, request: ListTemplates, caller: Caller) -> TemplatesKept:
        """Return which templates of a person were read from a device of the caller's."""
        async with transaction(self._engine, "list templates") as connection:
            if not await devices.there(connection, caller.owner, request.device_id):
                raise MusterError(Code.NOT_FOUND)
            if not rules.storable(request.user_id):
                return TemplatesKept(items=())
            items = await store.of_person(connection, request.device_id, request.user_id)
        return TemplatesKept(items=items)


def routes(templates: Templates, answers: rpc.Answers, bus: Bus) -> None:
    """Hear what concerns templates."""
    answers.to_callers(catalog.LIST_TEMPLATES, ListTemplates, templates.kept)
    of_any_site = subjects.rpc_of_site("devices", "deposit", subjects.ANY)
    rpc.answer_at(bus, catalog.DEPOSIT_TEMPLATES, of_any_site, DepositTemplates, templates.deposit)
