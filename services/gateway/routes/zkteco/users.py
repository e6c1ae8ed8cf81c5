"""/api/v1: a person put on a device, changed there, and taken off."""

from typing import Annotated

from fastapi import Depends, Request
from starlette.responses import Response

from services.gateway.handlers.operations import Operations
from services.gateway.routes import words
from services.gateway.routes.answers import LATER, one
from services.gateway.routes.bodies import Sent
from services.gateway.routes.shapes.fields import DeviceId, UserId
from services.gateway.routes.shapes.people import NewUser, NewUserOn, UserChange, WholeUser
from services.gateway.routes.table import REACHING, Route, Visiting, Visitor
from services.gateway.routes.views import people as views
from services.gateway.routes.views.jobs import Job as WholeJob
from services.gateway.routes.views.jobs import result_of
from services.gateway.routes.zkteco.waiting import finished
from shared.contracts.actions import DeleteUser, PutUser, UserDone
from shared.contracts.auth import Permission
from shared.contracts.errors import Code
from shared.contracts.operations import Job


class Users:
    """Endpoints of /api/v1."""

    def __init__(self, operations: Operations) -> None:
        self._operations = operations

    async def add(
        self,
        request: Request,
        who: Visiting,
        device_id: DeviceId,
        body: Annotated[NewUser, Depends(Sent(NewUser))],
    ) -> Response:
        """Add a person to a device; 409 when the PIN is taken."""
        job = await self._operations.run(who.token, device_id, body.asking())
        return finished(request, job, words.USER_ADDED, _saved, 201)

    async def add_named(
        self,
        request: Request,
        who: Visiting,
        body: Annotated[NewUserOn, Depends(Sent(NewUserOn))],
    ) -> Response:
        """Add a person to the device that the body names."""
        return await self.add(request, who, body.device_id, body)

    async def replace(
        self,
        request: Request,
        who: Visiting,
        device_id: DeviceId,
        user_id: UserId,
        body: Annotated[WholeUser, Depends(Sent(WholeUser))],
    ) -> Response:
        """Write a person of a device anew."""
        return await self._put(request, who, device_id, body.asking(user_id))

    async def change(
        self,
        request: Request,
        who: Visiting,
        device_id: DeviceId,
        user_id: UserId,
        body: Annotated[UserChange, Depends(Sent(UserChange))],
    ) -> Response:
        """Change a part of a person of a device."""
        return await self._put(request, who, device_id, body.asking(user_id))

    async def _put(
        self, request: Request, who: Visitor, device_id: int, asked: PutUser
    ) -> Response:
        job = await self._operations.run(who.token, device_id, asked)
        return finished(request, job, words.USER_CHANGED, _saved)

    async def remove(
        self, request: Request, who: Visiting, device_id: DeviceId, user_id: UserId
    ) -> Response:
        """Take a person off a device, templates included."""
        job = await self._operations.run(who.token, device_id, DeleteUser(user_id=user_id))
        return finished(request, job, words.USER_REMOVED, WholeJob.whole)

    def routes(self) -> tuple[Route, ...]:
        """Return the table of these routes."""
        added = (one(words.USER_ADDED, views.SavedUser, 201), LATER)
        changed = (one(words.USER_CHANGED, views.SavedUser), LATER)
        adding = (*REACHING, Code.USER_TAKEN, Code.DEVICE_FULL)
        return (
            Route(
                "POST",
                ("/devices/{device_id}/users",),
                self.add,
                Permission.PEOPLE_WRITE,
                "S",
                "Add user to device",
                added,
                adding,
            ),
            Route(
                "POST",
                ("/users",),
                self.add_named,
                Permission.PEOPLE_WRITE,
                "S",
                "The same, the device named in the body",
                added,
                adding,
            ),
            Route(
                "PUT",
                ("/devices/{device_id}/users/{user_id}",),
                self.replace,
                Permission.PEOPLE_WRITE,
                "P",
                "Write a user of a device anew",
                changed,
                REACHING,
            ),
            Route(
                "PATCH",
                ("/devices/{device_id}/users/{user_id}",),
                self.change,
                Permission.PEOPLE_WRITE,
                "P",
                "Change a part of a user of a device",
                changed,
                REACHING,
            ),
            Route(
                "DELETE",
                ("/devices/{device_id}/users/{user_id}",),
                self.remove,
                Permission.PEOPLE_WRITE,
                "P",
                "Remove a user from a device",
                (one(words.USER_REMOVED, WholeJob), LATER),
                REACHING,
            ),
        )


def _saved(job: Job) -> views.SavedUser:
    return views.SavedUser.of(result_of(job, UserDone), device_id=job.device_id)
