"""/api: logs that are POSTed in a device's name."""

from typing import Annotated, Final

from fastapi import Depends, Header, Request
from pydantic import StringConstraints
from starlette.responses import Response

from services.gateway.handlers.limits import Limit
from services.gateway.handlers.serials import as_away
from services.gateway.routes.answers import Answer
from services.gateway.routes.bodies import Sent
from services.gateway.routes.envelopes import plain
from services.gateway.routes.examples import example_of
from services.gateway.routes.shapes.fields import no_null
from services.gateway.routes.table import ASKING, Route
from services.gateway.routes.timmy.shapes.logs import PostedLog
from services.gateway.routes.timmy.views import logs as views
from shared.contracts import catalog
from shared.contracts.auth import Permission
from shared.contracts.devices import LogTaken, TakeLog
from shared.contracts.errors import Code
from shared.kit.bus import Bus
from shared.kit.clock import Clock
from shared.kit.errors import MusterError
from shared.kit.rpc import ANSWER_SECONDS, ask

_WAIT: Final = 5.0
"""Seconds for which a caller waits to hear whether the records were forwarded."""
_SERIAL_A_MINUTE: Final = 60
_ADDRESS_A_MINUTE: Final = 600
"""A whole site may come from one address."""
DeviceToken = Annotated[
    str | None,
    Header(alias="X-Device-Token", json_schema_extra=no_null),
    StringConstraints(max_length=256),
]


class Logs:
    """Endpoints of /api."""

    def __init__(self, bus: Bus, clock: Clock) -> None:
        self._bus = bus
        self._clock = clock
        self._addresses = Limit(clock, _ADDRESS_A_MINUTE)
        self._serials = Limit(clock, _SERIAL_A_MINUTE)

    async def take(
        self,
        request: Request,
        body: Annotated[PostedLog, Depends(Sent(PostedLog))],
        device_token: DeviceToken = None,
    ) -> Response:
        """Store records, each once, however else they come; the device must be known."""
        address = request.client.host if request.client else ""
        self._addresses.take(address)
        # With the address: nobody can use up what a device of somebody else's may send.
        self._serials.take(f"{address} {body.sn.casefold()}")
        until = self._clock.monotonic() + _WAIT
        forwarded = True
        for part in body.parts(device_token):
            wait = max(until - self._clock.monotonic(), 0.0)
            taken = await self._taken(part.model_copy(update={"wait": wait}))
            forwarded = forwarded and taken.forwarded
        return plain(views.Taken(forwarded=forwarded, retry_later=not forwarded))

    async def _taken(self, asked: TakeLog) -> LogTaken:
        seconds = asked.wait + ANSWER_SECONDS
        try:
            return await ask(self._bus, catalog.TAKE_LOG, asked, LogTaken, seconds=seconds)
        except MusterError as error:
            raise as_away(error) from error

    def routes(self) -> tuple[Route, ...]:
        """Return the table of these routes."""
        return (
            Route(
                "POST",
                ("/device-log",),
                self.take,
                Permission.PUBLIC,
                "S",
                "Forward device logs",
                (Answer(200, views.Taken, example_of(views.Taken)),),
                (*ASKING, Code.DEVICE_OFFLINE, Code.TOO_MANY_REQUESTS),
            ),
        )
