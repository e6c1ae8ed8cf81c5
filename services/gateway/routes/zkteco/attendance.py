"""/api/v1: punches as lists, and the cache they come from."""

from typing import Annotated

from fastapi import Query, Request
from starlette.responses import Response

from services.gateway.handlers.cache import Cache
from services.gateway.routes import words
from services.gateway.routes.answers import many, one
from services.gateway.routes.envelopes import listing, paging, success
from services.gateway.routes.shapes import punches as shapes
from services.gateway.routes.shapes.fields import AnyUserId, DeviceId
from services.gateway.routes.table import ASKING, Route, Visiting, Visitor
from services.gateway.routes.views import attendance as views
from services.gateway.routes.views.base import Nothing
from shared.contracts import catalog, devices
from shared.contracts.attendance import ListPunches
from shared.contracts.auth import Permission
from shared.contracts.errors import Code
from shared.kit.bus import Bus
from shared.kit.rpc import ask


class Punches:
    """Endpoints of /api/v1."""

    def __init__(self, bus: Bus, cache: Cache) -> None:
        self._bus = bus
        self._cache = cache

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
        query: Annotated[shapes.Period, Query()],
    ) -> Response:
        """List the punches of one device; it must be one of the caller's."""
        wanted = devices.GetDevice(device_id=device_id)
        await ask(self._bus, catalog.GET_DEVICE, wanted, devices.Device, token=who.token)
        return await self._punches(request, who, query.asking(device_id=device_id))

    async def attendance_of_user(
        self,
        request: Request,
        who: Visiting,
        user_id: AnyUserId,
        query: Annotated[shapes.Period, Query()],
    ) -> Response:
        """List the punches of one person."""
        return await self._punches(request, who, query.asking(user_id=user_id))

    async def today(
        self, request: Request, who: Visiting, query: Annotated[shapes.Today, Query()]
    ) -> Response:
        """List the punches of the zone's present day."""
        return await self._punches(request, who, query.asking(request.state.received_at))

    async def _punches(self, request: Request, who: Visitor, asked: ListPunches) -> Response:
        page, hit = await self._cache.punches(asked, who.caller.owner, who.token)
        items = [views.Punch.of(each) for each in page.items]
        where = paging(asked.page, asked.limit, page.total)
        return listing(request, words.ATTENDANCE, items, where, cached=hit)

    async def summary(
        self, request: Request, who: Visiting, query: Annotated[shapes.Summary, Query()]
    ) -> Response:
        """Say when people came first and last, a line for each day and person."""
        asked = query.asking(request.state.received_at)
        page, hit = await self._cache.summary(asked, who.caller.owner, who.token)
        items = [views.SummaryLine.of(each) for each in page.items]
        where = paging(asked.page, asked.limit, page.total)
        return listing(request, words.SUMMARY, items, where, cached=hit)

    async def clear_cache(self, request: Request, who: Visiting) -> Response:
        """Let no cached answer be served again."""
        await self._cache.clear(who.caller.owner)
        return success(request, words.CACHE_CLEARED, Nothing())

    def routes(self) -> tuple[Route, ...]:
        """Return the table of these routes."""
        listed = (many(words.ATTENDANCE, views.Punch),)
        cleared = (one(words.CACHE_CLEARED, Nothing),)
        return (
            Route(
                "GET",
                ("/attendance", "/attendances"),
                self.attendance,
                Permission.ATTENDANCE_READ,
                "S",
                "Get all attendance records (cached)",
                listed,
            ),
            Route(
                "GET",
                ("/attendance/device/{device_id}", "/devices/{device_id}/attendance"),
                self.attendance_of_device,
                Permission.ATTENDANCE_READ,
                "P",
                "Attendance records of one device",
                listed,
                (*ASKING, Code.NOT_FOUND),
            ),
            Route(
                "GET",
                ("/attendance/user/{user_id}", "/users/{user_id}/attendance"),
                self.attendance_of_user,
                Permission.ATTENDANCE_READ,
                "P",
                "Attendance records of one person",
                listed,
            ),
            Route(
                "GET",
                ("/attendance/today",),
                self.today,
                Permission.ATTENDANCE_READ,
                "I",
                "Attendance records of today",
                listed,
            ),
            Route(
                "GET",
                ("/attendance/summary",),
                self.summary,
                Permission.ATTENDANCE_READ,
                "I",
                "First and last punch, and their count, by day and person",
                (many(words.SUMMARY, views.SummaryLine),),
            ),
            Route(
                "DELETE",
                ("/cache",),
                self.clear_cache,
                Permission.CACHE_CLEAR,
                "S",
                "Clear all cache",
                cleared,
                (),
            ),
            Route(
                "DELETE",
                ("/cache/clear",),
                self.clear_cache,
                Permission.CACHE_CLEAR,
                "S",
                "The same",
                cleared,
                (),
            ),
            Route(
                "POST",
                ("/cache/clear",),
                self.clear_cache,
                Permission.CACHE_CLEAR,
                "S",
                "The same, for clients that cannot DELETE",
                cleared,
                (),
            ),
        )
