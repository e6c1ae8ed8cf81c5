"""/api: punches by phone as administrators see them, and whether they were forwarded."""

from typing import Annotated, Final

from fastapi import Query, Request
from starlette.responses import Response

from services.gateway.routes import words
from services.gateway.routes.answers import Answer
from services.gateway.routes.envelopes import language_asked, plain
from services.gateway.routes.examples import example_of
from services.gateway.routes.table import ASKING, Route, Visiting, Visitor
from services.gateway.routes.timmy.shapes.fields import ObjectId
from services.gateway.routes.timmy.shapes.fingerprints import MobileLogs
from services.gateway.routes.timmy.views import fingerprints as views
from shared.contracts import catalog
from shared.contracts.attendance import GetImage, Image, ListAppLog, LogPage
from shared.contracts.auth import Permission
from shared.contracts.deliveries import REDELIVER_LIMIT, Redeliver, Redelivered
from shared.contracts.errors import Code
from shared.kit.bus import Bus
from shared.kit.clock import Clock
from shared.kit.rpc import ANSWER_SECONDS, ask

_BUDGET: Final = 50.0
"""Seconds after which nothing more is tried for one request."""


class Fingerprints:
    """Endpoints of /api."""

    def __init__(self, bus: Bus, clock: Clock) -> None:
        self._bus = bus
        self._clock = clock

    async def mobile_logs(self, who: Visiting, query: Annotated[MobileLogs, Query()]) -> Response:
        """List the punches that the owner's employees made by phone, newest first."""
        asked = query.asking()
        found = await ask(self._bus, catalog.LIST_APP_LOG, asked, LogPage, token=who.token)
        items = tuple(views.MobilePunch.of(each) for each in found.items)
        page = views.page_of(query.page, query.limit, found)
        return plain(views.MobileLogs(items=items, **page))

    async def retry_failed(self, request: Request, who: Visiting) -> Response:
        """Try once more to forward what no receiver confirmed, the oldest first."""
        asked = ListAppLog(limit=REDELIVER_LIMIT, undelivered=True)
        found = await ask(self._bus, catalog.LIST_APP_LOG, asked, LogPage, token=who.token)
        made = await self._redelivered(who, found)
        message = words.RETRY_FINISHED.to(language_asked(request))
        remaining = found.total - len(found.items)
        return plain(views.RetryFinished.of(message, made, remaining))

    async def _redelivered(self, who: Visitor, found: LogPage) -> Redelivered:
        asked = Redeliver(punch_ids=tuple(each.id for each in found.items))
        if not asked.punch_ids:
            return Redelivered(items=())
        seconds = _BUDGET + ANSWER_SECONDS
        return await ask(
            self._bus, catalog.REDELIVER, asked, Redelivered, token=who.token, seconds=seconds
        )

    async def image(self, who: Visiting, punch_id: ObjectId) -> Response:
        """Return the photo of a punch by phone."""
        asked = GetImage(punch_id=punch_id)
        found = await ask(self._bus, catalog.GET_IMAGE, asked, Image, token=who.token)
        headers = {"Cache-Control": "private, no-store", "X-Content-Type-Options": "nosniff"}
        return Response(found.jpeg.get_secret_value(), media_type="image/jpeg", headers=headers)

    def routes(self) -> tuple[Route, ...]:
        """Return the table of these routes."""
        page = {"totalCount": 1, "currentPage": 1, "limit": 20, "totalPages": 1}
        listed = {"success": True, "items": [example_of(views.MobilePunch)], **page}
        return (
            Route(
                "GET",
                ("/fingerprints/mobile-logs",),
                self.mobile_logs,
                Permission.DELIVERIES_READ,
                "S",
                "List all mobile-app logs",
                (Answer(200, views.MobileLogs, listed),),
            ),
            Route(
                "POST",
                ("/fingerprints/retry-failed",),
                self.retry_failed,
                Permission.DELIVERIES_RETRY,
                "S",
                "Retry forwarding failed & pending mobile logs",
                (Answer(200, views.RetryFinished, example_of(views.RetryFinished)),),
            ),
            Route(
                "GET",
                ("/fingerprints/{id}/image",),
                self.image,
                Permission.DELIVERIES_READ,
                "I",
                "The photo of a punch by phone",
                (Answer(200, bytes, "(a JPEG)", "image/jpeg"),),
                (*ASKING, Code.NOT_FOUND),
            ),
        )
