"""/api/v1: unlocking doors."""

from typing import Annotated

from fastapi import Depends, Request
from starlette.responses import Response

from services.gateway.handlers.doors import Doors, Wish
from services.gateway.routes import words
from services.gateway.routes.answers import one
from services.gateway.routes.bodies import Sent
from services.gateway.routes.envelopes import success
from services.gateway.routes.shapes.devices import Unlocking, UnlockingOne
from services.gateway.routes.shapes.fields import DeviceId, IdempotencyKey
from services.gateway.routes.table import REACHING, Route, Visiting
from services.gateway.routes.views import devices as views
from shared.contracts.auth import Permission
from shared.contracts.errors import Code


class Unlocks:
    """Endpoints of /api/v1."""

    def __init__(self, doors: Doors) -> None:
        self._doors = doors

    async def unlock(
        self,
        request: Request,
        who: Visiting,
        device_id: DeviceId,
        body: Annotated[Unlocking, Depends(Sent(Unlocking))],
        idempotency_key: IdempotencyKey = None,
    ) -> Response:
        """Unlock a device's door: now, once, or not at all."""
        wish = Wish(
            caller=who.caller,
            token=who.token,
            address=request.client.host if request.client else "",
            request_id=request.state.request_id,
            device_id=device_id,
            seconds=body.seconds,
            key=idempotency_key,
        )
        opened = await self._doors.unlock(wish, request.is_disconnected)
        return success(request, words.UNLOCKED, views.Unlocked.of(opened))

    async def unlock_named(
        self,
        request: Request,
        who: Visiting,
        body: Annotated[UnlockingOne, Depends(Sent(UnlockingOne))],
        idempotency_key: IdempotencyKey = None,
    ) -> Response:
        """Unlock the door of the device that the body names."""
        return await self.unlock(request, who, body.device_id, body, idempotency_key)

    def routes(self) -> tuple[Route, ...]:
        """Return the table of these routes."""
        unlocked = (one(words.UNLOCKED, views.Unlocked),)
        keys = (Code.KEY_REUSED, Code.IN_PROGRESS)
        fails = (*REACHING, *keys, Code.UNLOCK_EXPIRED, Code.UNLOCK_UNKNOWN)
        return (
            Route(
                "POST",
                (
                    "/devices/{device_id}/door/unlock",
                    "/doors/{device_id}/unlock",
                    "/devices/{device_id}/unlock",
                ),
                self.unlock,
                Permission.DOORS_UNLOCK,
                "S",
                "Unlock door remotely",
                unlocked,
                fails,
            ),
            Route(
                "POST",
                ("/door/unlock",),
                self.unlock_named,
                Permission.DOORS_UNLOCK,
                "S",
                "The same, the device named in the body",
                unlocked,
                fails,
            ),
        )
