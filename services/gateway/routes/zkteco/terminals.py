"""/api/v1: terminals that dial in: approved, given a path of their own, and what they tell."""

from typing import Annotated

from fastapi import Depends, Query, Request
from starlette.responses import Response

from services.gateway.routes import words
from services.gateway.routes.answers import many, one
from services.gateway.routes.bodies import Sent
from services.gateway.routes.envelopes import listing, paging, success
from services.gateway.routes.shapes.devices import Approval
from services.gateway.routes.shapes.fields import DeviceId, Pages, SerialPath
from services.gateway.routes.table import ASKING, Route, Visiting
from services.gateway.routes.views import terminals as views
from services.gateway.routes.views.devices import Device
from shared.contracts import catalog, devices
from shared.contracts.auth import Permission
from shared.contracts.errors import Code
from shared.kit.bus import Bus
from shared.kit.rpc import ask


class Terminals:
    """Endpoints of /api/v1."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    async def pending(
        self, request: Request, who: Visiting, query: Annotated[Pages, Query()]
    ) -> Response:
        """List terminals that dialled in to a site of the caller's and are not served."""
        asked = devices.ListPending(page=query.page, limit=query.limit)
        page = await ask(
            self._bus, catalog.LIST_PENDING, asked, devices.PendingPage, token=who.token
        )
        items = [views.Pending.of(each) for each in page.items]
        return listing(request, words.PENDING, items, paging(query.page, query.limit, page.total))

    async def approve(
        self,
        request: Request,
        who: Visiting,
        sn: SerialPath,
        body: Annotated[Approval, Depends(Sent(Approval))],
    ) -> Response:
        """Serve a terminal from now on, or accept that its body is another one."""
        asked = body.asking(sn)
        made = await ask(self._bus, catalog.APPROVE_DEVICE, asked, devices.Device, token=who.token)
        return success(request, words.APPROVED, Device.of(made))

    async def path(self, request: Request, who: Visiting, device_id: DeviceId) -> Response:
        """Give a device a secret path; the one before is good for a day."""
        asked = devices.MakePath(device_id=device_id)
        made = await ask(self._bus, catalog.MAKE_PATH, asked, devices.PathMade, token=who.token)
        return success(request, words.PATH_MADE, views.Path.made(made))

    async def events(
        self,
        request: Request,
        who: Visiting,
        device_id: DeviceId,
        query: Annotated[Pages, Query()],
    ) -> Response:
        """List what happened at a device besides punches, newest first."""
        asked = devices.ListDeviceEvents(device_id=device_id, page=query.page, limit=query.limit)
        question, reply = catalog.LIST_DEVICE_EVENTS, devices.DeviceEventPage
        page = await ask(self._bus, question, asked, reply, token=who.token)
        items = [views.Event.of(each, id=each.event_id) for each in page.items]
        return listing(request, words.EVENTS, items, paging(query.page, query.limit, page.total))

    def routes(self) -> tuple[Route, ...]:
        """Return the table of these routes; before the devices', for ``pending`` is no id."""
        return (
            Route(
                "GET",
                ("/devices/pending",),
                self.pending,
                Permission.DEVICES_READ,
                "I",
                "Terminals that dialled in and wait for approval",
                (many(words.PENDING, views.Pending),),
            ),
            Route(
                "POST",
                ("/devices/{sn}/approve",),
                self.approve,
                Permission.DEVICES_WRITE,
                "I",
                "Serve a terminal that dialled in",
                (one(words.APPROVED, Device),),
                (*ASKING, Code.NOT_FOUND, Code.SERIAL_TAKEN),
            ),
            Route(
                "POST",
                ("/devices/{device_id}/path",),
                self.path,
                Permission.DEVICES_WRITE,
                "I",
                "Give a device that dials in a secret path",
                (one(words.PATH_MADE, views.Path),),
                (*ASKING, Code.NOT_FOUND, Code.NOT_SUPPORTED),
            ),
            Route(
                "GET",
                ("/devices/{device_id}/events",),
                self.events,
                Permission.DEVICES_READ,
                "I",
                "What happened at the device besides punches, newest first",
                (many(words.EVENTS, views.Event),),
                (*ASKING, Code.NOT_FOUND),
            ),
        )
