"""/api/v1: fingerprint templates: read into custody, written from it, copied, enrolled."""

from typing import Annotated

from fastapi import Depends, Request
from starlette.responses import Response

from services.gateway.handlers.operations import Operations
from services.gateway.routes import words
from services.gateway.routes.answers import LATER, many, one
from services.gateway.routes.bodies import Sent, invalid
from services.gateway.routes.envelopes import listing, paging, success
from services.gateway.routes.shapes.fields import DeviceId, UserId
from services.gateway.routes.shapes.people import CopyTo, Enrolment
from services.gateway.routes.table import ASKING, QUEUING, REACHING, Route, Visiting
from services.gateway.routes.views import people as views
from services.gateway.routes.views.jobs import Job as WholeJob
from services.gateway.routes.views.jobs import QueuedJob
from services.gateway.routes.zkteco.waiting import finished
from shared.contracts import catalog, devices, operations
from shared.contracts.actions import Enroll, ReadTemplates, WriteTemplates
from shared.contracts.auth import Permission
from shared.contracts.errors import Code, FieldProblem
from shared.kit.bus import Bus
from shared.kit.rpc import ask


class Templates:
    """Endpoints of /api/v1; a template itself never leaves custody over HTTP."""

    def __init__(self, bus: Bus, operations: Operations) -> None:
        self._bus = bus
        self._operations = operations

    async def kept(
        self, request: Request, who: Visiting, device_id: DeviceId, user_id: UserId
    ) -> Response:
        """List which of a person's templates are in custody."""
        asked = devices.ListTemplates(device_id=device_id, user_id=user_id)
        found = await ask(
            self._bus, catalog.LIST_TEMPLATES, asked, devices.TemplatesKept, token=who.token
        )
        items = [views.TemplateKept.of(each) for each in found.items]
        where = paging(1, max(len(items), 1), len(items))
        return listing(request, words.TEMPLATES, items, where)

    async def read(
        self, request: Request, who: Visiting, device_id: DeviceId, user_id: UserId
    ) -> Response:
        """Read a person's templates from a device into custody."""
        job = await self._operations.run(who.token, device_id, ReadTemplates(user_id=user_id))
        return finished(request, job, words.TEMPLATES_READ, WholeJob.whole)

    async def write(
        self, request: Request, who: Visiting, device_id: DeviceId, user_id: UserId
    ) -> Response:
        """Write a person's templates from custody to a device, where the person must be."""
        job = await self._operations.run(who.token, device_id, WriteTemplates(user_id=user_id))
        return finished(request, job, words.TEMPLATES_WRITTEN, WholeJob.whole)

    async def copy(
        self,
        request: Request,
        who: Visiting,
        device_id: DeviceId,
        user_id: UserId,
        body: Annotated[CopyTo, Depends(Sent(CopyTo))],
    ) -> Response:
        """Copy a person's templates from one device to another."""
        if body.target_device_id == device_id:
            problem = "must be another device than the one that is read"
            raise invalid((FieldProblem(field="target_device_id", problem=problem),))
        asked = operations.CopyTemplates(
            device_id=device_id, target_id=body.target_device_id, user_id=user_id
        )
        job = await ask(self._bus, catalog.COPY_TEMPLATES, asked, operations.Job, token=who.token)
        return success(request, words.JOB_QUEUED, QueuedJob.started(job), 202)

    async def enroll(
        self,
        request: Request,
        who: Visiting,
        device_id: DeviceId,
        user_id: UserId,
        body: Annotated[Enrolment, Depends(Sent(Enrolment))],
    ) -> Response:
        """Let a person lay a finger on a device; the job tells how many samples it has."""
        action = Enroll(user_id=user_id, finger=body.finger)
        job = await self._operations.start(who.token, device_id, action)
        return success(request, words.JOB_QUEUED, QueuedJob.started(job), 202)

    def routes(self) -> tuple[Route, ...]:
        """Return the table of these routes."""
        person = "/devices/{device_id}/users/{user_id}"
        return (
            Route(
                "GET",
                (f"{person}/templates",),
                self.kept,
                Permission.PEOPLE_READ,
                "I",
                "Which templates of a person are in custody",
                (many(words.TEMPLATES, views.TemplateKept),),
                (*ASKING, Code.NOT_FOUND),
            ),
            Route(
                "POST",
                (f"{person}/templates",),
                self.read,
                Permission.PEOPLE_WRITE,
                "I",
                "Read a person's templates from the device into custody",
                (one(words.TEMPLATES_READ, WholeJob), LATER),
                REACHING,
            ),
            Route(
                "POST",
                (f"{person}/templates/write",),
                self.write,
                Permission.PEOPLE_WRITE,
                "I",
                "Write a person's templates from custody to the device",
                (one(words.TEMPLATES_WRITTEN, WholeJob), LATER),
                (*REACHING, Code.DEVICE_FULL),
            ),
            Route(
                "POST",
                (f"{person}/templates/copy",),
                self.copy,
                Permission.PEOPLE_WRITE,
                "I",
                "Copy a person's templates to another device",
                (LATER,),
                QUEUING,
            ),
            Route(
                "POST",
                (f"{person}/enroll",),
                self.enroll,
                Permission.PEOPLE_WRITE,
                "I",
                "Enrol a finger at the device",
                (LATER,),
                QUEUING,
            ),
        )
