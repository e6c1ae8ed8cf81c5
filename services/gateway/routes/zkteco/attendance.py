"""/api/v1: punches as lists, and the cache they come from."""

from typing import Annotated

from fastapi import Query, Request
from starlette.responses import Response

from services.gateway.handlers.attendance import Attendance
from services.gateway.routes import examples, shapes, views, words
from services.gateway.routes.envelopes import paging, success
from services.gateway.routes.shapes import DeviceId, Period, UserId
from services.gateway.routes.table import Route, Visiting, Visitor
from shared.contracts import catalog, devices
from shared.contracts.attendance import ListPunches
from shared.contracts.auth import Permission
from shared.kit.bus import Bus
from shared.kit.rpc import ask


class Punches:
    """Endpoints of /api/v1."""

    def __init__(self, bus: Bus, attendance: Attendance) -> None:
        self._bus = bus
        self._attendance = attendance

    async def attendance(
        self, request: Request, who: Visiting, query: Annotated[shapes.Punches, Query()]
    ) -> Response:
        """List punches, newest first."""
        return await self._punches(request, who, query.asking(query.device_id, query.user_id))

    async def attendance_of_device(
        self,
        request: Request,
        who: Visiting,
        device_id: DeviceId,
        query: Annotated[Period, Query()],
    ) -> Response:
        """List the punches of one device; it must be one of the caller's."""
        wanted = devices.GetDevice(device_id=device_id)
        await ask(self._bus, catalog.GET_DEVICE, wanted, devices.Device, token=who.token)
        return await self._punches(request, who, query.asking(device_id=device_id))

    async def attendance_of_user(
        self, request: Request, who: Visiting, user_id: UserId, query: Annotated[Period, Query()]
    ) -> Response:
        """List the punches of one person."""
        return await self._punches(request, who, query.asking(user_id=user_id))

    async def _punches(self, request: Request, who: Visitor, asked: ListPunches) -> Response:
        page, hit = await self._attendance.page(asked, who.caller.owner, who.token)
        return success(
            request,
            words.ATTENDANCE,
            [views.punch(each) for each in page.items],
            paging=paging(asked.page, asked.limit, page.total),
            headers={"X-Cache": "hit" if hit else "miss"},
        )

    async def clear_cache(self, request: Request, who: Visiting) -> Response:
        """Let no cached answer be served again."""
        await self._attendance.clear(who.caller.owner)
        return success(request, words.CACHE_CLEARED, {})

    def routes(self) -> tuple[Route, ...]:
        """Return the table of these routes."""
        return (
            Route(
                "GET",
                (
                    "/attendance",
                    "/attendances",
                ),
                self.attendance,
                Permission.ATTENDANCE_READ,
                "S",
                "Get all attendance records (cached)",
                examples.ATTENDANCE,
            ),
            Route(
                "GET",
                (
                    "/attendance/device/{device_id}",
                    "/devices/{device_id}/attendance",
                ),
                self.attendance_of_device,
                Permission.ATTENDANCE_READ,
                "P",
                "Attendance records of one device",
                examples.ATTENDANCE,
            ),
            Route(
                "GET",
                (
                    "/attendance/user/{user_id}",
                    "/users/{user_id}/attendance",
                ),
                self.attendance_of_user,
                Permission.ATTENDANCE_READ,
                "P",
                "Attendance records of one person",
                examples.ATTENDANCE,
            ),
            Route(
                "DELETE",
                (
                    "/cache",
                    "/cache/clear",
                ),
                self.clear_cache,
                Permission.CACHE_CLEAR,
                "S",
                "Clear all cache",
                examples.CACHE,
            ),
            Route(
                "POST",
                ("/cache/clear",),
                self.clear_cache,
                Permission.CACHE_CLEAR,
                "S",
                "The same, for clients that cannot DELETE",
                examples.CACHE,
            ),
        )
