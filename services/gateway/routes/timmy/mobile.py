"""/api: what employees do with the app: punch, and look at their own punches."""

from typing import Annotated, Final

from fastapi import Depends, Query, Request
from starlette.responses import Response

from services.gateway.handlers.images import Images
from services.gateway.handlers.keys import Once, key_of
from services.gateway.routes import words
from services.gateway.routes.answers import Answer
from services.gateway.routes.bodies import Sent
from services.gateway.routes.envelopes import language_asked, plain
from services.gateway.routes.examples import example_of
from services.gateway.routes.shapes.fields import IdempotencyKey
from services.gateway.routes.table import ASKING, Route, Visiting, Visitor
from services.gateway.routes.timmy.shapes.fingerprints import BODY, NewPunch, OwnLog
from services.gateway.routes.timmy.views import fingerprints as views
from shared.contracts import catalog
from shared.contracts.attendance import LoggedPunch, LogPage
from shared.contracts.auth import Permission
from shared.contracts.employees import Employee, GetSelf
from shared.contracts.errors import Code
from shared.kit.bus import Bus
from shared.kit.errors import MusterError
from shared.kit.rpc import ANSWER_SECONDS, ask

_ACTION: Final = "fingerprints.app"


class Mobile:
    """Endpoints of /api."""

    def __init__(self, bus: Bus, once: Once) -> None:
        self._bus = bus
        self._once = once
        self._images = Images()

    async def punch(
        self,
        request: Request,
        who: Visiting,
        body: Annotated[NewPunch, Depends(Sent(NewPunch, BODY))],
        idempotency_key: IdempotencyKey = None,
    ) -> Response:
        """Punch, now, and hear whether that was forwarded."""

        async def punched() -> LoggedPunch:
            return await self._punched(who, body)

        key = key_of(who.caller, idempotency_key)
        fingerprint = f"{_ACTION} {body.fingerprint}"
        made = await self._once.done(key, fingerprint, punched, LoggedPunch)
        return plain(
            views.Punched(
                message=words.PUNCHED.to(language_asked(request)),
                data=views.MobilePunch.of(made),
                forwarded=views.was_forwarded(made),
            )
        )

    async def _punched(self, who: Visitor, body: NewPunch) -> LoggedPunch:
        asked = await body.asking(self._images)
        return await ask(
            self._bus,
            catalog.PUNCH_BY_APP,
            asked,
            LoggedPunch,
            token=who.token,
            seconds=asked.wait + ANSWER_SECONDS,
        )

    async def own_log(self, who: Visiting, query: Annotated[OwnLog, Query()]) -> Response:
        """List the punches of the employee who asks, of every device, newest first."""
        # Asked every time: what was taken away must not be there until the token ends.
        self_ = await ask(self._bus, catalog.GET_SELF, GetSelf(), Employee, token=who.token)
        if not self_.permissions.can_view_fingerprint:
            raise MusterError(Code.FORBIDDEN)
        asked = query.asking()
        found = await ask(self._bus, catalog.LIST_OWN_LOG, asked, LogPage, token=who.token)
        logs = tuple(views.EmployeePunch.of(each) for each in found.items)
        page = views.page_of(query.page, query.limit, found)
        return plain(views.OwnLog(logs=logs, **page))

    def routes(self) -> tuple[Route, ...]:
        """Return the table of these routes."""
        data = example_of(views.MobilePunch)
        punched = {"success": True, "message": words.PUNCHED.document}
        page = {"totalCount": 1, "currentPage": 1, "limit": 20, "totalPages": 1}
        logs = {"logs": [example_of(views.EmployeePunch)], **page}
        return (
            Route(
                "POST",
                ("/fingerprints/app",),
                self.punch,
                Permission.PUNCHES_OWN,
                "S",
                "Create a fingerprint log from the mobile app",
                (Answer(200, views.Punched, {**punched, "data": data, "forwarded": True}),),
                (*ASKING, Code.KEY_REUSED, Code.IN_PROGRESS, Code.OUTCOME_UNKNOWN),
            ),
            Route(
                "GET",
                ("/fingerprints/employee",),
                self.own_log,
                Permission.PUNCHES_OWN,
                "S",
                "The punches of the current employee",
                (Answer(200, views.OwnLog, logs),),
            ),
        )
