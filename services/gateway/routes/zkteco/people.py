"""/api/v1: people as lists, and how they come into the database."""

from typing import Annotated, Final

from fastapi import Depends, Query, Request
from starlette.responses import Response

from services.gateway.handlers.cache import Cache
from services.gateway.handlers.operations import Operations
from services.gateway.routes import words
from services.gateway.routes.answers import LATER, many, one
from services.gateway.routes.bodies import Sent
from services.gateway.routes.envelopes import listing, paging
from services.gateway.routes.shapes import people as shapes
from services.gateway.routes.shapes.fields import DeviceId, OneDevice, Pages
from services.gateway.routes.table import ASKING, REACHING, Route, Visiting
from services.gateway.routes.views import people as views
from services.gateway.routes.views.jobs import Job as WholeJob
from services.gateway.routes.zkteco.waiting import finished
from shared.contracts import catalog, devices
from shared.contracts.actions import ReadUsers
from shared.contracts.auth import Permission
from shared.contracts.errors import Code
from shared.kit.bus import Bus
from shared.kit.rpc import ask

_AT_ONCE: Final = 100
"""The most people for whom a caller waits: the document's "Sync (real-time)"."""


class People:
    """Endpoints of /api/v1."""

    def __init__(self, bus: Bus, cache: Cache, operations: Operations) -> None:
        self._bus = bus
        self._cache = cache
        self._operations = operations

    async def users(
        self, request: Request, who: Visiting, query: Annotated[shapes.Users, Query()]
    ) -> Response:
        """List the people whom the devices held when they were last read."""
        page, hit = await self._cache.people(query.asking(), who.caller.owner, who.token)
        return _listed(request, query, page, cached=hit)

    async def users_of_device(
        self,
        request: Request,
        who: Visiting,
        device_id: DeviceId,
        query: Annotated[shapes.UsersOfDevice, Query()],
    ) -> Response:
        """List the people of one device; with ``live=true`` the device is read first."""
        asked = query.asking(device_id)
        if query.live:
            job = await self._operations.run(who.token, device_id, ReadUsers())
            if job.status != "completed":
                return finished(request, job, words.JOB_QUEUED, WholeJob.whole)
            page = await ask(
                self._bus, catalog.LIST_USERS, asked, devices.UserPage, token=who.token
            )
            return _listed(request, query, page, cached=False)
        page, hit = await self._cache.people(asked, who.caller.owner, who.token)
        return _listed(request, query, page, cached=hit)

    async def sync(self, request: Request, who: Visiting, device_id: DeviceId) -> Response:
        """Read everybody whom a device holds: at most 100 at once, more as a job."""
        job = await self._operations.run(who.token, device_id, ReadUsers(), patient_above=_AT_ONCE)
        return finished(request, job, words.USERS_SYNCED, WholeJob.whole)

    async def sync_named(
        self,
        request: Request,
        who: Visiting,
        body: Annotated[OneDevice, Depends(Sent(OneDevice))],
    ) -> Response:
        """Read everybody whom the device that the body names holds."""
        return await self.sync(request, who, body.device_id)

    def routes(self) -> tuple[Route, ...]:
        """Return the table of these routes."""
        listed = many(words.USERS, views.DeviceUser)
        synced = (one(words.USERS_SYNCED, WholeJob), LATER)
        return (
            Route(
                "GET",
                ("/users",),
                self.users,
                Permission.PEOPLE_READ,
                "P",
                "People on the devices (cached)",
                (listed,),
                (*ASKING, Code.NOT_FOUND),
            ),
            Route(
                "GET",
                ("/devices/{device_id}/users", "/users/device/{device_id}"),
                self.users_of_device,
                Permission.PEOPLE_READ,
                "P",
                "People on one device",
                (listed, LATER),
                REACHING,
            ),
            Route(
                "POST",
                ("/users/sync/{device_id}", "/devices/{device_id}/users/sync"),
                self.sync,
                Permission.PEOPLE_READ,
                "S",
                "Sync users from device to database (ASYNC with queue)",
                synced,
                REACHING,
            ),
            Route(
                "POST",
                ("/users/sync",),
                self.sync_named,
                Permission.PEOPLE_READ,
                "S",
                "The same, the device named in the body",
                synced,
                REACHING,
            ),
        )


def _listed(request: Request, query: Pages, page: devices.UserPage, *, cached: bool) -> Response:
    items = [views.DeviceUser.of(each) for each in page.items]
    where = paging(query.page, query.limit, page.total)
    return listing(request, words.USERS, items, where, cached=cached)
