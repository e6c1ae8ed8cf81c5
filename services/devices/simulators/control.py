"""The fleet control: HTTP on loopback to look behind a terminal's face and to make it misbehave."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fastapi import Body, Depends, FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse

from services.devices.simulators import views
from services.devices.simulators.bodies import (
    BacklogBody,
    DoorBody,
    FaultBody,
    FingerBody,
    PunchBody,
    RecordBody,
    UserBody,
)
from services.devices.simulators.machine import DisabledError, InputError, NobodyEnrolsError
from services.devices.simulators.timmy.enrolling import Asked
from services.devices.simulators.timmy.terminal import TimmyTerminal
from services.devices.simulators.zk.server import ZkServer

if TYPE_CHECKING:
    from services.devices.simulators.fleet import Fleet


def _server(request: Request, serial: str) -> ZkServer | TimmyTerminal:
    fleet: Fleet = request.app.state.fleet
    found = fleet.find(serial)
    if found is None:
        raise HTTPException(404, f"no device {serial}; GET /devices lists them")
    return found


_Server = Annotated[ZkServer | TimmyTerminal, Depends(_server)]


def _terminal(server: _Server) -> TimmyTerminal:
    if not isinstance(server, TimmyTerminal):
        serial = server.device.spec.serial
        raise HTTPException(404, f"{serial} speaks another dialect: only timmy has this")
    return server


_Terminal = Annotated[TimmyTerminal, Depends(_terminal)]
_Punch = Annotated[PunchBody, Body()]
_Backlog = Annotated[BacklogBody, Body()]
_Record = Annotated[RecordBody, Body()]
_Finger = Annotated[FingerBody, Body()]
_Fault = Annotated[FaultBody, Body()]
_Door = Annotated[DoorBody, Body()]
_User = Annotated[UserBody, Body()]


def build(fleet: Fleet) -> FastAPI:
    """Return the control. Errors are `{error, message}`, and `field` where the input was bad."""
    app = FastAPI(title="muster fleet control")
    app.state.fleet = fleet
    app.exception_handler(RequestValidationError)(_bad_input)
    app.exception_handler(HTTPException)(_refused)
    app.exception_handler(InputError)(_wrong_input)
    app.exception_handler(DisabledError)(_disabled)
    app.exception_handler(NobodyEnrolsError)(_nobody_enrols)
    app.get("/devices")(list_devices)
    app.get("/devices/{serial}")(show_device)
    app.get("/devices/{serial}/truth")(show_truth)
    app.get("/devices/{serial}/users")(show_users)
    app.get("/devices/{serial}/unlocks")(show_unlocks)
    app.post("/devices/{serial}/punch")(punch)
    app.post("/devices/{serial}/backlog")(backlog)
    app.post("/devices/{serial}/record")(record)
    app.post("/devices/{serial}/finger")(finger)
    app.post("/devices/{serial}/fault")(fault)
    app.post("/devices/{serial}/stranger")(stranger)
    app.post("/devices/{serial}/door")(door)
    app.post("/devices/{serial}/users")(enrol)
    return app


# The handlers are coroutines although they await nothing: FastAPI would run plain functions in
# threads, and the devices belong to the event loop.


async def list_devices(request: Request) -> JSONResponse:
    """Show every device: where it is, what it holds, what happened to it."""
    fleet: Fleet = request.app.state.fleet
    return JSONResponse([views.terminal(server) for server in fleet])


async def show_device(server: _Server) -> JSONResponse:
    """Show one device."""
    return JSONResponse(views.terminal(server))


async def show_truth(server: _Server) -> JSONResponse:
    """Show every punch the device ever accepted, in order."""
    return JSONResponse([punch.entry() for punch in server.device.truth.punches])


async def show_users(server: _Server) -> JSONResponse:
    """Show everybody whom the device knows, as it holds them, and which fingers are enrolled."""
    return JSONResponse(views.users(server))


async def show_unlocks(server: _Server) -> JSONResponse:
    """Show when the door relay was switched, with the delay or the door as it was sent."""
    return JSONResponse(views.unlocks(server))


async def punch(server: _Server, body: _Punch) -> JSONResponse:
    """Let a person punch now and return its truth; 409 while a client has disabled the device."""
    return JSONResponse(server.punch(body.user_id, body.state).entry())


async def backlog(server: _Server, body: _Backlog) -> JSONResponse:
    """Add punches to the log without any event; returns how many the device holds now.

    A terminal that dials hands them over in batches.
    """
    server.backlog(body.records)
    return JSONResponse(views.terminal(server))


async def record(server: _Server, body: _Record) -> JSONResponse:
    """Add a record with a wall-clock time of the caller's, without any event; returns its truth.

    A terminal that dials hands it over.
    """
    added = server.record(body.user_id, body.device_time, body.state, body.verify)
    return JSONResponse(added.entry())


async def finger(server: _Server, body: _Finger) -> JSONResponse:
    """Lay a finger on the sensor; 409 while no client enrols anybody."""
    server.lay(body.results)
    return JSONResponse(views.terminal(server))


async def fault(server: _Server, body: _Fault) -> JSONResponse:
    """Put a fault in force, or heal the device with `none`."""
    await server.set_fault(body.kind, body.after or body.number)
    return JSONResponse(views.terminal(server))


async def stranger(terminal: _Terminal) -> JSONResponse:
    """Let a face that nobody knows look into the camera; returns the record's truth."""
    return JSONResponse(terminal.stranger().entry())


async def door(terminal: _Terminal, body: _Door) -> JSONResponse:
    """Let the door report an event; returns the record's truth."""
    return JSONResponse(terminal.door(body.event).entry())


async def enrol(terminal: _Terminal, body: _User) -> JSONResponse:
    """Let somebody enrol at the keypad; returns everybody whom the device knows then."""
    terminal.enrol(Asked(body.user_id, body.slot, body.name, body.admin))
    return JSONResponse(views.users(terminal))


async def _bad_input(_: Request, problem: RequestValidationError) -> JSONResponse:
    first = problem.errors()[0]
    field = ".".join(str(part) for part in first["loc"][1:]) or "body"
    answer = {"error": "bad_input", "field": field, "message": f"{field}: {first['msg']}"}
    return JSONResponse(answer, 400)


async def _wrong_input(_: Request, problem: InputError) -> JSONResponse:
    answer = {"error": "bad_input", "field": problem.field, "message": str(problem)}
    return JSONResponse(answer, 400)


async def _refused(_: Request, problem: HTTPException) -> JSONResponse:
    answer = {"error": "unknown_device", "message": problem.detail}
    return JSONResponse(answer, problem.status_code)


async def _disabled(_: Request, problem: DisabledError) -> JSONResponse:
    return JSONResponse({"error": "device_disabled", "message": str(problem)}, 409)


async def _nobody_enrols(_: Request, problem: NobodyEnrolsError) -> JSONResponse:
    return JSONResponse({"error": "nobody_enrols", "message": str(problem)}, 409)
