"""/api: people on one device: listed, and deleted."""

from typing import Annotated

from fastapi import Depends, Query
from starlette.responses import Response

from services.gateway.handlers.operations import Operations as Asking
from services.gateway.handlers.people import People
from services.gateway.handlers.serials import Serials
from services.gateway.routes.answers import Answer
from services.gateway.routes.bodies import Sent
from services.gateway.routes.envelopes import plain
from services.gateway.routes.examples import example_of
from services.gateway.routes.table import QUEUING, REACHING, Route, Visiting
from services.gateway.routes.timmy.shapes.fields import Flag, Serial
from services.gateway.routes.timmy.shapes.people import Deletion
from services.gateway.routes.timmy.views import people as views
from shared.contracts.actions import DeleteUser
from shared.contracts.auth import Permission
from shared.contracts.errors import Code
from shared.contracts.operations import Operate
from shared.kit.errors import MusterError

WithRecords = Annotated[Flag, Query(alias="withRecords")]


class DeviceUsers:
    """Endpoints of /api."""

    def __init__(self, serials: Serials, people: People, asking: Asking) -> None:
        self._serials = serials
        self._people = people
        self._asking = asking

    async def listed(
        self, who: Visiting, serial: Serial, with_records: WithRecords = None
    ) -> Response:
        """Read everybody whom a device holds; with ``withRecords=1`` their templates, too."""
        if with_records and not who.caller.may(Permission.BIOMETRICS_READ):
            raise MusterError(Code.FORBIDDEN)
        device = await self._serials.find(who.token, serial)
        found = await self._people.read(who.token, device.id, templates=bool(with_records))
        return plain(views.Users.of(device.serial_number, found))

    async def delete(
        self, who: Visiting, serial: Serial, body: Annotated[Deletion, Depends(Sent(Deletion))]
    ) -> Response:
        """Take people off a device, now or when it is back; each is an operation of its own."""
        people = body.people()
        device = await self._serials.find(who.token, serial)
        results = []
        for enrollid in people:
            action = DeleteUser(user_id=str(enrollid), may_be_absent=True)
            asked = Operate(device_id=device.id, action=action, lasting=True)
            job = await self._asking.ask(who.token, asked)
            results.append(views.Deleted.of(enrollid, job))
        return plain(
            views.Deletions(sn=device.serial_number, count=len(results), results=tuple(results))
        )

    def routes(self) -> tuple[Route, ...]:
        """Return the table of these routes."""
        return (
            Route(
                "GET",
                ("/device/{sn}/users",),
                self.listed,
                Permission.PEOPLE_READ,
                "S",
                "Device users (read full list)",
                (Answer(200, views.Users, example_of(views.Users)),),
                REACHING,
            ),
            Route(
                "POST",
                ("/device/{sn}/delete-users",),
                self.delete,
                Permission.PEOPLE_WRITE,
                "S",
                "Bulk delete users on a device",
                (Answer(200, views.Deletions, example_of(views.Deletions)),),
                QUEUING,
            ),
        )
