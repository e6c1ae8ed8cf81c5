"""/api: people brought from one device to another."""

import asyncio
from typing import Annotated, Final

from fastapi import Depends
from starlette.responses import Response

from services.gateway.handlers.people import People
from services.gateway.handlers.serials import Serials, as_away
from services.gateway.routes.answers import Answer
from services.gateway.routes.bodies import Sent
from services.gateway.routes.envelopes import plain
from services.gateway.routes.examples import example_of
from services.gateway.routes.table import REACHING, Route, Visiting, Visitor
from services.gateway.routes.timmy.shapes.people import Transfer
from services.gateway.routes.timmy.views import transfers as views
from shared.contracts import catalog, operations
from shared.contracts.auth import Permission
from shared.contracts.devices import Device
from shared.contracts.operations import TransferUsers
from shared.kit.bus import Bus
from shared.kit.errors import MusterError
from shared.kit.rpc import ANSWER_SECONDS, ask

_FEW: Final = 20
"""The most people for whom the caller waits until they are read from the source."""
_WAIT: Final = 25.0
_PART: Final = 100
"""How many people are asked for at once: what is said of more does not fit into one message."""


class Transfers:
    """Endpoints of /api."""

    def __init__(self, bus: Bus, serials: Serials, people: People) -> None:
        self._bus = bus
        self._serials = serials
        self._people = people

    async def transfer(
        self, who: Visiting, body: Annotated[Transfer, Depends(Sent(Transfer))]
    ) -> Response:
        """Copy people, or move them: deleted from the source once they were read back."""
        named = body.people()
        source, target = await asyncio.gather(
            self._serials.find(who.token, body.from_sn), self._serials.find(who.token, body.to_sn)
        )
        if named is None:
            people = await self._everybody(who, source)
        else:
            people = tuple(str(each) for each in named)
        asked = TransferUsers(
            from_serial=source.serial_number,
            to_serial=target.serial_number,
            move=body.delete_from_source,
            overwrite=body.overwrite,
            wait=_WAIT if len(people) <= _FEW and source.is_connected else 0,
        )
        results: list[views.Transferred] = []
        for start in range(0, len(people), _PART):
            part = asked.model_copy(update={"user_ids": people[start : start + _PART]})
            results += await self._part(who, part)
        return plain(
            views.Transfers(
                from_sn=source.serial_number, to_sn=target.serial_number, results=tuple(results)
            )
        )

    async def _everybody(self, who: Visitor, source: Device) -> tuple[str, ...]:
        """Return everybody on the source as it is now; of one that is away, as it was last."""
        if source.is_connected:
            people = (await self._people.read(who.token, source.id)).people
        else:
            people = await self._people.listed(who.token, source.id)
        return tuple(each.user_id for each in people)

    async def _part(self, who: Visitor, asked: TransferUsers) -> list[views.Transferred]:
        seconds = asked.wait + ANSWER_SECONDS
        question, reply = catalog.TRANSFER_USERS, operations.Transferred
        try:
            found = await ask(self._bus, question, asked, reply, token=who.token, seconds=seconds)
        except MusterError as error:
            raise as_away(error) from error
        return [views.Transferred.of(each) for each in found.items]

    def routes(self) -> tuple[Route, ...]:
        """Return the table of these routes."""
        return (
            Route(
                "POST",
                ("/transfer-users",),
                self.transfer,
                Permission.PEOPLE_WRITE,
                "S",
                "Transfer / copy users (device to device)",
                (Answer(200, views.Transfers, example_of(views.Transfers)),),
                REACHING,
            ),
        )
