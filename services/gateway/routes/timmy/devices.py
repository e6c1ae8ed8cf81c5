"""/api: what a device does while the caller waits: enrols somebody, empties its log."""

from typing import Annotated, Any, Final

from fastapi import Depends
from starlette.responses import Response

from services.gateway.handlers.operations import OperationError
from services.gateway.handlers.operations import Operations as Asking
from services.gateway.handlers.serials import Serials
from services.gateway.routes.answers import Answer
from services.gateway.routes.bodies import Sent
from services.gateway.routes.envelopes import plain
from services.gateway.routes.examples import example_of
from services.gateway.routes.refusals import RefusalError
from services.gateway.routes.table import REACHING, Route, Visiting, Visitor
from services.gateway.routes.timmy.shapes.fields import Serial
from services.gateway.routes.timmy.shapes.people import Newcomer
from services.gateway.routes.timmy.views import operations as views
from shared.contracts.actions import Action, ClearLog
from shared.contracts.auth import Permission
from shared.contracts.errors import Code
from shared.contracts.operations import Job, LedgerEntry, Operate

_WAIT: Final = 25.0
"""Seconds after which a caller hears that it was sent, and no more."""


class Devices:
    """Endpoints of /api."""

    def __init__(self, serials: Serials, asking: Asking) -> None:
        self._serials = serials
        self._asking = asking

    async def add_user(
        self, who: Visiting, serial: Serial, body: Annotated[Newcomer, Depends(Sent(Newcomer))]
    ) -> Response:
        """Let a device enrol somebody; how that goes, the operation's ``enrollment`` tells."""
        return await self._sent(who, serial, body.asking())

    async def clean_log(self, who: Visiting, serial: Serial) -> Response:
        """Empty a device's log, once every record of it is stored; else 409."""
        return await self._sent(who, serial, ClearLog())

    async def _sent(self, who: Visitor, serial: str, action: Action) -> Response:
        device = await self._serials.find(who.token, serial)
        asked = Operate(device_id=device.id, action=action, wait=_WAIT)
        job = await self._asking.ask(who.token, asked)
        entry = await self._asking.entry(who.token, str(job.operation_id))
        if job.status == "failed":
            raise RefusalError(OperationError(job).problem, **_failed(job, entry))
        return plain(views.Sent.of(entry))

    def routes(self) -> tuple[Route, ...]:
        """Return the table of these routes."""
        added = {**example_of(views.Sent), "response": {"ret": "adduser", "result": True}}
        refusing = (Code.USER_TAKEN, Code.DEVICE_FULL, Code.ENROLMENT_FAILED)
        return (
            Route(
                "POST",
                ("/device/{sn}/add-user",),
                self.add_user,
                Permission.PEOPLE_WRITE,
                "S",
                "Add new user to a device",
                (Answer(200, views.Sent, added),),
                (*REACHING, *refusing),
            ),
            Route(
                "POST",
                ("/device/{sn}/clean-log",),
                self.clean_log,
                Permission.LOG_CLEAR,
                "S",
                "Clean all logs from a device",
                (Answer(200, views.Sent, example_of(views.Sent)),),
                (*REACHING, Code.UNRECEIPTED_RECORDS, Code.LOG_NOT_QUIET),
            ),
        )


def _failed(job: Job, entry: LedgerEntry) -> dict[str, Any]:
    """Return what is said of an operation that failed."""
    said: dict[str, Any] = views.Sent.of(entry).model_dump(by_alias=True, exclude={"success"})
    if job.problem and job.problem.code is Code.UNRECEIPTED_RECORDS:
        said["missing"] = job.progress.read - job.progress.receipted
    return said
