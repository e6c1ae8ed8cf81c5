"""People and templates that devices tell of by themselves, many devices at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.devices.rules import told as rules
from services.devices.rules.people import in_order
from services.devices.store import custody, people
from services.devices.store import told as store
from shared.contracts import catalog, subjects
from shared.contracts.agents import Deposited, DepositTold
from shared.contracts.readings import PeopleRead
from shared.kit import rpc
from shared.kit.clock import new_id
from shared.kit.db import transaction

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from services.devices.handlers.parts import Afterwards, Parts
    from services.devices.handlers.seals import Seals
    from shared.contracts.agents import Told
    from shared.kit.bus import Bus
    from shared.kit.db import AsyncConnection


class Telling:
    """Adds what devices tell of to what is known; a repetition changes nothing."""

    def __init__(self, parts: Parts, seals: Seals, afterwards: Afterwards) -> None:
        self._engine = parts.engine
        self._clock = parts.clock
        self._seals = seals
        self._afterwards = afterwards

    async def deposit(self, subject: str, request: DepositTold) -> Deposited:
        """Keep it; what is told of a device that the site has not, or no more, is dropped."""
        site = subject.rsplit(".", 1)[1]
        async with transaction(self._engine, "deposit told") as connection:
            wanted = {each.device_id for each in request.items}
            owners = await store.hold(connection, site, wanted)
            items = [each for each in request.items if each.device_id in owners]
            await self._people(connection, site, owners, items)
            await self._templates(connection, owners, items)
            for owner in set(owners.values()):
                await people.raise_version(connection, owner)
        for owner in set(owners.values()):
            await self._afterwards.people_changed(owner)
        return Deposited(count=len(items))

    async def _people(
        self,
        connection: AsyncConnection,
        site: str,
        owners: Mapping[int, str],
        items: Sequence[Told],
    ) -> None:
        found = await store.known(connection, rules.keys(items))
        known = {key: rules.Known(*each) for key, each in found.items()}
        merged = rules.merged(items, known)
        await store.keep(connection, owners, merged)
        for device_id, renamed in rules.renamed(merged, known).items():
            read = PeopleRead(
                owner=owners[device_id],
                site=site,
                device_id=device_id,
                read_at=self._clock.now(),
                people=tuple(renamed),
            )
            await people.say(connection, read, str(new_id()))

    async def _templates(
        self, connection: AsyncConnection, owners: Mapping[int, str], items: Sequence[Told]
    ) -> None:
        sealed = []
        for told in sorted(items, key=lambda each: each.device_id):
            key = await self._seals.of(connection, owners[told.device_id])
            sealed += [
                custody.Sealed(
                    owner=owners[told.device_id],
                    device_id=told.device_id,
                    user_id=each.user_id,
                    finger=each.finger,
                    flag=each.flag,
                    algorithm=each.algorithm,
                    size=len(each.data.get_secret_value()),
                    sealed=key.encrypt(each.data.get_secret_value()).decode(),
                    read_at=told.told_at,
                    n=0,
                )
                for each in in_order(told.templates)
            ]
        await custody.keep(connection, sealed)


def routes(telling: Telling, bus: Bus) -> None:
    """Hear what devices told their agents."""
    of_any_site = subjects.rpc_of_site("devices", "told", subjects.ANY)
    rpc.answer_at(bus, catalog.DEPOSIT_TOLD, of_any_site, DepositTold, telling.deposit)
