"""/api/v1: devices: registered and listed."""

from typing import Annotated, Final

from fastapi import Depends, Query, Request
from starlette.responses import Response

from services.gateway.routes import examples, views, words
from services.gateway.routes.bodies import Sent
from services.gateway.routes.envelopes import paging, success
from services.gateway.routes.shapes import DeviceId, NewDevice, Pages
from services.gateway.routes.table import Route, Visiting
from shared.contracts import catalog, devices
from shared.contracts.auth import Permission
from shared.kit.bus import Bus
from shared.kit.rpc import ask

_REGISTER_SECONDS: Final = 15.0
"""The registry tries to reach the device first, for up to 9.5 s."""


class Devices:
    """Endpoints of /api/v1."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    async def register_device(
        self,
        request: Request,
        who: Visiting,
        body: Annotated[NewDevice, Depends(Sent(NewDevice))],
    ) -> Response:
        """Register a device, once it was reached."""
        made = await ask(
            self._bus,
            catalog.REGISTER_DEVICE,
            body,
            devices.Device,
            token=who.token,
            seconds=_REGISTER_SECONDS,
        )
        return success(request, words.DEVICE_REGISTERED, views.new_device(made), 201)

    async def list_devices(
        self, request: Request, who: Visiting, query: Annotated[Pages, Query()]
    ) -> Response:
        """List the caller's devices."""
        asked = devices.ListDevices(page=query.page, limit=query.limit)
        page = await ask(
            self._bus, catalog.LIST_DEVICES, asked, devices.DevicePage, token=who.token
        )
        return success(
            request,
            words.DEVICES,
            [views.device(each) for each in page.items],
            paging=paging(query.page, query.limit, page.total),
        )

    async def get_device(self, request: Request, who: Visiting, device_id: DeviceId) -> Response:
        """Return one device."""
        asked = devices.GetDevice(device_id=device_id)
        found = await ask(self._bus, catalog.GET_DEVICE, asked, devices.Device, token=who.token)
        return success(request, words.DEVICE, views.device(found))

    def routes(self) -> tuple[Route, ...]:
        """Return the table of these routes."""
        return (
            Route(
                "POST",
                (
                    "/devices",
                    "/device",
                ),
                self.register_device,
                Permission.DEVICES_WRITE,
                "S",
                "Create new device configuration",
                examples.NEW_DEVICE,
                201,
            ),
            Route(
                "GET",
                ("/devices",),
                self.list_devices,
                Permission.DEVICES_READ,
                "P",
                "List devices",
                examples.DEVICES,
            ),
            Route(
                "GET",
                ("/devices/{device_id}",),
                self.get_device,
                Permission.DEVICES_READ,
                "P",
                "One device",
                examples.DEVICE,
            ),
        )
