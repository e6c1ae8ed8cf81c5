"""/api/v1: devices: registered, listed, changed, removed, and what went wrong with them."""

from typing import Annotated, Final

from fastapi import Depends, Query, Request
from starlette.responses import Response

from services.gateway.routes import words
from services.gateway.routes.answers import many, one
from services.gateway.routes.bodies import Sent
from services.gateway.routes.envelopes import listing, paging, success
from services.gateway.routes.shapes.devices import DeviceChange, NewDevice, WholeDevice
from services.gateway.routes.shapes.fields import DeviceId, Pages
from services.gateway.routes.table import ASKING, REACHING, Route, Visiting, Visitor
from services.gateway.routes.views import devices as views
from shared.contracts import catalog, devices
from shared.contracts.auth import Permission
from shared.contracts.errors import Code
from shared.kit.bus import Bus
from shared.kit.rpc import ask

_REACH_SECONDS: Final = 15.0
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
        """Register a device, once it was reached; 400 with the reason when it was not."""
        made = await ask(
            self._bus,
            catalog.REGISTER_DEVICE,
            body.asking(),
            devices.Device,
            token=who.token,
            seconds=_REACH_SECONDS,
        )
        return success(request, words.DEVICE_REGISTERED, views.RegisteredDevice.made(made), 201)

    async def list_devices(
        self, request: Request, who: Visiting, query: Annotated[Pages, Query()]
    ) -> Response:
        """List the caller's devices."""
        asked = devices.ListDevices(page=query.page, limit=query.limit)
        page = await ask(
            self._bus, catalog.LIST_DEVICES, asked, devices.DevicePage, token=who.token
        )
        items = [views.Device.of(each) for each in page.items]
        return listing(request, words.DEVICES, items, paging(query.page, query.limit, page.total))

    async def get_device(self, request: Request, who: Visiting, device_id: DeviceId) -> Response:
        """Return one device."""
        asked = devices.GetDevice(device_id=device_id)
        found = await ask(self._bus, catalog.GET_DEVICE, asked, devices.Device, token=who.token)
        return success(request, words.DEVICE, views.Device.of(found))

    async def replace_device(
        self,
        request: Request,
        who: Visiting,
        device_id: DeviceId,
        body: Annotated[WholeDevice, Depends(Sent(WholeDevice))],
    ) -> Response:
        """Write a device anew; it is reached first where its wire changes."""
        return await self._change(request, who, body.asking(device_id))

    async def change_device(
        self,
        request: Request,
        who: Visiting,
        device_id: DeviceId,
        body: Annotated[DeviceChange, Depends(Sent(DeviceChange))],
    ) -> Response:
        """Change a part of a device; it is reached first where its wire changes."""
        return await self._change(request, who, body.asking(device_id))

    async def _change(
        self, request: Request, who: Visitor, asked: devices.ChangeDevice
    ) -> Response:
        changed = await ask(
            self._bus,
            catalog.CHANGE_DEVICE,
            asked,
            devices.Device,
            token=who.token,
            seconds=_REACH_SECONDS,
        )
        return success(request, words.DEVICE_CHANGED, views.Device.of(changed))

    async def remove_device(self, request: Request, who: Visiting, device_id: DeviceId) -> Response:
        """Let go of a device; its punches stay. The answer shows what it was."""
        asked = devices.RemoveDevice(device_id=device_id)
        gone = await ask(self._bus, catalog.REMOVE_DEVICE, asked, devices.Device, token=who.token)
        return success(request, words.DEVICE_REMOVED, views.Device.of(gone))

    async def alarms(
        self,
        request: Request,
        who: Visiting,
        device_id: DeviceId,
        query: Annotated[Pages, Query()],
    ) -> Response:
        """List what a person should look at, newest first."""
        asked = devices.ListAlarms(device_id=device_id, page=query.page, limit=query.limit)
        page = await ask(self._bus, catalog.LIST_ALARMS, asked, devices.AlarmPage, token=who.token)
        items = [views.Alarm.of(each) for each in page.items]
        return listing(request, words.ALARMS, items, paging(query.page, query.limit, page.total))

    def routes(self) -> tuple[Route, ...]:
        """Return the table of these routes."""
        changed = (one(words.DEVICE_CHANGED, views.Device),)
        taken = (Code.IP_TAKEN, Code.SERIAL_TAKEN)
        return (
            Route(
                "POST",
                ("/devices", "/device"),
                self.register_device,
                Permission.DEVICES_WRITE,
                "S",
                "Create new device configuration",
                (one(words.DEVICE_REGISTERED, views.RegisteredDevice, 201),),
                (*ASKING, *taken, Code.NO_AGENT, Code.DRIVER_MISSING),
            ),
            Route(
                "GET",
                ("/devices",),
                self.list_devices,
                Permission.DEVICES_READ,
                "P",
                "List devices",
                (many(words.DEVICES, views.Device),),
            ),
            Route(
                "GET",
                ("/devices/{device_id}",),
                self.get_device,
                Permission.DEVICES_READ,
                "P",
                "One device",
                (one(words.DEVICE, views.Device),),
                (*ASKING, Code.NOT_FOUND),
            ),
            Route(
                "PUT",
                ("/devices/{device_id}",),
                self.replace_device,
                Permission.DEVICES_WRITE,
                "P",
                "Write a device anew",
                changed,
                (*REACHING, *taken),
            ),
            Route(
                "PATCH",
                ("/devices/{device_id}",),
                self.change_device,
                Permission.DEVICES_WRITE,
                "P",
                "Change a part of a device",
                changed,
                (*REACHING, *taken),
            ),
            Route(
                "DELETE",
                ("/devices/{device_id}",),
                self.remove_device,
                Permission.DEVICES_WRITE,
                "P",
                "Remove a device; its attendance records stay",
                (one(words.DEVICE_REMOVED, views.Device),),
                (*ASKING, Code.NOT_FOUND),
            ),
            Route(
                "GET",
                ("/devices/{device_id}/alarms",),
                self.alarms,
                Permission.DEVICES_READ,
                "I",
                "What a person should look at, newest first",
                (many(words.ALARMS, views.Alarm),),
                (*ASKING, Code.NOT_FOUND),
            ),
        )
